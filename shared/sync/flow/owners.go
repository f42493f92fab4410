package flow

import (
	"context"
	"maps"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/account"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// plan plans a push of roots and returns the owners to write before it. A record that
// another root has a row for by now is not deleted, see package account.
func (p *Process) plan(ctx context.Context, a attempt, roots []uint64, rows source.Rows) (account.Owners, error) {
	own := account.Owned(rows)
	have, err := p.owners(ctx, a, own)
	if err != nil {
		return nil, err
	}
	if err := a.account.Plan(roots, rows, have); err != nil {
		return nil, err
	}
	if dropped := a.account.Dropped(); len(dropped) > 0 {
		inherited, err := p.inherited(ctx, a, dropped)
		if err != nil {
			return nil, err
		}
		a.account.Release(inherited)
	}
	maps.DeleteFunc(own, func(id string, root uint64) bool {
		owner, ok := have[id]
		return ok && owner == root
	})
	return own, nil
}

// owners returns the owners of ids that the store has, without a question for none.
func (p *Process) owners(ctx context.Context, a attempt, of account.Owners) (account.Owners, error) {
	if len(of) == 0 {
		return nil, nil
	}
	return p.Ledger.Owners(ctx, a.def.Name, slices.Collect(maps.Keys(of)))
}

// inherited returns the other roots that have rows for dropped ids. It asks the
// source for these very roots: what they committed before the dropping roots were read
// shows, and a later row is pushed after it was written into the owners.
func (p *Process) inherited(ctx context.Context, a attempt, dropped account.Owners) (account.Owners, error) {
	owners, err := p.owners(ctx, a, dropped)
	if err != nil {
		return nil, err
	}
	var heirs []uint64
	for id, root := range dropped {
		heirs = append(heirs, account.Heirs(id, root, owners)...)
	}
	slices.Sort(heirs)
	rows, err := p.Source.Rows(ctx, a.def, slices.Compact(heirs))
	if err != nil {
		return nil, err
	}
	inherited := account.Owners{}
	for i := range rows.Records {
		r := &rows.Records[i]
		if root, ok := dropped[r.ID]; ok && root != r.Root {
			inherited[r.ID] = r.Root
		}
	}
	return inherited, nil
}

// checkDropped looks, after a push, whether another root took an id over that the push
// deleted. The next run sends such a record again.
func (p *Process) checkDropped(ctx context.Context, a attempt) error {
	dropped := a.account.Dropped()
	if len(dropped) == 0 {
		return nil
	}
	owners, err := p.owners(ctx, a, dropped)
	if err != nil {
		return err
	}
	maps.DeleteFunc(owners, func(id string, owner uint64) bool {
		if owner != dropped[id] {
			a.account.Contested(owner, id)
		}
		return owner != dropped[id]
	})
	return p.Ledger.Disown(ctx, a.def.Name, owners)
}
