package flow

import (
	"context"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Catalog finds definitions where an entity may have more than one target: those
// of the files, and those that a rebuild has stored (package target).
type Catalog struct {
	Entities Entities
	Store    *store.DB
}

// Fed returns what a tick syncs: every target of every entity that is being
// built, is live, or stands by.
func (c Catalog) Fed(ctx context.Context) (Entities, error) {
	return c.pick(ctx, target.Role.Fed)
}

// Live returns, for every entity, the definition of the target that searches see.
// An entity that has targets of which none is live is an error: nothing else says
// which index its readers are to see.
func (c Catalog) Live(ctx context.Context) (Entities, error) {
	list, err := c.pick(ctx, func(r target.Role) bool { return r == target.Live })
	if err != nil {
		return nil, err
	}
	for _, d := range c.Entities {
		if !slices.ContainsFunc(list, func(live entity.Definition) bool { return target.EntityOf(live.Name) == d.Name }) {
			return nil, fault.New(fault.Retry, "no-live-index", "none of the indices of %s is live: look with returnsync rebuild --list, and make one live with returnsync rebuild --undo", d.Name)
		}
	}
	return list, nil
}

// pick returns the definitions of the targets with the roles wanted.
func (c Catalog) pick(ctx context.Context, wanted func(target.Role) bool) (Entities, error) {
	targets, err := c.Store.Targets(ctx)
	if err != nil {
		return nil, err
	}
	var list Entities
	for _, d := range c.Entities {
		rebuilt := false
		for _, t := range targets {
			if t.Entity != d.Name {
				continue
			}
			rebuilt = true
			if !wanted(t.Role) {
				continue
			}
			of, err := t.Definition(d)
			if err != nil {
				return nil, err
			}
			list = append(list, of)
		}
		if !rebuilt {
			d, err := c.Store.FirstDefinition(ctx, d)
			if err != nil {
				return nil, err
			}
			list = append(list, d)
		}
	}
	return list, nil
}

// LiveOf returns the definition of the target of an entity that searches see.
func (c Catalog) LiveOf(ctx context.Context, name string) (entity.Definition, error) {
	d, err := c.Entities.Named(name)
	if err != nil {
		return d, err
	}
	list, err := Catalog{Entities: Entities{d}, Store: c.Store}.Live(ctx)
	if err != nil {
		return entity.Definition{}, err
	}
	return list[0], nil
}

// Named returns the definition of that name, an entity's or a target's.
func (c Catalog) Named(ctx context.Context, name string) (entity.Definition, error) {
	id, ok := target.IDOf(name)
	if !ok {
		d, err := c.Entities.Named(name)
		if err != nil {
			return d, err
		}
		return c.Store.FirstDefinition(ctx, d)
	}
	return c.stored(ctx, id)
}

// Job returns the definition of that job type, an entity's or a target's.
func (c Catalog) Job(ctx context.Context, jobType string) (entity.Definition, error) {
	id, ok := target.IDOf(jobType)
	if !ok {
		d, err := c.Entities.Job(jobType)
		if err != nil {
			return d, err
		}
		return c.Store.FirstDefinition(ctx, d)
	}
	return c.stored(ctx, id)
}

// stored returns the definition of a target.
func (c Catalog) stored(ctx context.Context, id int64) (entity.Definition, error) {
	t, err := c.Store.Target(ctx, id)
	if err != nil {
		return entity.Definition{}, err
	}
	if !t.First() {
		return t.Definition(entity.Definition{})
	}
	d, err := c.Entities.Named(t.Entity)
	if err != nil {
		return d, err
	}
	return t.Definition(d)
}
