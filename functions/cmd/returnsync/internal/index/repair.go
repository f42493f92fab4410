package index

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

const repairHelp = `repair compares as verify does and corrects only the differences: a job syncs the roots
concerned, sends the records that differ in the index or the ledger, and deletes those
that are not in the source. With --deep it restores an index that was emptied or edited
by hand, and removes records whose rows were deleted without a trace.

The functions do the work, next to the syncs. Afterwards verify should find no
difference; with --wait repair checks that itself. --dry-run prints what it would do
and how many operations of the index that costs.`

// repairOptions are the flags.
type repairOptions struct {
	VerifyOptions
	cli.Wait
	dryRun bool
}

// job returns the options of the job that is started.
func (o repairOptions) job() cli.JobOptions { return cli.JobOptions{Wait: o.Wait, JSON: o.json} }

// repairCmd is the command that corrects differences.
func repairCmd(a *cli.App) *cobra.Command {
	var o repairOptions
	cmd := &cobra.Command{
		Use:         "repair",
		Short:       "Compare, and correct only the differences",
		Long:        repairHelp,
		Annotations: cli.Failure(cli.Attention("with --dry-run something differs"), "with --wait something still differs"),
		Example: `  returnsync repair --deep --dry-run
  returnsync repair --deep --wait
  returnsync repair --entity returns --account acme`,
		Args: cli.Args,
		RunE: a.Run(func(ctx context.Context, s *cli.Session, _ []string) error { return runRepair(ctx, s, o) }),
	}
	f := cmd.Flags()
	f.BoolVar(&o.dryRun, "dry-run", false, "only print what it would do and cost")
	o.Add(f, 24*time.Hour)
	o.add(f)
	cli.AddSettings(f, cli.OnSync)
	return cmd
}

// runRepair compares, and has the differences corrected.
func runRepair(ctx context.Context, s *cli.Session, o repairOptions) error {
	found, err := findRepairs(ctx, s, &o)
	if err != nil {
		return err
	}
	if !o.json {
		if err := printReports(s.Out, found.reports); err != nil {
			return err
		}
	}
	if o.dryRun || o.json && len(found.all) == 0 {
		if err := countUnreadable(ctx, s, found.all); err != nil {
			return err
		}
		return printCosts(s, found.costs(), o.json)
	}
	return found.start(func(c *operate.Correction) error {
		db, err := s.Tables(ctx)
		if err != nil {
			return err
		}
		j, err := operate.Acts{Store: db}.Repair(ctx, s.Actor(), c)
		if err != nil {
			return err
		}
		return followRepair(ctx, s, db, j, o)
	})
}

// repairQuietly repairs as a part of a greater act, without an audit row of its own, and
// returns how many differences there were.
func repairQuietly(ctx context.Context, s *cli.Session, o repairOptions) (int64, error) {
	found, err := findRepairs(ctx, s, &o)
	if err != nil {
		return 0, err
	}
	var n int64
	for _, r := range found.reports {
		n += r.Total()
	}
	return n, found.start(func(c *operate.Correction) error {
		j, err := c.Start(ctx)
		if err != nil {
			return err
		}
		db, err := s.Tables(ctx)
		if err != nil {
			return err
		}
		return followRepair(ctx, s, db, j, o)
	})
}

// found is the result of a comparison: the reports, and by entity what is to be repaired.
type found struct {
	reports []verify.Report
	all     map[string]*operate.Correction
}

// findRepairs compares and gathers the differences.
func findRepairs(ctx context.Context, s *cli.Session, o *repairOptions) (found, error) {
	f := found{all: map[string]*operate.Correction{}}
	o.Each = func(d entity.Definition, diff verify.Difference) error {
		c := f.all[d.Name]
		if c == nil {
			c = &operate.Correction{Def: d}
			if !o.dryRun {
				c.Open = openRepair(s)
			}
			f.all[d.Name] = c
		}
		return c.Add(ctx, diff)
	}
	o.pending = o.Each // the next tick would not send these: the ledger is right about them
	o.dry = o.dryRun
	var err error
	f.reports, err = Compare(ctx, s, o.VerifyOptions)
	return f, err
}

// openRepair begins jobs over our own tables, which it opens when there is a difference.
func openRepair(s *cli.Session) func(context.Context, entity.Definition) (*rework.Repairs, error) {
	return func(ctx context.Context, d entity.Definition) (*rework.Repairs, error) {
		db, err := s.Tables(ctx)
		if err != nil {
			return nil, err
		}
		return operate.Acts{Store: db}.OpenRepair("returnsync repair")(ctx, d)
	}
}

// start starts the jobs in the order of their entities, one after the other if they are
// waited for.
func (f found) start(one func(*operate.Correction) error) error {
	for _, name := range slices.Sorted(maps.Keys(f.all)) {
		if err := one(f.all[name]); err != nil {
			return err
		}
	}
	return nil
}

// costs adds up what the repairs cost.
func (f found) costs() []RepairCost {
	costs := make([]RepairCost, len(f.reports))
	for i, report := range f.reports {
		costs[i] = RepairCost{Report: report}
		if r := f.all[report.Entity]; r != nil {
			costs[i].Operations, costs[i].Roots = r.Operations(), r.Roots()
		}
	}
	return costs
}

// RepairCost is a comparison and the cost of its repair.
type RepairCost struct {
	verify.Report
	Operations int64 `json:"operations"`
	Roots      int   `json:"rootsToSync"`
}

// printCosts prints what a repair would do.
func printCosts(s *cli.Session, costs []RepairCost, asJSON bool) error {
	clean := true
	for _, c := range costs {
		clean = clean && c.Roots == 0
		if !asJSON && c.Roots > 0 {
			_, _ = fmt.Fprintf(s.Out, "%s: repair would sync %d roots and cost %d operations\n", c.Entity, c.Roots, c.Operations)
		}
	}
	if asJSON {
		if err := cli.JSON(s.Out, costs); err != nil {
			return err
		}
	}
	if !clean {
		return cli.ErrAttention
	}
	return nil
}

// countUnreadable adds the records of roots with unreadable ledger rows to the costs.
func countUnreadable(ctx context.Context, s *cli.Session, all map[string]*operate.Correction) error {
	if len(all) == 0 {
		return nil
	}
	d, err := s.Configure(ctx, true)
	if err != nil {
		return err
	}
	src, err := s.Env.Source(d.Wired())
	if err != nil {
		return err
	}
	for _, c := range all {
		if err := c.CountUnreadable(ctx, src); err != nil {
			return err
		}
	}
	return nil
}

// followRepair has a job begun and, if asked to, waits and compares again.
func followRepair(ctx context.Context, s *cli.Session, db *store.DB, j rework.Job, o repairOptions) error {
	if err := s.Launch(ctx, db, j, o.job()); err != nil || !o.Wait.Wait {
		return err
	}
	o.entity, o.Each, o.pending = cmp.Or(o.entity, j.Entity), nil, nil
	reports, err := Compare(ctx, s, o.VerifyOptions)
	if err != nil {
		return err
	}
	for _, report := range reports {
		_, _ = fmt.Fprintf(s.Err, "compared again: %v\n", report)
		if !report.Clean() {
			return fmt.Errorf("%s still differs after its repair: %v; did another program change the index meanwhile?", report.Entity, report)
		}
	}
	_, err = checkIndices(ctx, s, o.entity)
	return err
}
