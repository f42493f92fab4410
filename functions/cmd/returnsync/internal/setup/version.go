package setup

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
)

// Version is the version that a build stamps with
// -ldflags "-X gitlab.com/eshopbox-team/return-sync/functions/cmd/returnsync/internal/setup.Version=v1.2.3";
// without the stamp the module's version is shown.
var Version string

// versionCmd is the command that prints the build.
func versionCmd(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, commit, time and Go version of this program",
		Long: `version prints the module's version (or the stamp of the build), the commit and its
time, and the version of Go, as far as the build recorded them.`,
		Example: "  returnsync version",
		Args:    cli.Args,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.Out, "returnsync", Built(debug.ReadBuildInfo()))
			return err
		},
	}
}

// Built returns the version, commit, time and Go version of a build.
func Built(info *debug.BuildInfo, ok bool) string {
	if !ok {
		return cmp.Or(Version, "unknown") + " " + runtime.Version()
	}
	recorded := map[string]string{}
	for _, s := range info.Settings {
		recorded[s.Key] = s.Value
	}
	text := cmp.Or(Version, info.Main.Version, "(devel)")
	if commit := recorded["vcs.revision"]; commit != "" {
		text += " commit " + commit
	}
	if at := recorded["vcs.time"]; at != "" {
		text += " of " + at
	}
	if recorded["vcs.modified"] == "true" {
		text += " with local changes"
	}
	return text + " " + info.GoVersion
}
