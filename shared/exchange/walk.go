package exchange

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// walk finds what a copy lacks and has too much of, from the lowest id to the
// highest, and fetches what it lacks.
type walk struct {
	*running
	slice ID
	left  int    // how many ids the primary may still list
	bytes *int64 // of payloads that crossed

	adds, deletes []ID
	fetched       int // of adds
}

// The bounds of a walk: below pageful ids a range is listed instead of cut, and below
// deepest cuts it is listed as well, because honest pieces have shrunk by then.
const (
	pageful = MaxIDs
	deepest = 6
	// ahead is how many grains are asked for at once.
	ahead = MaxGrains * InFlight
)

// compare finds the differences of a range in which the primary says to have there
// ids.
func (w *walk) compare(ctx context.Context, r Range, there, depth int) error {
	ranger, ok := w.remote.(Ranger)
	if !ok || there <= pageful || depth == deepest {
		return w.list(ctx, r)
	}
	here, err := w.Copy.Count(ctx, w.slice, r)
	if err != nil {
		return err
	}
	if here == 0 {
		return w.list(ctx, r)
	}
	pieces, err := ranger.Pieces(ctx, w.slice, r, there)
	if err != nil {
		return err
	}
	differences, err := Differ(r, pieces, w.Copy.IDs(ctx, w.slice, r))
	if err != nil {
		return err
	}
	if len(differences) > FanOut/2 {
		return w.list(ctx, r)
	}
	for _, d := range differences {
		if err := w.compare(ctx, d.Range, d.There, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// list compares the ids of a range one by one.
func (w *walk) list(ctx context.Context, r Range) error {
	for {
		ids, more, err := w.remote.IDs(ctx, w.slice, r)
		if err != nil {
			return err
		}
		page := r
		if more {
			page.Upto = ids[len(ids)-1]
		}
		if w.left -= len(ids); w.left < 0 {
			return ErrUnproven // more ids than the count that was stated
		}
		if len(ids) > 0 && (!page.has(ids[0]) || !page.has(ids[len(ids)-1])) {
			return fault.New(fault.Invalid, "bad-peer", "the primary lists ids outside of the range that was asked for")
		}
		adds, deletes, err := Diff(ids, w.Copy.IDs(ctx, w.slice, page))
		if err != nil {
			return err
		}
		w.adds, w.deletes = append(w.adds, adds...), append(w.deletes, deletes...)
		if len(w.adds)-w.fetched >= ahead {
			if err := w.fetch(ctx); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
		r.After = page.Upto
	}
}

// fetch stages the grains that were found and not fetched yet.
func (w *walk) fetch(ctx context.Context) error {
	for w.fetched < len(w.adds) {
		n := min(len(w.adds)-w.fetched, ahead)
		if err := w.stage(ctx, w.adds[w.fetched:w.fetched+n]); err != nil {
			return err
		}
		w.fetched += n
	}
	return nil
}

// stage fetches some grains and stages them. Those that an interrupted session staged
// are not asked for again.
func (w *walk) stage(ctx context.Context, ids []ID) error {
	staged, err := w.Copy.Staged(ctx, w.slice, ids)
	if err != nil {
		return err
	}
	missing := make([]ID, 0, len(ids))
	for _, id := range ids {
		if !staged[id] {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	b := &batch{walk: w}
	if err := w.remote.Grains(ctx, w.slice, missing, func(g Grain) error { return b.add(ctx, g) }); err != nil {
		if Broken(err) || ctx.Err() != nil {
			// What came before the break is whole: the next session needs not ask for it.
			_ = b.flush(context.WithoutCancel(ctx))
		}
		return err
	}
	if err := b.flush(ctx); err != nil {
		return err
	}
	if b.came != len(missing) {
		return ErrUnproven // grains are gone since their ids were listed
	}
	return nil
}

// batch collects grains into statements.
type batch struct {
	*walk
	grains []Grain
	size   int
	came   int
}

// The bounds of what is staged by one call.
const (
	batchBytes = 1 << 20
	batchCount = 1000
)

func (b *batch) add(ctx context.Context, g Grain) error {
	b.came++
	*b.bytes += int64(len(g.Payload))
	if b.req.Test {
		return nil
	}
	b.grains, b.size = append(b.grains, g), b.size+len(g.Payload)
	if len(b.grains) >= batchCount || b.size >= batchBytes {
		return b.flush(ctx)
	}
	return nil
}

func (b *batch) flush(ctx context.Context) error {
	if len(b.grains) == 0 {
		return nil
	}
	err := b.Copy.Stage(ctx, b.slice, b.grains)
	b.grains, b.size = b.grains[:0], 0
	return err
}
