package cli

import (
	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

// Complete lets the shell complete --entity, by the definitions, and --severity, in a
// command and in all below it.
func Complete(cmd *cobra.Command) {
	for _, child := range cmd.Commands() {
		Complete(child)
	}
	if f := cmd.Flags().Lookup("entity"); f != nil {
		_ = cmd.RegisterFlagCompletionFunc(f.Name, entityNames)
	}
	if f := cmd.Flags().Lookup("severity"); f != nil {
		_ = cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions([]string{"info", "warning", "error"}, cobra.ShellCompDirectiveNoFileComp))
	}
}

// entityNames lists the definitions of --entities-dir and the embedded ones.
func entityNames(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	dir, _ := cmd.Flags().GetString("entities-dir")
	list, err := wire.Definitions{Dir: dir}.Load()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, d := range list {
		names = append(names, d.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
