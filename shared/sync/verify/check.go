package verify

import (
	"context"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// check is one comparison in progress.
type check struct {
	*Verifier
	def  entity.Definition
	opts Options

	mu      sync.Mutex
	report  Report
	pending map[uint64]bool
	parked  map[string]bool // ids that the ledger lists as parked; deep only
	wanted  *table          // the records that the index should hold; deep only
}

// newCheck returns a comparison that has not begun.
func newCheck(v *Verifier, d entity.Definition, o Options) *check {
	return &check{
		Verifier: v, def: d, opts: o, wanted: newTable(),
		report:  Report{Entity: d.Name, Deep: o.Deep, Range: o.Roots, Differences: []Difference{}},
		pending: map[uint64]bool{}, parked: map[string]bool{},
	}
}

// horizon is the time before which all changes have been synced.
type horizon struct {
	asOf  time.Time
	since time.Time // changes from here on belong to the next run
}

// horizon reads the horizon. See the package comment for the clock's part.
func (c *check) horizon(ctx context.Context) (horizon, error) {
	asOf, err := c.Claims.AsOf(ctx, c.def.JobType)
	if err != nil {
		return horizon{}, err
	}
	if asOf == nil {
		return horizon{}, fault.New(fault.Invalid, never, "%s has never been synced, so there is nothing to compare yet: sync it first", c.def.Name)
	}
	if c.def, err = c.formed(ctx, c.def); err != nil {
		return horizon{}, err
	}
	now, err := c.Roots.Now(ctx)
	if err != nil {
		return horizon{}, err
	}
	h := horizon{asOf: *asOf, since: *asOf}
	if now.Before(h.since) {
		h.since = now
	}
	h.since = h.since.Add(-c.def.Overlap)
	return h, nil
}

// mine reports whether records of a tenant are to be compared.
func (c *check) mine(account string) bool {
	return c.opts.Account == "" || account == c.opts.Account
}

// emit counts a difference and reports it.
func (c *check) emit(d Difference) error {
	if d.Where == InLedger {
		c.report.Ledger.add(d.Kind)
	} else {
		c.report.Index.add(d.Kind)
	}
	if len(c.report.Differences) < c.opts.List {
		c.report.Differences = append(c.report.Differences, d)
	}
	if c.opts.Each == nil {
		return nil
	}
	return c.opts.Each(d)
}

// progress reports the comparison's progress. The caller holds mu.
func (c *check) progress(stage string) {
	if c.opts.Progress != nil {
		c.opts.Progress(Progress{Stage: stage, Roots: c.report.Roots, Records: c.report.Records, Indexed: c.report.Indexed})
	}
}

// wait leaves a root to a later comparison.
func (c *check) wait(root uint64) {
	if !c.pending[root] {
		c.pending[root] = true
		c.report.Pending++
	}
}
