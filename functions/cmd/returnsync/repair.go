package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

const repairHelp = `repair compares as verify does and mends what differs, and only that: a job syncs
the roots concerned, sends the records that the index or the ledger is wrong
about, and deletes those that the source does not have. A hand-emptied or
hand-edited index heals with --deep; rows that were deleted without a trace leave
the index.

It is worked off by the functions, beside the syncs. Afterwards verify should find
nothing; with --wait that is looked at. --dry-run says what it would do and how
many operations of the index it costs.

Exit codes: 0 nothing differs, or it was mended; 2 with --dry-run something
differs; 1 it failed.`

// repairOptions are what the flags say.
type repairOptions struct {
	verifyOptions
	dryRun, wait bool
	timeout      time.Duration
}

// repair is the command that mends differences.
func (a *app) repair() *cobra.Command {
	var o repairOptions
	cmd := &cobra.Command{
		Use:   "repair",
		Short: "Compare, and mend only what differs",
		Long:  repairHelp,
		Example: `  returnsync repair --deep --dry-run
  returnsync repair --deep --wait
  returnsync repair --entity returns --account acme`,
		Args: cobra.NoArgs,
		RunE: a.run(func(ctx context.Context, s *session, _ []string) error { return s.repair(ctx, o) }),
	}
	f := cmd.Flags()
	f.BoolVar(&o.dryRun, "dry-run", false, "only say what it would do and cost")
	f.BoolVar(&o.wait, "wait", false, "follow it until it has ended, and compare again")
	f.DurationVar(&o.timeout, "timeout", 24*time.Hour, "how long to wait with --wait")
	o.add(f)
	addSettings(f, onSync)
	return cmd
}

// repair compares, and has mended what differs.
func (s *session) repair(ctx context.Context, o repairOptions) error {
	reports, all, err := s.gatherRepairs(ctx, &o)
	if err != nil {
		return err
	}
	if !o.json {
		if err := printReports(s.out, reports); err != nil {
			return err
		}
	}
	if o.dryRun || o.json && len(all) == 0 {
		for _, m := range all {
			if err := s.countUnreadable(ctx, m); err != nil {
				return err
			}
		}
		return s.printCosts(costsOf(reports, all), o.json)
	}
	return s.startAudited(ctx, all, o)
}

