package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// mayBeEmpty are the flags of which the empty text says something, or that refuse it in
// words of their own.
var mayBeEmpty = []string{"description", "output", "state"}

// refuseEmpty refuses a flag with the empty text, which is what a shell makes of a variable
// that is not set: without an entity, an account or a time a command would mean everything.
// A setting may be empty, which hides the environment's.
func refuseEmpty(cmd *cobra.Command) (err error) {
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		if err == nil && f.Changed && f.Value.Type() == "string" && f.Value.String() == "" && !slices.Contains(mayBeEmpty, f.Name) {
			err = fmt.Errorf("--%s is empty; want %s, or leave the flag out; see %s --help", f.Name, takes(f), cmd.CommandPath())
		}
	})
	return err
}
