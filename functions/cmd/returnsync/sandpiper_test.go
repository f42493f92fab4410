package main

import (
	"slices"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
)

// TestSandpiperIsASecondName reads the owner's command line literally.
func TestSandpiperIsASecondName(t *testing.T) {
	for name, want := range map[string][]string{
		"/usr/bin/sandpiper": {"exchange", "sync", "--sub", "acme-rotors", "--noupdate"}, "sandpiper.exe": {"exchange", "sync", "--sub", "acme-rotors", "--noupdate"},
		"/opt/returnsync": {"sync", "--sub", "acme-rotors", "--noupdate"},
	} {
		if got := arguments([]string{name, "sync", "--sub", "acme-rotors", "--noupdate"}); !slices.Equal(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	cmd, rest, err := newRoot(cli.Deps{}).Find(arguments([]string{"sandpiper", "sync", "--sub", "acme-rotors", "--noupdate"}))
	if err != nil || cmd.CommandPath() != "returnsync exchange sync" {
		t.Fatalf("%s, %v", cmd.CommandPath(), err)
	}
	if err := cmd.ParseFlags(rest); err != nil {
		t.Error(err)
	}
}
