package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

const backfillHelp = `backfill syncs a range of history again: everything whose row changed in
[--from, --to). It counts and estimates first, then splits the range into chunks
of about 20,000 roots; each chunk is a run with pages and an account. Records
that are as they were pushed cost nothing.

The 15-minute sync goes on beside it, and where both meet, the newest content
wins. The pages go through a queue of their own, few at a time; --rate makes it
slower still. It is worked off by the functions: ending this command does not end
it, and one that is killed goes on by itself. See also: returnsync jobs.

Times are UTC: 2026-01-31, "2026-01-31 14:00:00" or RFC 3339. Without --from the
beginning of the entity's history is meant, without --to now.`

// backfillOptions are what the flags say.
type backfillOptions struct {
	entity, from, to string
	rate             int
	dryRun, json     bool
	wait             bool
	timeout          time.Duration
}

// backfill is the command that syncs history again.
func (a *app) backfill() *cobra.Command {
	var o backfillOptions
	cmd := &cobra.Command{
		Use:   "backfill",
		Short: "Sync a range of history again, beside the syncs",
		Long:  backfillHelp,
		Example: `  returnsync backfill --from 2026-01-01 --to 2026-02-01 --dry-run
  returnsync backfill --from 2026-01-01 --rate 200 --wait
  returnsync jobs pause 7`,
		Args: cobra.NoArgs,
		RunE: a.run(func(ctx context.Context, s *session, _ []string) error { return s.backfill(ctx, o) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.entity, "entity", "returns", "whose history")
	f.StringVar(&o.from, "from", "", "the beginning of the range")
	f.StringVar(&o.to, "to", "", "the end of the range, which does not belong to it")
	f.IntVar(&o.rate, "rate", 0, "at most this many roots (returns) a second; 0 is as fast as the queue lets it")
	f.BoolVar(&o.dryRun, "dry-run", false, "only say what it would be")
	f.BoolVar(&o.json, "json", false, "print JSON, for programs")
	f.BoolVar(&o.wait, "wait", false, "follow it until it has ended")
	f.DurationVar(&o.timeout, "timeout", 24*time.Hour, "how long to wait with --wait")
	addSettings(f, onSync)
	return cmd
}

// backfill estimates and, unless that was all, starts the job.
func (s *session) backfill(ctx context.Context, o backfillOptions) error {
	if o.rate < 0 {
		return fmt.Errorf("--rate is %d; want 1 or more, or 0 for no limit", o.rate)
	}
	var defs wire.Definitions
	var cfg flow.Config
	d, err := s.configure(ctx, need{source: true, targets: []any{&defs, &cfg}})
	if err != nil {
		return err
	}
	db, entities, err := s.live(ctx, d, defs, o.entity)
	if err != nil {
		return err
	}
	def := entities[0]
	src, err := s.Source(d.wired())
	if err != nil {
		return err
	}
	now, err := src.Now(ctx)
	if err != nil {
		return err
	}
	w, err := o.window(def, now)
	if err != nil {
		return err
	}
	e, err := rework.EstimateBackfill(ctx, db, src, def, w)
	if err != nil {
		return err
	}
	if err := s.printEstimate(ctx, db, o, cfg, estimated{Entity: def.Name, From: w.From, To: w.To, Estimate: e}); err != nil || o.dryRun {
		return err
	}
	var again bool
	j, err := operate.Acts{Store: db}.Backfill(ctx, s.actor(), def.Name, func() (j rework.Job, err error) {
		j, again, err = rework.NewBackfill(ctx, db, def, rework.Asked{Window: w, Rate: o.rate, Roots: e.Roots, By: "returnsync backfill"})
		return j, err
	})
	if err != nil {
		return err
	}
	if again {
		_, _ = fmt.Fprintf(s.log, "a backfill of this range is open already: job %d\n", j.ID)
	}
	return s.launch(ctx, db, j, jobOptions{wait: o.wait, json: o.json, timeout: o.timeout})
}

// window reads the range.
func (o backfillOptions) window(d entity.Definition, now time.Time) (window.Window, error) {
	w := window.Window{From: d.FirstFrom, To: now}
	var problems [2]error
	if o.from != "" {
		w.From, problems[0] = parseTime("--from", o.from)
	}
	if o.to != "" {
		w.To, problems[1] = parseTime("--to", o.to)
	}
	if err := errors.Join(problems[:]...); err != nil {
		return w, err
	}
	if w.Empty() {
		return w, fmt.Errorf("the range %v is empty: --to must be after --from", w)
	}
	return w, nil
}

// parseTime reads a time of a flag, in UTC.
func parseTime(flag, text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf(`%s is %q; want a date such as 2026-01-31, a time such as "2026-01-31 14:00:00" (UTC), or RFC 3339`, flag, text)
}

// estimated is an estimate for programs.
type estimated struct {
	Entity string    `json:"entity"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	rework.Estimate
	// Seconds is how long a rate makes it at least.
	Seconds int64 `json:"seconds,omitempty"`
	// Budget says when the operations may not suffice.
	Budget string `json:"budget,omitempty"`
}

// printEstimate prints what the backfill would be.
func (s *session) printEstimate(ctx context.Context, db *store.DB, o backfillOptions, cfg flow.Config, e estimated) error {
	if o.rate > 0 {
		e.Seconds = (e.Roots + int64(o.rate) - 1) / int64(o.rate)
	}
	budget, err := rework.ReadBudget(ctx, db, cfg)
	if err != nil {
		return err
	}
	budget.Day, budget.Month = budget.Day+e.Operations, budget.Month+e.Operations
	if used := budget.Used(100); used != "" {
		e.Budget = "with this backfill " + used + ": it will wait for the budget in between"
	}
	if o.json {
		if o.dryRun {
			return printJSON(s.out, e)
		}
		return nil
	}
	_, _ = fmt.Fprintf(s.out, "%s from %s to %s (UTC): %d roots, about %d records, about %d operations (judged by %d roots)\n",
		e.Entity, e.From.Format(clock), e.To.Format(clock), e.Roots, e.Records, e.Operations, e.Sampled)
	if e.Seconds > 0 {
		_, _ = fmt.Fprintf(s.out, "at %d roots a second it takes %s or more\n", o.rate, age(time.Duration(e.Seconds)*time.Second))
	}
	if e.Budget != "" {
		_, _ = fmt.Fprintln(s.out, e.Budget)
	}
	return nil
}
