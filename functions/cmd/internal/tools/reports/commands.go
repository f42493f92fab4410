package reports

import (
	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
)

// commands returns the commands of the wing.
func commands(a *cli.App) []*cobra.Command {
	return []*cobra.Command{cli.Group(&cobra.Command{
		Use:     "reports",
		Short:   "Set up the SYNC base of the reports",
		Example: "  returnsync reports base check",
	}, baseCmd(a))}
}
