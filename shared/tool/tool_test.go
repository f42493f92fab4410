package tool

import (
	"slices"
	"strings"
	"testing"
)

func TestFindOnThisMachine(t *testing.T) {
	if got := find("no-such-program", "go"); !strings.HasSuffix(got, "go") {
		t.Errorf("find = %q; want the go command", got)
	}
	if got := find("no-such-program"); got != "" {
		t.Errorf("find = %q; want nothing", got)
	}
}

func TestDistributions(t *testing.T) {
	for text, want := range map[string]string{
		"NAME=x\nID=debian\n": "debian", "ID=\"debian\"\n": "debian", "ID_LIKE=debian\nID=ubuntu\n": "ubuntu debian",
		"ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n": "rocky rhel centos fedora", "VERSION_ID=debian\n": "", "": "",
	} {
		if got := (Machine{Release: text}).Distributions(); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%q: %q; want %q", text, got, want)
		}
	}
}
