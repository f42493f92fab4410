package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

const backfillHelp = `backfill syncs a range of history again: all roots whose rows changed in
[--from, --to). It counts and estimates first, then splits the range into chunks of
about 20,000 roots; each chunk is a run with pages and an account. Unchanged records
cost no operation of the index.

The 15-minute sync continues meanwhile, and the newest content wins. The pages have a
queue of their own with few workers; --rate makes it slower still. The functions do
the work: the backfill continues when this command ends. See also: returnsync jobs.

Times are UTC: 2026-01-31, "2026-01-31 14:00:00" or RFC 3339. --from defaults to the
beginning of the entity's history, --to to now.`

// backfillOptions are the flags.
type backfillOptions struct {
	cli.JobOptions
	entity, from, to string
	rate             int
	dryRun           bool
}

// backfillCmd is the command that syncs history again.
func backfillCmd(a *cli.App) *cobra.Command {
	var o backfillOptions
	cmd := &cobra.Command{
		Use:         "backfill",
		Short:       "Sync a range of history again, next to the syncs",
		Long:        backfillHelp,
		Annotations: cli.Failure(map[string]string{}, "with --wait the job did not end done"),
		Example: `  returnsync backfill --from 2026-01-01 --to 2026-02-01 --dry-run
  returnsync backfill --from 2026-01-01 --rate 200 --wait
  returnsync jobs pause 7`,
		Args: cli.Args,
		RunE: a.Run(func(ctx context.Context, s *cli.Session, _ []string) error { return startBackfill(ctx, s, o) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.entity, "entity", "returns", "the entity whose history is synced")
	f.StringVar(&o.from, "from", "", "the beginning of the range")
	f.StringVar(&o.to, "to", "", "the end of the range, which is not part of it")
	f.IntVar(&o.rate, "rate", 0, "at most this many roots (returns) a second; 0 is as fast as the queue allows")
	f.BoolVar(&o.dryRun, "dry-run", false, "only print the estimate")
	cli.JSONFlag(f, &o.JSON)
	o.Add(f, 24*time.Hour)
	cli.AddSettings(f, cli.OnSync)
	return cmd
}

// startBackfill prints the estimate and, unless it is a dry run, opens the job.
func startBackfill(ctx context.Context, s *cli.Session, o backfillOptions) error {
	if o.rate < 0 {
		return fmt.Errorf("--rate is %d; want 1 or more, or 0 for no limit", o.rate)
	}
	var cfg flow.Config
	d, db, entities, err := s.LiveTables(ctx, true, o.entity, &cfg)
	if err != nil {
		return err
	}
	def := entities[0]
	src, err := s.Env.Source(d.Wired())
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
	e, err := operate.Acts{Store: db}.Estimate(ctx, src, cfg, def, rework.Asked{Window: w, Rate: o.rate})
	if err != nil {
		return err
	}
	if err := printEstimate(s, o, e); err != nil || o.dryRun {
		return err
	}
	var again bool
	j, err := operate.Acts{Store: db}.Backfill(ctx, s.Actor(), def.Name, func() (j rework.Job, err error) {
		j, again, err = rework.NewBackfill(ctx, db.Jobs, def, rework.Asked{Window: w, Rate: o.rate, Roots: e.Roots, By: "returnsync backfill"})
		return j, err
	})
	if err != nil {
		return err
	}
	if again {
		_, _ = fmt.Fprintf(s.Err, "a backfill of this range is open already: job %d\n", j.ID)
	}
	return s.Launch(ctx, db, j, o.JobOptions)
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
		return w, o.emptyRange(d, w)
	}
	return w, nil
}

// emptyRange says which end of an empty range is wrong, by the flags that were given.
func (o backfillOptions) emptyRange(d entity.Definition, w window.Window) error {
	from, to := w.From.UTC().Format(cli.Clock), w.To.UTC().Format(cli.Clock)
	switch {
	case o.to == "":
		return fmt.Errorf("--from %s (UTC) is not before now, which is %s (UTC) by the database's clock: name an earlier time", from, to)
	case o.from == "":
		return fmt.Errorf("--to %s (UTC) is not after %s (UTC), where the history of %s begins: name a later time", to, from, d.Name)
	}
	return fmt.Errorf("--to %s (UTC) is not after --from %s (UTC): the range is empty", to, from)
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

// printEstimate prints what the backfill would cost.
func printEstimate(s *cli.Session, o backfillOptions, e operate.Estimated) error {
	if o.JSON {
		if o.dryRun {
			return cli.JSON(s.Out, e)
		}
		return nil
	}
	_, _ = fmt.Fprintf(s.Out, "%s from %s to %s (UTC): %d roots, about %d records, about %d operations (estimated from %d roots)\n",
		e.Entity, e.From.Format(cli.Clock), e.To.Format(cli.Clock), e.Roots, e.Records, e.Operations, e.Sampled)
	if e.Seconds > 0 {
		_, _ = fmt.Fprintf(s.Out, "at %d roots a second this takes at least %s\n", o.rate, cli.Age(time.Duration(e.Seconds)*time.Second))
	}
	if e.Budget != "" {
		_, _ = fmt.Fprintln(s.Out, e.Budget)
	}
	return nil
}
