package jobs

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// dropOptions are the flags.
type dropOptions struct {
	entity string
	yes    bool
}

// parkedDropCmd is the command that removes parked records from the list.
func parkedDropCmd(a *cli.App) *cobra.Command {
	var o dropOptions
	cmd := &cobra.Command{
		Use: "drop ID... --yes", Short: "Remove parked records from the list", Args: cli.Args,
		Long: `drop removes records from the list that nobody is going to correct. The refused
version stays out of the index. When a row changes, its record is sent again; if it
is refused again, it is back on the list. If one of the ids is not parked, nothing
is done.`,
		Example: "  returnsync parked drop R681-1589 --yes",
		RunE:    a.Run(func(ctx context.Context, s *cli.Session, args []string) error { return dropParked(ctx, s, args, o) }),
	}
	entityFlag(cmd.Flags(), &o.entity)
	cmd.Flags().BoolVar(&o.yes, "yes", false, "do it; without --yes drop only prints what it would do")
	return cmd
}

// dropParked removes records from the list: all that are named, or none.
func dropParked(ctx context.Context, s *cli.Session, ids []string, o dropOptions) error {
	_, db, entities, err := s.LiveTables(ctx, false, o.entity)
	if err != nil {
		return err
	}
	list, err := operate.FindParked(ctx, db, entities, ids)
	if err != nil {
		return err
	}
	for _, p := range list {
		name := target.Parse(p.Def.Name).Base
		if !o.yes {
			_, _ = fmt.Fprintf(s.Out, "%s: would be taken off the list: %s\n", name, cli.OneLine(strings.Join(p.IDs(), ", ")))
			continue
		}
		n, err := operate.Acts{Store: db}.DropParked(ctx, s.Actor(), p)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(s.Out, "%s: %d records are off the list; they come back only when their rows change and are refused again\n", name, n)
	}
	if !o.yes {
		return errors.New("nothing was done: say --yes to do it")
	}
	return nil
}
