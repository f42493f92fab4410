package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// retryOptions are what the flags say.
type retryOptions struct {
	entity, reason string
	all, wait, yes bool
	timeout        time.Duration
}

// parkedRetry is the command that tries parked records again.
func (a *app) parkedRetry() *cobra.Command {
	var o retryOptions
	cmd := &cobra.Command{
		Use: "retry ID... | --all", Short: "Try parked records again now",
		Long: `retry sends parked records once more, whatever the ledger says: a job syncs their
roots, and of these sends only the records named. Those that are refused again
stay parked, with one more try. It is worked off by the functions.

Exit codes: 0 it was begun, or with --wait nothing of it is parked any more; 2 with
--wait some were refused again; 1 it failed.`,
		Example: `  returnsync parked retry R681-1589 R682-1591 --wait
  returnsync parked retry --all --reason TOO_LARGE`,
		RunE: a.run(func(ctx context.Context, s *session, args []string) error { return s.retryParked(ctx, args, o) }),
	}
	f := cmd.Flags()
	f.BoolVar(&o.all, "all", false, "all that is parked now")
	f.StringVar(&o.entity, "entity", "", "of this entity alone")
	f.StringVar(&o.reason, "reason", "", "with --all: for this reason alone, "+strings.Join(parkedReasons, ", "))
	f.BoolVar(&o.wait, "wait", false, "follow it until it has ended")
	f.DurationVar(&o.timeout, "timeout", time.Hour, "how long to wait with --wait")
	addSettings(f, onSync)
	return cmd
}

// parkedReasons are the reasons that --reason may name.
var parkedReasons = []string{store.TooLarge, store.Rejected, store.BadRow}

// check refuses what makes no sense.
func (o retryOptions) check(ids []string) error {
	switch {
	case o.all == (len(ids) > 0):
		return errors.New("name the records, or all of them by --all: see returnsync parked list")
	case o.reason != "" && !o.all:
		return errors.New("--reason goes with --all")
	case o.reason != "" && !slices.Contains(parkedReasons, o.reason):
		return fmt.Errorf("--reason is %q; want one of %s", o.reason, strings.Join(parkedReasons, ", "))
	case o.wait && o.timeout <= 0:
		return fmt.Errorf("--timeout is %v; want more than 0", o.timeout)
	}
	return nil
}

// retryParked has parked records sent again.
func (s *session) retryParked(ctx context.Context, ids []string, o retryOptions) error {
	if err := o.check(ids); err != nil {
		return err
	}
	_, db, entities, err := s.parkedIn(ctx, o.entity)
	if err != nil {
		return err
	}
	list, err := choose(ctx, db, entities, ids, o)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		_, err = fmt.Fprintln(s.out, "nothing is parked that this would retry")
		return err
	}
	var again int64
	for _, c := range list {
		left, err := s.retryChosen(ctx, db, c, o)
		if err != nil {
			return err
		}
		again += left
	}
	if again > 0 {
		return errAttention
	}
	return nil
}

// chosen is the parked records of an entity that a command is about.
type chosen struct {
	def     entity.Definition
	records ledger.Journal // their ids by root
}

// choose looks up what is meant: the entities of which something is. A record
// that is named and not parked is an error.
func choose(ctx context.Context, db *store.DB, entities entity.List, ids []string, o retryOptions) ([]*chosen, error) {
	var list []*chosen
	unknown := ids
	for _, d := range entities {
		c := &chosen{def: d, records: ledger.Journal{}}
		if err := c.choose(ctx, db, ids, o); err != nil {
			return nil, err
		}
		if len(c.records) == 0 {
			continue
		}
		list = append(list, c)
		mine := c.ids()
		unknown = slices.DeleteFunc(slices.Clone(unknown), func(id string) bool {
			_, ok := slices.BinarySearch(mine, id)
			return ok
		})
	}
	if len(unknown) > 0 {
		return nil, fmt.Errorf("not parked now: %s; see returnsync parked list", oneLine(strings.Join(unknown, ", ")))
	}
	return list, nil
}

// choose looks up what is meant of one entity.
func (c *chosen) choose(ctx context.Context, db *store.DB, ids []string, o retryOptions) (err error) {
	if !o.all {
		c.records, err = db.RootsOf(ctx, c.def.Name, ids)
		return err
	}
	return db.EachParked(ctx, c.def.Name, o.reason, func(list []store.Parked) error {
		for _, p := range list {
			c.records.Add(p.Root, p.ObjectID)
		}
		return nil
	})
}

// ids returns the ids that were chosen, in order.
func (c *chosen) ids() []string {
	var list []string
	for _, ids := range c.records {
		list = append(list, ids...)
	}
	slices.Sort(list)
	return list
}

// retryChosen starts the job, and with --wait returns how many were refused again.
func (s *session) retryChosen(ctx context.Context, db *store.DB, c *chosen, o retryOptions) (int64, error) {
	entry := audit.Entry{Object: target.Parse(c.def.Name).Base, Old: "parked: " + strings.Join(c.ids(), ", ")}
	j, _, err := operate.Acts{Store: db}.RetryParked(ctx, s.actor(), entry, func() (operate.Parked, error) { return operate.Parked{Def: c.def, Records: c.records}, nil })
	if err != nil {
		return 0, err
	}
	_, _ = fmt.Fprintf(s.out, "%s: %d parked records are tried again by job %d\n", target.Parse(c.def.Name).Base, len(c.ids()), j.ID)
	if err := s.launch(ctx, db, j, jobOptions{wait: o.wait, timeout: o.timeout}); err != nil || !o.wait {
		return 0, err
	}
	left, err := db.RootsOf(ctx, c.def.Name, c.ids())
	if err != nil {
		return 0, err
	}
	still := &chosen{def: c.def, records: left}
	if n := len(still.ids()); n > 0 {
		_, err = fmt.Fprintf(s.out, "%s: refused again: %d of them; why: returnsync parked list --entity %s\n", target.Parse(c.def.Name).Base, n, target.Parse(c.def.Name).Base)
		return int64(n), err
	}
	return 0, nil
}
