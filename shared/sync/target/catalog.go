package target

import (
	"context"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// Table is where rebuilds keep their targets.
type Table interface {
	// Targets returns all targets that are or were, oldest first.
	Targets(ctx context.Context) ([]Target, error)
	// Target returns one; an unknown one is an error of kind fault.NotFound.
	Target(ctx context.Context, id int64) (Target, error)
	// FirstDefinition returns what an entity's first target is synced by; d is the
	// definition of the files.
	FirstDefinition(ctx context.Context, d entity.Definition) (entity.Definition, error)
	// FixFirst fixes how the records of an entity's first target are written.
	FixFirst(ctx context.Context, d entity.Definition) (entity.Definition, error)
}

// Catalog finds definitions by name and job type, where an entity may have more
// than one target: those of the files, and those that a rebuild has stored.
type Catalog struct {
	Entities entity.List
	Store    Table
}

// Fed returns what a tick syncs: every target of every entity that is being
// built, is live, or stands by. A name restricts it to one entity or to one target.
func (c Catalog) Fed(ctx context.Context, name string) (entity.List, error) {
	if name != "" {
		d, err := c.Named(ctx, name)
		if err != nil {
			return nil, err
		}
		c.Entities = entity.List{d}
		if !Parse(name).First() {
			return c.Entities, nil
		}
	}
	return c.pick(ctx, Role.Fed)
}

// Live returns, for every entity, the definition of the target that searches see.
// An entity that has targets of which none is live is an error: no index could be
// shown to its readers.
func (c Catalog) Live(ctx context.Context) (entity.List, error) {
	list, err := c.pick(ctx, func(r Role) bool { return r == Live })
	if err != nil {
		return nil, err
	}
	for _, d := range c.Entities {
		if !slices.ContainsFunc(list, func(live entity.Definition) bool { return Parse(live.Name).Base == d.Name }) {
			return nil, fault.New(fault.Retry, "no-live-index", "none of the indices of %s is live: list them with returnsync rebuild list, and make one live with returnsync rebuild undo", d.Name)
		}
	}
	return list, nil
}

// pick returns the definitions of the targets with the roles wanted.
func (c Catalog) pick(ctx context.Context, wanted func(Role) bool) (entity.List, error) {
	targets, err := c.Store.Targets(ctx)
	if err != nil {
		return nil, err
	}
	var list entity.List
	for _, d := range c.Entities {
		noted := false
		for _, t := range targets {
			if t.Entity != d.Name {
				continue
			}
			noted = true
			if !wanted(t.Role) {
				continue
			}
			of, err := t.Definition(d)
			if err != nil {
				return nil, err
			}
			list = append(list, of)
		}
		if !noted {
			d, err := Unnoted(d).Definition(d)
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
	list, err := Catalog{Entities: entity.List{d}, Store: c.Store}.Live(ctx)
	if err != nil {
		return entity.Definition{}, err
	}
	return list[0], nil
}

// Named returns the definition of that name, an entity's or a target's.
func (c Catalog) Named(ctx context.Context, name string) (entity.Definition, error) {
	key := Parse(name)
	if key.First() {
		d, err := c.Entities.Named(name)
		if err != nil {
			return d, err
		}
		return c.Store.FirstDefinition(ctx, d)
	}
	return c.stored(ctx, key.ID)
}

// Fixed is Named, and fixes how an index's records are written. It is asked before the
// first of them is pushed.
func (c Catalog) Fixed(ctx context.Context, name string) (entity.Definition, error) {
	if !Parse(name).First() {
		return c.Named(ctx, name)
	}
	d, err := c.Entities.Named(name)
	if err != nil {
		return d, err
	}
	return c.Store.FixFirst(ctx, d)
}

// Job returns the definition of that job type, an entity's or a target's, for who lists
// changes and reads no records: how those are written, an entity's own does not say.
func (c Catalog) Job(ctx context.Context, jobType string) (entity.Definition, error) {
	key := Parse(jobType)
	if key.First() {
		return c.Entities.Job(jobType)
	}
	return c.stored(ctx, key.ID)
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