// startAudited is startAll, audited as acts of the person who runs the command: one a job.
func (s *session) startAudited(ctx context.Context, all map[string]*mending, o repairOptions) error {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		m := all[name]
		var j rework.Job
		entry := audit.Entry{Action: operate.Repair, Object: m.def.Name, Old: fmt.Sprintf("%d roots differ", len(m.roots))}
		err := s.audited(ctx, audit.New(m.store.Pool()), entry, func(entry *audit.Entry) (err error) {
			j, err = m.repairs.Start(ctx)
			entry.New = j.String()
			return err
		})
		if err == nil {
			err = s.followMending(ctx, m, j, o)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// mendAll is repair without words: it returns how many differences there were.
func (s *session) mendAll(ctx context.Context, o repairOptions) (int64, error) {
	reports, all, err := s.gatherRepairs(ctx, &o)
	if err != nil {
		return 0, err
	}
	var found int64
	for _, r := range reports {
		found += r.Total()
	}
	return found, s.startAll(ctx, all, o)
}

// gatherRepairs compares and gathers, by entity, what is to be mended.
func (s *session) gatherRepairs(ctx context.Context, o *repairOptions) ([]verify.Report, map[string]*mending, error) {
	all := map[string]*mending{}
	o.each = func(d entity.Definition, diff verify.Difference) error {
		m := all[d.Name]
		if m == nil {
			m = newMending(d)
			all[d.Name] = m
		}
		return s.mend(ctx, m, diff, o.dryRun)
	}
	o.pending = o.each // the next tick would leave these out: the ledger is right about them
	o.dry = o.dryRun
	reports, err := s.compare(ctx, o.verifyOptions)
	return reports, all, err
}

// startAll lets the jobs run, one after the other if they are waited for.
func (s *session) startAll(ctx context.Context, all map[string]*mending, o repairOptions) error {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := s.startMending(ctx, all[name], o); err != nil {
			return err
		}
	}
	return nil
}

// costsOf adds up what mending costs.
func costsOf(reports []verify.Report, all map[string]*mending) []repairCost {
	costs := make([]repairCost, len(reports))
	for i, r := range reports {
		costs[i] = repairCost{Report: r}
		if m := all[r.Entity]; m != nil {
			costs[i].Operations, costs[i].Roots = int64(len(m.records)), len(m.roots)
		}
	}
	return costs
}

// repairCost is a comparison and what mending it would cost.
type repairCost struct {
	verify.Report
	Operations int64 `json:"operations"`
	Roots      int   `json:"rootsToSync"`
}

// printCosts prints what a repair would do.
func (s *session) printCosts(costs []repairCost, asJSON bool) error {
	clean := true
	for _, c := range costs {
		clean = clean && c.Roots == 0
		if !asJSON && c.Roots > 0 {
			_, _ = fmt.Fprintf(s.out, "%s: repair would sync %d roots and cost %d operations\n", c.Entity, c.Roots, c.Operations)
		}
	}
	if asJSON {
		if err := printJSON(s.out, costs); err != nil {
			return err
		}
	}
	if !clean {
		return errAttention
	}
	return nil
}

// mending is what is to be mended of one entity.
type mending struct {
	def     entity.Definition
	repairs *rework.Repairs // nil in a dry run
	store   *store.DB
	records map[string]struct{} // each costs one operation, however often it was named
	roots   map[uint64]struct{}
	// unreadable is the roots whose rows of the ledger cannot be read: all their
	// records are sent.
	unreadable []uint64
}

// newMending returns an empty mending.
func newMending(d entity.Definition) *mending {
	return &mending{def: d, records: map[string]struct{}{}, roots: map[uint64]struct{}{}}
}

// mend notes one difference. One in the index has its record sent whatever the
// ledger says; one in the ledger shows itself when its root is synced.
func (s *session) mend(ctx context.Context, m *mending, diff verify.Difference, dry bool) error {
	m.roots[diff.Root] = struct{}{}
	if diff.Kind == verify.Unreadable {
		m.unreadable = append(m.unreadable, diff.Root)
	}
	if diff.ID != "" {
		m.records[diff.ID] = struct{}{}
	}
	if dry {
		return nil
	}
	if m.repairs == nil {
		if err := s.openMending(ctx, m); err != nil {
			return err
		}
	}
	switch {
	case diff.Kind == verify.Unreadable:
		return m.repairs.Forget(ctx, diff.Root)
	case diff.Where == verify.InIndex:
		return m.repairs.Add(ctx, diff.Root, diff.ID)
	}
	return m.repairs.Add(ctx, diff.Root)
}

// countUnreadable adds the records that are sent because nobody can read what was
// pushed of their roots.
func (s *session) countUnreadable(ctx context.Context, m *mending) error {
	if len(m.unreadable) == 0 {
		return nil
	}
	d, err := s.configure(ctx, need{source: true})
	if err != nil {
		return err
	}
	src, err := s.Source(d.wired())
	if err != nil {
		return err
	}
	const atOnce = 500
	for roots := range slices.Chunk(m.unreadable, atOnce) {
		rows, err := src.Rows(ctx, m.def, roots)
		if err != nil {
			return err
		}
		for _, r := range rows.Records {
			m.records[r.ID] = struct{}{}
		}
	}
	return nil
}

// openMending begins the job.
func (s *session) openMending(ctx context.Context, m *mending) error {
	d, err := s.configure(ctx, need{})
	if err != nil {
		return err
	}
	if m.store, err = s.migrated(ctx, d); err != nil {
		return err
	}
	m.repairs, err = rework.NewRepairs(ctx, m.store, m.def, run.Repair, "returnsync repair")
	return err
}

// startMending lets the job run as a part of a greater act.
func (s *session) startMending(ctx context.Context, m *mending, o repairOptions) error {
	j, err := m.repairs.Start(ctx)
	if err != nil {
		return err
	}
	return s.followMending(ctx, m, j, o)
}

// followMending has a job begun and, if asked to, waits and compares again.
func (s *session) followMending(ctx context.Context, m *mending, j rework.Job, o repairOptions) error {
	if err := s.launch(ctx, m.store, j, jobOptions{wait: o.wait, json: o.json, timeout: o.timeout}); err != nil || !o.wait {
		return err
	}
	o.entity, o.each, o.pending = cmp.Or(o.entity, m.def.Name), nil, nil
	reports, err := s.compare(ctx, o.verifyOptions)
	if err != nil {
		return err
	}
	for _, r := range reports {
		_, _ = fmt.Fprintf(s.log, "compared again: %v\n", r)
		if !r.Clean() {
			return fmt.Errorf("%s still differs after its repair: %v; was it changed by hand meanwhile?", r.Entity, r)
		}
	}
	_, err = s.checkIndices(ctx, o.entity)
	return err
}
