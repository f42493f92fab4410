package owner

import (
	"context"
	"maps"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// Table keeps which root owns a shared id.
type Table interface {
	// Owners returns the roots that own shared ids; Own writes owners, and Disown removes
	// those of ids that were deleted.
	Owners(ctx context.Context, entity string, ids []string) (Roots, error)
	Own(ctx context.Context, entity string, owners Roots) error
	Disown(ctx context.Context, entity string, owners Roots) error
}

// Rows reads the source's records of roots.
type Rows interface {
	Rows(ctx context.Context, d entity.Definition, ids []uint64) (source.Rows, error)
}

// Page is the account of a page, as far as ids that change their root concern it.
type Page interface {
	Plan(roots []uint64, rows source.Rows, owners Roots) error
	Dropped() Roots
	Release(heirs Roots)
	Contested(root uint64, id string)
}

// Keeper plans a page's pushes so that no root's push deletes another root's record.
type Keeper struct {
	Table  Table
	Source Rows
}

// Plan plans a push of roots. A record that another root has a row for by now is not
// deleted. Call write once the journal is written, and before the push.
func (k Keeper) Plan(ctx context.Context, d entity.Definition, p Page, roots []uint64, rows source.Rows) (write func() error, err error) {
	own := Of(rows)
	have, err := k.owners(ctx, d, own)
	if err != nil {
		return nil, err
	}
	if err := p.Plan(roots, rows, have); err != nil {
		return nil, err
	}
	if dropped := p.Dropped(); len(dropped) > 0 {
		inherited, err := k.inherited(ctx, d, dropped)
		if err != nil {
			return nil, err
		}
		p.Release(inherited)
	}
	maps.DeleteFunc(own, func(id string, root uint64) bool {
		owner, ok := have[id]
		return ok && owner == root
	})
	return func() error { return k.Table.Own(ctx, d.Name, own) }, nil
}

// owners returns the owners of ids that the table has, without a question for none.
func (k Keeper) owners(ctx context.Context, d entity.Definition, of Roots) (Roots, error) {
	if len(of) == 0 {
		return nil, nil
	}
	return k.Table.Owners(ctx, d.Name, slices.Collect(maps.Keys(of)))
}

// inherited returns the other roots that have rows for dropped ids. It asks the
// source for these very roots: what they committed before the dropping roots were read
// shows, and a later row is pushed after it was written into the owners.
func (k Keeper) inherited(ctx context.Context, d entity.Definition, dropped Roots) (Roots, error) {
	owners, err := k.owners(ctx, d, dropped)
	if err != nil {
		return nil, err
	}
	var heirs []uint64
	for id, root := range dropped {
		heirs = append(heirs, heirsOf(id, root, owners)...)
	}
	slices.Sort(heirs)
	rows, err := k.Source.Rows(ctx, d, slices.Compact(heirs))
	if err != nil {
		return nil, err
	}
	inherited := Roots{}
	for i := range rows.Records {
		r := &rows.Records[i]
		if root, ok := dropped[r.ID]; ok && root != r.Root {
			inherited[r.ID] = r.Root
		}
	}
	return inherited, nil
}

// Check looks, after a push, whether another root took an id over that the push
// deleted. The next run sends such a record again.
func (k Keeper) Check(ctx context.Context, d entity.Definition, p Page) error {
	dropped := p.Dropped()
	if len(dropped) == 0 {
		return nil
	}
	owners, err := k.owners(ctx, d, dropped)
	if err != nil {
		return err
	}
	maps.DeleteFunc(owners, func(id string, owner uint64) bool {
		if owner != dropped[id] {
			p.Contested(owner, id)
		}
		return owner != dropped[id]
	})
	return k.Table.Disown(ctx, d.Name, owners)
}
