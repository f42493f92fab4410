package health

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
	"gitlab.com/eshopbox-team/return-sync/shared/watch"
)

// Look is what a report is about.
type Look struct {
	// Entities picks the definitions of the targets that searches see. It is
	// called when our tables can be read.
	Entities func(context.Context, *store.DB) (flow.Entities, error)
	Limits   judge.Limits
	Plans    func(*store.DB) watch.Plans // when entities are due
	Config   flow.Config                 // the caps of the operations
	// Check, if not nil, asks the index itself; else what the watch function keeps
	// of it is judged.
	Check *watch.Check
}

// Gather reads the report. Tables that want migrating are not read.
func (l Look) Gather(ctx context.Context, db *store.DB) (Report, error) {
	r := Report{Attention: []Attention{}, Entities: []Entity{}}
	var err error
	if r.Now, err = db.Now(ctx); err != nil {
		return r, err
	}
	if r.Schema.Have, r.Schema.Want, err = db.Schema(ctx); err != nil {
		return r, err
	}
	if todo := SchemaTodo(r.Schema.Have, r.Schema.Want); todo != nil {
		r.Attention = append(r.Attention, *todo)
		return r, nil
	}
	entities, err := l.Entities(ctx, db)
	if err != nil {
		return r, err
	}
	facts, err := db.AlertFacts(ctx, entities)
	if err != nil {
		return r, err
	}
	for i, d := range entities {
		s, err := db.Status(ctx, d)
		if err != nil {
			return r, err
		}
		r.Now = s.Now
		e := Of(d, s)
		if e.Beside, err = besideOf(ctx, db, d, s.Now); err != nil {
			return r, err
		}
		if err := l.complete(ctx, db, d, &facts.Entities[i]); err != nil {
			return r, err
		}
		if facts.Entities[i].Standbys, err = standbys(ctx, db, e.Targets); err != nil {
			return r, err
		}
		e.complete(facts.Entities[i])
		r.Entities = append(r.Entities, e)
	}
	budget, err := flow.ReadBudget(ctx, db, l.Config)
	if err != nil {
		return r, err
	}
	r.Budget = budgetOf(budget)
	for _, f := range l.Limits.Findings(facts) {
		f.Entity = target.EntityOf(f.Entity)
		r.Attention = append(r.Attention, f)
	}
	r.OK = len(r.Attention) == 0
	return r, nil
}

// complete adds to an entity's facts what the tables do not say.
func (l Look) complete(ctx context.Context, db *store.DB, d entity.Definition, e *judge.Entity) (err error) {
	if e.Plan, err = l.Plans(db).Plan(ctx, target.EntityOf(d.Name)); err != nil || l.Check == nil {
		return err
	}
	x, _, err := l.Check.Run(ctx, d)
	e.Index = &x
	return err
}

// complete adds what is shown of an entity's facts.
func (e *Entity) complete(f judge.Entity) {
	e.IndexCheck = f.Index
	if f.Running != nil {
		e.PageError = f.Running.Error
	}
}
