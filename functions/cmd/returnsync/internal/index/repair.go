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
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/join"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
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
		for _, r := range found.all {
			if err := countUnreadable(ctx, s, r); err != nil {
				return err
			}
		}
		return printCosts(s, found.costs(), o.json)
	}
	return found.start(func(r *repair) error {
		var j rework.Job
		entry := audit.Entry{Action: operate.Repair, Object: r.def.Name, Old: fmt.Sprintf("%d roots differ", len(r.roots))}
		err := s.Audited(ctx, audit.New(r.store.Pool()), entry, func(entry *audit.Entry) (err error) {
			j, err = r.repairs.Start(ctx)
			entry.New = j.String()
			return err
		})
		if err != nil {
			return err
		}
		return followRepair(ctx, s, r, j, o)
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
	return n, found.start(func(r *repair) error {
		j, err := r.repairs.Start(ctx)
		if err != nil {
			return err
		}
		return followRepair(ctx, s, r, j, o)
	})
}

// found is the result of a comparison: the reports, and by entity what is to be repaired.
type found struct {
	reports []verify.Report
	all     map[string]*repair
}

// findRepairs compares and gathers the differences.
func findRepairs(ctx context.Context, s *cli.Session, o *repairOptions) (found, error) {
	f := found{all: map[string]*repair{}}
	o.Each = func(d entity.Definition, diff verify.Difference) error {
		r := f.all[d.Name]
		if r == nil {
			r = &repair{def: d, records: map[string]struct{}{}, roots: map[uint64]struct{}{}}
			f.all[d.Name] = r
		}
		return r.add(ctx, s, diff, o.dryRun)
	}
	o.pending = o.Each // the next tick would not send these: the ledger is right about them
	o.dry = o.dryRun
	var err error
	f.reports, err = Compare(ctx, s, o.VerifyOptions)
	return f, err
}

// start starts the jobs in the order of their entities, one after the other if they are
// waited for.
func (f found) start(one func(*repair) error) error {
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
			costs[i].Operations, costs[i].Roots = int64(len(r.records)), len(r.roots)
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

// repair is what is to be repaired of one entity.
type repair struct {
	def     entity.Definition
	repairs *rework.Repairs // nil in a dry run
	store   *store.DB
	records map[string]struct{} // each costs one operation, however many differences name it
	roots   map[uint64]struct{}
	// unreadable are the roots with unreadable ledger rows: all their records are sent.
	unreadable []uint64
}

// add adds one difference. A record that differs in the index is sent whatever the ledger
// says; a difference in the ledger is corrected when its root is synced.
func (r *repair) add(ctx context.Context, s *cli.Session, diff verify.Difference, dry bool) error {
	r.roots[diff.Root] = struct{}{}
	if diff.Kind == verify.Unreadable {
		r.unreadable = append(r.unreadable, diff.Root)
	}
	if diff.ID != "" {
		r.records[diff.ID] = struct{}{}
	}
	if dry {
		return nil
	}
	if r.repairs == nil {
		if err := r.open(ctx, s); err != nil {
			return err
		}
	}
	switch {
	case diff.Kind == verify.Unreadable:
		return r.repairs.Forget(ctx, diff.Root)
	case diff.Where == verify.InIndex:
		return r.repairs.Add(ctx, diff.Root, diff.ID)
	}
	return r.repairs.Add(ctx, diff.Root)
}

// open opens the job.
func (r *repair) open(ctx context.Context, s *cli.Session) (err error) {
	if r.store, err = s.Tables(ctx); err != nil {
		return err
	}
	r.repairs, err = rework.NewRepairs(ctx, join.Repairs(r.store), r.def, run.Repair, "returnsync repair")
	return err
}

// countUnreadable adds the records of roots with unreadable ledger rows.
func countUnreadable(ctx context.Context, s *cli.Session, r *repair) error {
	if len(r.unreadable) == 0 {
		return nil
	}
	d, err := s.Configure(ctx, true)
	if err != nil {
		return err
	}
	src, err := s.Source(d.Wired())
	if err != nil {
		return err
	}
	const atOnce = 500
	for roots := range slices.Chunk(r.unreadable, atOnce) {
		rows, err := src.Rows(ctx, r.def, roots)
		if err != nil {
			return err
		}
		for _, one := range rows.Records {
			r.records[one.ID] = struct{}{}
		}
	}
	return nil
}

// followRepair has a job begun and, if asked to, waits and compares again.
func followRepair(ctx context.Context, s *cli.Session, r *repair, j rework.Job, o repairOptions) error {
	if err := s.Launch(ctx, r.store, j, o.job()); err != nil || !o.Wait.Wait {
		return err
	}
	o.entity, o.Each, o.pending = cmp.Or(o.entity, r.def.Name), nil, nil
	reports, err := Compare(ctx, s, o.VerifyOptions)
	if err != nil {
		return err
	}
	for _, report := range reports {
		_, _ = fmt.Fprintf(s.Err, "compared again: %v\n", report)
		if !report.Clean() {
			return fmt.Errorf("%s still differs after its repair: %v; was it changed by hand meanwhile?", report.Entity, report)
		}
	}
	_, err = checkIndices(ctx, s, o.entity)
	return err
}
