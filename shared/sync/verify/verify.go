// Package verify finds every difference between the source, the ledger and the index,
// and reports nothing else.
//
// # How
//
// The first pass reads the source and the ledger in the order of the roots, a bounded
// number at a time, hashes each record as the pipeline does and joins the two: a root on
// which they disagree is a suspect. A record that the ledger lists as parked with its
// present content counts as parked.
//
// A deep comparison sums up, in the same pass, the records that the index should hold:
// for each slice (an account's records of a range of roots) their number and the sum of
// their hashes. A sum does not depend on the order, so the index is read once, in any
// order, and summed up likewise; equal slices need no more work. Only for unequal slices
// are names collected, on both sides, and compared. The hash is of canonical JSON: keys
// in order, numbers by their value, without the stamp.
//
// # No false alarm, no missed drift
//
// The pipeline works during a comparison, so a suspect is only a reason to read again.
// settle.go reads up to 500 roots again, in this order: the watermark W and the source's
// clock; the busy roots; the rows with their versions; the ledger; the index; the
// versions again; the changes since H; the busy roots again. H is the earlier of W and
// the clock, less the overlap. A root is pending, not drift, if it changed at H or
// later, its versions changed, or it is busy: unconfirmed, or on the change list of a
// run that has not closed.
//
// No false alarm. Let a root not be pending. (1) Every change of the root carries a
// stamp before H. It was committed before W, because the overlap exceeds the longest
// transaction, and so stood in the change list of a run that has closed as synced:
// windows meet and reach back by the overlap. (2) That run read the root after the
// change, wrote index and ledger, and closed only after the index had published its last
// task. (3) Which later run can have written the root? A run lists a root that changed
// in its window, which begins at H or later, so the changes since H show the root; or an
// unconfirmed root, which is busy until the page that confirms it ends, and then its run
// is busy until the index has published; unconfirmed roots are read before runs, so a
// root cannot move from one to the other unseen. A failed run does not wait for the
// index and counts as busy for another minute. (4) Backfills, repairs and single-record
// jobs list unchanged roots. Their roots are busy meanwhile, and they write the source's
// content. By (1) to (4) ledger and index hold the source's content, and a difference is
// drift. A clock that was set back moves H back, as it does the windows.
//
// No missed drift. A root that is not pending and differs when the pass reads it is a
// suspect, since hashes are cryptographic and their sums 256 bits wide, and the second
// reading compares whole records. Drift that appears behind the pass, and pending roots,
// belong to the next comparison. Parked records are not compared in the index, which may
// hold an older version of them.
//
// Where a definition has no rootField, a stranger in the index belongs to the root under
// which the ledger lists it. A stranger that the ledger does not list is judged only
// while no run works, because a page may have just deleted the record, and the index may
// not yet. With a rootField, a stranger without a usable root cannot come from the
// pipeline and is drift at once.
package verify

