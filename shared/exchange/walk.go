package exchange

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// walk finds what a copy lacks and has too much of, from the lowest id to the highest,
// fetches what it lacks and notes what leaves. Its memory does not grow with the slice.
type walk struct {
	*running
	slice ID
	name  string // the slice's
	left  int    // how many ids the primary may still list
	bytes *int64 // of payloads that crossed

	added, removed int
	came           int  // grains
	missing        []ID // found and not fetched yet
	surplus        []ID // found and not noted yet
	// prover computes, in a run without update, what the copy would hold.
	prover *Prover
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
		if err := w.equal(ctx, Range{r.After, d.After}); err != nil {
			return err
		}
		if err := w.compare(ctx, d.Range, d.There, depth+1); err != nil {
			return err
		}
		r.After = d.Upto
	}
	return w.equal(ctx, r)
}

// equal passes over a range that both sides have alike.
func (w *walk) equal(ctx context.Context, r Range) error {
	if r.After == r.Upto {
		return nil
	}
	if w.prover == nil {
		return w.Copy.Retain(ctx, w.slice, r, nil)
	}
	for id, err := range w.Copy.IDs(ctx, w.slice, r) {
		if err == nil {
			err = w.prover.Add(id)
		}
		if err != nil {
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
		if err := ascending(ids); err != nil {
			return err
		}
		if err := w.pages(ctx, page, ids); err != nil {
			return err
		}
		if !more {
			return nil
		}
		r.After = page.Upto
	}
}

// pages compares the primary's ids of a range in parts of a page: a public program lists
// all of them at once.
func (w *walk) pages(ctx context.Context, r Range, ids []ID) error {
	for len(ids) > pageful {
		part := Range{r.After, ids[pageful-1]}
		if err := w.page(ctx, part, ids[:pageful]); err != nil {
			return err
		}
		r.After, ids = part.Upto, ids[pageful:]
	}
	return w.page(ctx, r, ids)
}

// page compares the primary's ids of a range with ours.
func (w *walk) page(ctx context.Context, r Range, ids []ID) error {
	if err := w.begin(ctx, r, ids); err != nil {
		return err
	}
	adds, err := Diff(ids, w.Copy.IDs(ctx, w.slice, r), func(id ID) error { return w.drop(ctx, id) })
	if err != nil {
		return err
	}
	w.added, w.missing = w.added+len(adds), append(w.missing, adds...)
	for len(w.missing) >= ahead {
		if err := w.stage(ctx, w.missing[:ahead]); err != nil {
			return err
		}
		w.missing = append(w.missing[:0], w.missing[ahead:]...)
	}
	return nil
}

// begin forgets what an earlier sync staged in a range and the primary does not list
// any more; without update it adds what is listed to the proof.
func (w *walk) begin(ctx context.Context, r Range, ids []ID) error {
	if w.prover == nil {
		return w.Copy.Retain(ctx, w.slice, r, ids)
	}
	for _, id := range ids {
		if err := w.prover.Add(id); err != nil {
			return err
		}
	}
	return nil
}

// drop notes a grain that leaves.
func (w *walk) drop(ctx context.Context, id ID) error {
	w.removed++
	if w.prover != nil {
		return nil
	}
	if w.surplus = append(w.surplus, id); len(w.surplus) < batchCount {
		return nil
	}
	return w.flushDrops(ctx)
}

// flushDrops keeps the grains that were noted to leave.
func (w *walk) flushDrops(ctx context.Context) error {
	if len(w.surplus) == 0 {
		return nil
	}
	err := w.Copy.Drop(ctx, w.slice, w.surplus)
	w.surplus = w.surplus[:0]
	return err
}

// finish fetches and notes what the last pages left.
func (w *walk) finish(ctx context.Context) error {
	if len(w.missing) > 0 {
		if err := w.stage(ctx, w.missing); err != nil {
			return err
		}
	}
	return w.flushDrops(ctx)
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
	b.walk.came++
	*b.bytes += int64(len(g.Payload))
	if b.Progress != nil {
		b.Progress(Progress{Partner: b.req.Partner, Slice: b.name, Grains: b.walk.came, Bytes: *b.bytes})
	}
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
	b.Steps.At("staged")
	b.grains, b.size = b.grains[:0], 0
	return err
}
