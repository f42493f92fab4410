package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is the command that says what this program was built from.
func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Say what this program was built from",
		Example: "  returnsync version",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.out, "returnsync", built(debug.ReadBuildInfo()))
			return err
		},
	}
}

// built says which version, commit and Go a build is of.
func built(info *debug.BuildInfo, ok bool) string {
	if !ok {
		return "unknown " + runtime.Version()
	}
	text := info.Main.Version
	if text == "" {
		text = "(devel)"
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			text += " commit " + s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			text += " with local changes"
		}
	}
	return text + " " + info.GoVersion
}
