package transfer

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	service "gitlab.com/eshopbox-team/return-sync/functions/internal/wings/transfer"
)

// check compares what a real studio answers with what the program expects.
func check(a *cli.App) *cobra.Command {
	var create, asJSON bool
	cmd := keyed(&cobra.Command{
		Use: "check", Args: cli.Args, Short: "Compare a real SQL Server and Odoo with what transfers expect",
		Long: `check runs every statement that transfers use on the studio's SQL Server, each in a
transaction that is rolled back, and says what differs: statements that fail, rights that
are missing, columns of other types, tables without a trigger, a clock that is apart. It
reads one record of each table; changes and deletions name an id that no record has. Of
each online model it reads one record.

With --create a record is made in each table, changed and deleted before the rollback.
Numbers of identity columns are used up, and triggers see it: use it on a copy first.`,
		Example:     "  returnsync transfers check --conf dadi.ini\n  returnsync transfers check --conf dadi.ini --create --json",
		Annotations: cli.Attention("something differs"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, keys := given(cmd)
			c, err := service.ReadSides(path, keys)
			if err != nil {
				return err
			}
			list, err := service.Check(cmd.Context(), c, create)
			if err != nil {
				return err
			}
			differ := 0
			for _, f := range list {
				if f.Differs {
					differ++
				}
			}
			if asJSON {
				err = cli.JSON(a.Out, list)
			} else {
				w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
				for _, f := range list {
					word := "ok"
					if f.Differs {
						word = "DIFFERS"
					}
					fmt.Fprintf(w, "%s\t%s\t%s\n", word, f.What, f.Detail)
				}
				if err = w.Flush(); err == nil {
					_, err = fmt.Fprintf(a.Out, "%d checked, %d differ.\n", len(list), differ)
				}
			}
			if err == nil && differ > 0 {
				err = cli.ErrAttention
			}
			return err
		},
	}, true)
	cmd.Flags().BoolVar(&create, "create", false, "also create a record in each table, before the rollback")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON")
	return cmd
}
