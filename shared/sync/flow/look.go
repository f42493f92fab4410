package flow

import (
	"context"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// moved returns the pushed roots whose rows are no longer what was read.
//
// Versions tell, and cost the database a third of what the rows do. Where b.since
// is set, the roots that have not changed since then need not be asked for.
func (p *Process) moved(ctx context.Context, b *book, pushed []uint64, read source.Rows) ([]uint64, error) {
	suspects := pushed
	if !b.since.IsZero() {
		changed, err := p.Source.ChangedSince(ctx, b.def, b.since, pushed)
		if err != nil || len(changed) == 0 {
			return nil, err
		}
		suspects = only(pushed, changed)
	}
	now, err := p.Source.Versions(ctx, b.def, suspects)
	if err != nil {
		return nil, err
	}
	var moved []uint64
	for _, root := range suspects {
		if now[root] != read.Versions[root] {
			moved = append(moved, root)
		}
	}
	return moved, nil
}

// only returns the roots that are in a set.
func only(roots []uint64, in map[uint64]bool) []uint64 {
	var list []uint64
	for _, root := range roots {
		if in[root] {
			list = append(list, root)
		}
	}
	return list
}

// lookSince returns the time of which a root is known not to have moved while it
// was pushed if it has not changed since; zero if that cannot be said, or would
// not help. It must be called before the rows are read.
//
// It is the overlap before now, for the reason that a window reaches back by it:
// a change that this reading does not see was stamped by a transaction that had
// not ended, and none takes longer. So it holds for definitions whose writers
// leave a stamp at every change, and those say so (see
// entity.Definition.TrustVersions); a row that goes without a trace is found by a
// comparison, whenever it goes. It helps with history: of a first sync's roots, or
// a backfill's, next to none has changed in the last half hour. Of a usual
// window's, most have.
func (p *Process) lookSince(ctx context.Context, r run.Run, d entity.Definition) (time.Time, error) {
	if !d.TrustVersions || r.Kind == run.Window && r.Window.Length() <= 2*d.Overlap {
		return time.Time{}, nil
	}
	now := r.Window.To // by the same clock, and before now
	if r.Kind != run.Window {
		var err error
		if now, err = p.Source.Now(ctx); err != nil {
			return time.Time{}, err
		}
	}
	return now.Add(-d.Overlap), nil
}
