package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// retryOptions are the flags.
type retryOptions struct {
	cli.Wait
	entity, reason string
	all            bool
}

// parkedRetryCmd is the command that tries parked records again.
func parkedRetryCmd(a *cli.App) *cobra.Command {
	var o retryOptions
	cmd := &cobra.Command{
		Use: "retry ID... | --all", Short: "Send parked records again now",
		Long: `retry sends parked records once more, even if they have not changed: a job syncs
their roots and sends only the records named. Records that are refused again stay
parked. If one of the ids is not parked, nothing is done. The functions do the work.`,
		Annotations: cli.Attention("with --wait some records were refused again"),
		Example: `  returnsync parked retry R681-1589 R682-1591 --wait
  returnsync parked retry --all --reason TOO_LARGE`,
		RunE: a.Run(func(ctx context.Context, s *cli.Session, args []string) error { return retryParked(ctx, s, args, o) }),
	}
	f := cmd.Flags()
	f.BoolVar(&o.all, "all", false, "all records that are parked now")
	f.StringVar(&o.reason, "reason", "", "with --all: only records with this reason, "+strings.Join(parkedReasons, ", "))
	o.Add(f, time.Hour)
	entityFlag(f, &o.entity)
	cli.AddSettings(f, cli.OnSync)
	return cmd
}

// entityFlag adds --entity.
func entityFlag(f *pflag.FlagSet, into *string) {
	f.StringVar(into, "entity", "", "the records of this entity alone")
}

// parkedReasons are the reasons that --reason may name.
var parkedReasons = []string{store.TooLarge, store.Rejected, store.BadRow}

// check refuses flags that contradict each other.
func (o retryOptions) check(ids []string) error {
	switch {
	case o.all == (len(ids) > 0):
		return errors.New("name the records, or use --all: see returnsync parked list")
	case o.reason != "" && !o.all:
		return errors.New("--reason needs --all")
	case o.reason != "" && !slices.Contains(parkedReasons, o.reason):
		return fmt.Errorf("--reason is %q; want one of %s", o.reason, strings.Join(parkedReasons, ", "))
	}
	return o.Check()
}

// retryParked has parked records sent again.
func retryParked(ctx context.Context, s *cli.Session, ids []string, o retryOptions) error {
	if err := o.check(ids); err != nil {
		return err
	}
	_, db, entities, err := s.LiveTables(ctx, false, o.entity)
	if err != nil {
		return err
	}
	choose := func() ([]operate.Parked, error) { return operate.FindParked(ctx, db, entities, ids) }
	if o.all {
		choose = func() ([]operate.Parked, error) { return allParked(ctx, db, entities, o.reason) }
	}
	list, err := choose()
	if err != nil {
		return err
	}
	if len(list) == 0 {
		_, err = fmt.Fprintln(s.Out, "nothing to retry: no such record is parked")
		return err
	}
	refused := 0
	for _, p := range list {
		n, err := retry(ctx, s, db, p, o)
		if err != nil {
			return err
		}
		refused += n
	}
	if refused > 0 {
		return cli.ErrAttention
	}
	return nil
}

// allParked returns all parked records, of one reason if it is named.
func allParked(ctx context.Context, db *store.DB, entities entity.List, reason string) ([]operate.Parked, error) {
	var list []operate.Parked
	for _, d := range entities {
		records := ledger.Journal{}
		err := db.Parked.Each(ctx, d.Name, reason, func(part []store.Parked) error {
			for _, p := range part {
				records.Add(p.Root, p.ObjectID)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if len(records) > 0 {
			list = append(list, operate.Parked{Def: d, Records: records})
		}
	}
	return list, nil
}

// retry starts the job of one entity, and with --wait returns how many records were
// refused again.
func retry(ctx context.Context, s *cli.Session, db *store.DB, p operate.Parked, o retryOptions) (int, error) {
	name, ids := target.Parse(p.Def.Name).Base, p.IDs()
	j, err := operate.Acts{Store: db}.RetryParked(ctx, s.Actor(), p)
	if err != nil {
		return 0, err
	}
	_, _ = fmt.Fprintf(s.Out, "%s: %d parked records are tried again by job %d\n", name, len(ids), j.ID)
	if err := s.Launch(ctx, db, j, cli.JobOptions{Wait: o.Wait}); err != nil || !o.Wait.Wait {
		return 0, err
	}
	left, err := db.Parked.RootsOf(ctx, p.Def.Name, ids)
	if err != nil {
		return 0, err
	}
	n := len(operate.Parked{Records: left}.IDs())
	if n > 0 {
		_, _ = fmt.Fprintf(s.Out, "%s: refused again: %d of them; to see why: returnsync parked list --entity %s\n", name, n, name)
	}
	return n, nil
}
