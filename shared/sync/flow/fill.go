package flow

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// maxLooks is how often a page looks again after a push. A root that still moves
// then is left in doubt, and the next run looks at it.
const maxLooks = 3

// fill brings the index in line with a page's roots and returns what to account.
//
// The journal is written before a push and the ledger after it, so at no moment
// can the index hold something that neither knows. After each push the roots'
// versions are read once more, and what moved meanwhile is read and pushed again:
// of two writers of one record, the one that pushes last also looks last, and
// what it then sees is the newest.
func (p *Process) fill(ctx context.Context, held store.Page, b *book) (store.Outcome, error) {
	if err := p.open(ctx, held, b); err != nil {
		return store.Outcome{}, err
	}
	p.Steps.at("page-read")
	look, err := p.touched(ctx, held, b)
	if err != nil {
		return store.Outcome{}, err
	}
	if b.since, err = p.lookSince(ctx, held.Run, b.def); err != nil {
		return store.Outcome{}, err
	}
	rows, err := p.Source.Rows(ctx, b.def, look)
	if err != nil {
		return store.Outcome{}, err
	}
	for n := 1; ; n++ {
		if err := b.plan(look, rows); err != nil {
			return store.Outcome{}, err
		}
		pushed := b.plannedRoots()
		if len(pushed) == 0 {
			return b.outcome()
		}
		if err := p.push(ctx, held, b); err != nil {
			return store.Outcome{}, err
		}
		if look, err = p.moved(ctx, b, pushed, rows); err != nil {
			return store.Outcome{}, err
		}
		if len(look) == 0 {
			return b.outcome()
		}
		if n == maxLooks {
			b.leaveInDoubt(look)
			return b.outcome()
		}
		if rows, err = p.Source.Rows(ctx, b.def, look); err != nil {
			return store.Outcome{}, err
		}
	}
}

// open reads what the page is about and what is known of it. First it renews the
// run's claim, which then outlives the page's lease (see Config.Check): no
// successor can push the same roots while this holder may still be pushing.
func (p *Process) open(ctx context.Context, held store.Page, b *book) (err error) {
	if err = p.Store.Renew(ctx, held.Run.ClaimID, held.Run.Token, p.Config.RunLease); err != nil {
		return err
	}
	if b.roots, err = p.Store.Changed(ctx, held.Run.ID, held.Number); err != nil {
		return err
	}
	known, err := p.Store.Known(ctx, b.def.Name, b.roots)
	if err != nil {
		return err
	}
	if b.settled, err = p.Store.Doubts(ctx, b.def.Name, b.roots); err != nil {
		return err
	}
	b.know(known, held.Journal)
	return nil
}

// push writes the journal, pushes what is planned and notes what came of it.
func (p *Process) push(ctx context.Context, held store.Page, b *book) error {
	if err := p.Store.WriteJournal(ctx, held, b.journal); err != nil {
		return err
	}
	p.Steps.at("journaled")
	result, err := p.Index.Push(ctx, b.def.Index, b.ops())
	if err != nil {
		return err
	}
	p.Steps.at("sent")
	return b.note(result)
}
