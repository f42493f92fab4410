// Package verify finds every difference between the source, the ledger and the
// index, and names nothing else.
//
// # How
//
// The first pass reads the source and the ledger side by side, in the order of
// the roots and a bounded number at a time, hashes each record as the pipeline
// does and joins the two: a root on which they disagree is a suspect. A record
// that the ledger calls parked with the content that it has now is accounted as
// parked.
//
// A deep comparison adds up, in the same pass, what the index should hold: for
// each slice (an account's records of a range of roots) their number and the sum
// of their hashes. A sum does not depend on the order, so the index is read once
// as it comes and added up likewise; equal slices are done with. Only where they
// differ are names collected, on both sides, and compared. The hash is of
// canonical JSON: keys in order, numbers by their value, without the stamp.
//
// # No false alarm, no missed drift
//
// The pipeline works while this goes on, so a suspect is only a reason to look
// again. settle.go looks at up to 500 roots at a time, in this order: the
// watermark W and the source's clock; what is busy; the rows with their versions;
// the ledger; the index; the versions again; what changed since H; what is busy.
// H is the earlier of W and the clock, less the overlap. A root is pending, not
// drift, if it changed at H or later, its versions moved, or it is busy: in doubt,
// or on the change list of a run that has not closed.
//
// No false alarm. Let a root not be pending. (1) Every change of it carries a
// stamp before H. It was committed before W, because the overlap exceeds the
// longest transaction, and so stood in the change list of a run that has closed as
// synced: window ends meet and reach back by the overlap. (2) That run read it
// after the change, wrote index and ledger, and closed only after the index had
// published its last task. (3) Who could have touched it since? A run lists a root
// that changed in its window, which begins at H or later and would be seen in the
// changes; or one in doubt, which is busy until the page that settles the doubt
// ends, and then its run is busy until the index has published; doubts are read
// before runs, so the root cannot slip from one to the other unseen. A run that
// failed does not wait for the index and counts as busy for a minute more. (4)
// Backfills, repairs and single-record jobs list roots that have not changed. They
// are busy meanwhile, and what they write is what the source holds. So with (1)
// to (4) ledger and index hold what the source holds, and a difference is drift.
// A clock that was set back takes H along, as it does the windows.
//
// No missed drift. A root that is not pending and differs at the moment when the
// pass reads it is a suspect, since hashes are cryptographic and sums of them are
// 256 bits wide, and the second look judges whole records. Drift that appears
// behind the pass, and roots that were pending, are the next comparison's. Not
// judged in the index are parked records: it may hold an older state of them.
//
// Where a definition has no rootField, a stranger in the index belongs to the root
// under which the ledger knows it. One that the ledger does not know is judged
// only while no run is under way, for it may be a record that a page has just
// deleted and the index has not. With a rootField a stranger without a usable one
// cannot have come from the pipeline and is drift at once.
package verify

import (
	"context"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// Roots is what the source says about roots as such.
type Roots interface {
	// Now returns the source's clock, in UTC.
	Now(ctx context.Context) (time.Time, error)
	// Roots returns the roots in a range, at most limit, in order.
	Roots(ctx context.Context, d entity.Definition, r source.Range, limit int) ([]uint64, error)
	// ChangedSince returns which of the roots changed at a time or later.
	ChangedSince(ctx context.Context, d entity.Definition, since time.Time, ids []uint64) (map[uint64]bool, error)
}

// Rows is the source's records.
type Rows interface {
	// Rows returns the current records of the roots, from one moment.
	Rows(ctx context.Context, d entity.Definition, ids []uint64) (source.Rows, error)
	// Versions returns the roots' versions as they are now.
	Versions(ctx context.Context, d entity.Definition, ids []uint64) (map[uint64]uint64, error)
}

// Ledger is what was last pushed.
type Ledger interface {
	// LedgerPage returns the rows of a range, at most limit, in order.
	LedgerPage(ctx context.Context, entity string, r source.Range, limit int) ([]store.PackedRow, error)
	// LedgerRows returns the rows of the roots.
	LedgerRows(ctx context.Context, entity string, roots []uint64) ([]store.PackedRow, error)
}

// State is how far the pipeline has come.
type State interface {
	// AsOf returns the watermark, nil before the first run.
	AsOf(ctx context.Context, jobType string) (*time.Time, error)
	// Busy returns which of the roots are in doubt or under work.
	Busy(ctx context.Context, entity string, roots []uint64) (map[uint64]bool, error)
	// Working reports whether a run is under way.
	Working(ctx context.Context, entity string) (bool, error)
}

// Index is the index that is judged.
type Index interface {
	// Browse calls each with every record of a part, as JSON.
	Browse(ctx context.Context, index string, p destination.Part, each func([]byte) error) error
	// Objects returns the records with these ids, by id.
	Objects(ctx context.Context, index string, ids []string) (map[string][]byte, error)
}

// Verifier compares. It is safe for concurrent use.
type Verifier struct {
	Roots  Roots
	Rows   Rows
	Ledger Ledger
	State  State
	Index  Index  // nil if nobody asks for a deep comparison
	names  uint64 // maxNames if 0
}

// Options say what to compare.
type Options struct {
	// Account is the tenant whose records are compared; empty for all. What the
	// ledger alone knows has no tenant and is compared in any case.
	Account string
	Deep    bool         // the index as well
	Roots   source.Range // the zero range means all
	Most    int          // roots to compare at most, 0 for all; Report.Range says how far it came
	List    int          // differences that the report names at most
	// Each, if set, is called with every difference, one at a time.
	Each func(Difference) error
	// Pending, if set, is called with every record of the index that differs although
	// the ledger agrees with the source, and whose root is pending. No later run
	// pushes such a record, so a repair has to name it.
	Pending func(Difference) error
	// Progress, if set, is called now and then, one call at a time.
	Progress func(Progress)
}

// Progress is how far a comparison has come.
type Progress struct {
	Stage   string // what is being read: "source and ledger", "index", "differing slices"
	Roots   int64
	Records int64
	Indexed int64
}

// never is the code of a comparison before the first sync.
const never = "never-synced"

// NeverSynced reports whether a comparison found nothing to compare, because the
// entity has never been synced.
func NeverSynced(err error) bool { return fault.CodeOf(err) == never }

// Run compares one entity. The report is complete even when differences were
// found; an error means that it is not.
func (v *Verifier) Run(ctx context.Context, d entity.Definition, o Options) (Report, error) {
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