import (
	"cmp"
	"context"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Roots reads roots from the source.
type Roots interface {
	// Now returns the source's clock, in UTC.
	Now(ctx context.Context) (time.Time, error)
	// Roots returns the roots in a range, at most limit, in order.
	Roots(ctx context.Context, d entity.Definition, r source.Range, limit int) ([]uint64, error)
	// ChangedSince returns which of the roots changed at a time or later.
	ChangedSince(ctx context.Context, d entity.Definition, since time.Time, ids []uint64) (map[uint64]bool, error)
}

// Rows reads the source's records.
type Rows interface {
	// Rows returns the current records of the roots, from one moment.
	Rows(ctx context.Context, d entity.Definition, ids []uint64) (source.Rows, error)
	// Versions returns the roots' versions as they are now.
	Versions(ctx context.Context, d entity.Definition, ids []uint64) (map[uint64]uint64, error)
}

// Ledger reads the rows of what was last pushed.
type Ledger interface {
	// LedgerPage returns the rows of a range, at most limit, in order.
	LedgerPage(ctx context.Context, entity string, r source.Range, limit int) ([]store.PackedRow, error)
	// LedgerRows returns the rows of the roots.
	LedgerRows(ctx context.Context, entity string, roots []uint64) ([]store.PackedRow, error)
}

// Claims reads watermarks.
type Claims interface {
	// AsOf returns the watermark, nil before the first run.
	AsOf(ctx context.Context, jobType string) (*time.Time, error)
}

// Targets knows how the records of an entity's first target are written and hashed.
type Targets interface {
	// FirstDefinition returns the definition with that; d is the definition of the files.
	FirstDefinition(ctx context.Context, d entity.Definition) (entity.Definition, error)
}

// State reads the pipeline's progress.
type State interface {
	// Busy returns which of the roots are unconfirmed or in work.
	Busy(ctx context.Context, entity string, roots []uint64) (map[uint64]bool, error)
	// Working reports whether a run is in progress.
	Working(ctx context.Context, entity string) (bool, error)
}

// Index is the index under comparison.
type Index interface {
	// Browse calls each with every record of a part, as JSON.
	Browse(ctx context.Context, index string, p destination.Part, each func([]byte) error) error
	// Objects returns the records with these ids, by id.
	Objects(ctx context.Context, index string, ids []string) (map[string][]byte, error)
}

// Verifier compares. It is safe for concurrent use.
type Verifier struct {
	Roots   Roots
	Rows    Rows
	Ledger  Ledger
	State   State
	Claims  Claims
	Targets Targets
	Index   Index  // nil without a deep comparison
	names   uint64 // maxNames if 0
}

// formed returns a definition with the form and the secrets of the records that are
// there. A first sync makes these, so the caller's definition may be from before.
func (v *Verifier) formed(ctx context.Context, d entity.Definition) (entity.Definition, error) {
	if !target.Parse(d.Name).First() {
		return d, nil
	}
	return v.Targets.FirstDefinition(ctx, d)
}

// Options select the comparison.
type Options struct {
	// Account is the tenant whose records are compared; empty for all. Roots that are in
	// the ledger alone have no tenant and are compared in any case.
	Account string
	Deep    bool         // compare the index as well
	Roots   source.Range // the zero range means all
	// AtOnce is how many roots a worker reads at once, and Workers how many read, so that
	// the database and the hashing work in parallel; 0 means 1000 and 2. Memory grows with
	// both.
	AtOnce, Workers int
	Most            int // most roots to compare, 0 for all; Report.Range is the part that was covered
	List            int // most differences that the report names
	// Each, if set, is called with every difference, one at a time.
	Each func(Difference) error
	// Pending, if set, is called with every record of the index that differs although
	// the ledger agrees with the source, and whose root is pending. No later run
	// pushes such a record, so a repair has to name it.
	Pending func(Difference) error
	// Progress, if set, is called periodically, one call at a time.
	Progress func(Progress)
}

// Progress is a comparison's progress.
type Progress struct {
	Stage   string // what is being read: "source and ledger", "index", "differing slices"
	Roots   int64
	Records int64
	Indexed int64
}

// never is the code of a comparison before the first sync.
const never = "never-synced"

// NeverSynced reports whether an entity was never synced, so that there is nothing to
// compare.
func NeverSynced(err error) bool { return fault.CodeOf(err) == never }

// Run compares one entity. The report is complete even when differences were found; with
// an error it is not.
func (v *Verifier) Run(ctx context.Context, d entity.Definition, o Options) (Report, error) {
	o.AtOnce, o.Workers = cmp.Or(o.AtOnce, pageRoots), cmp.Or(o.Workers, workers)
	if o.Roots == (source.Range{}) {
		o.Roots = source.Every
	}
	c := newCheck(v, d, o)
	h, err := c.horizon(ctx)
	if err != nil {
		return c.report, err
	}
	c.report.AsOf = h.asOf
	if err := c.compareLedger(ctx); err != nil {
		return c.report, err
	}
	if o.Deep {
		if err := c.compareIndex(ctx); err != nil {
			return c.report, err
		}
	}
	return c.report, nil
}
