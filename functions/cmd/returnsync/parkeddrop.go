package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// parkedDrop is the command that takes parked records off the list.
func (a *app) parkedDrop() *cobra.Command {
	var o retryOptions
	cmd := &cobra.Command{
		Use: "drop ID... --yes", Short: "Take parked records off the list", Args: cobra.MinimumNArgs(1),
		Long: `drop takes records off the list that nobody is going to mend. They stay out of the
index with the content that was refused. When a row changes, its record is sent
again; if it is refused again, it is back on the list.`,
		Example: "  returnsync parked drop R681-1589 --yes",
		RunE:    a.run(func(ctx context.Context, s *session, args []string) error { return s.dropParked(ctx, args, o) }),
	}
	cmd.Flags().StringVar(&o.entity, "entity", "", "of this entity alone")
	cmd.Flags().BoolVar(&o.yes, "yes", false, "do it; without it drop only says what it would do")
	return cmd
}

// dropParked takes records off the list: all that are named, or none.
func (s *session) dropParked(ctx context.Context, ids []string, o retryOptions) error {
	_, db, entities, err := s.parkedIn(ctx, o.entity)
	if err != nil {
		return err
	}
	list, err := choose(ctx, db, entities, ids, o)
	if err != nil {
		return err
	}
	for _, c := range list {
		name, mine := target.Parse(c.def.Name).Base, c.ids()
		if !o.yes {
			_, _ = fmt.Fprintf(s.out, "%s: would be taken off the list: %s\n", name, oneLine(strings.Join(mine, ", ")))
			continue
		}
		var n int64
		entry := audit.Entry{Action: operate.DropParked, Object: name, Old: "parked: " + strings.Join(mine, ", ")}
		err := s.audited(ctx, audit.New(db.Pool()), entry, func(entry *audit.Entry) (err error) {
			n, err = db.DropParked(ctx, c.def.Name, mine)
			entry.New = fmt.Sprintf("%d records are off the list", n)
			return err
		})
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(s.out, "%s: %d records are off the list; they come back only when their rows change and are refused again\n", name, n)
	}
	if !o.yes {
		return errors.New("nothing was done: say --yes to do it")
	}
	return nil
}
