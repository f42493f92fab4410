package health

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
	"gitlab.com/eshopbox-team/return-sync/shared/watch"
)

// Query is the subject of a report.
type Query struct {
	// Entities returns the definitions of the targets that searches see. Read calls it
	// after it has read our tables' version.
	Entities func(context.Context, *store.DB) (entity.List, error)
	Limits   judge.Limits
	Plans    func(*store.DB) watch.Plans // the due times of entities
	Config   flow.Config                 // the budgets of the operations
	// Check, if not nil, asks the index itself; without a Check the answer that the
	// watch function stored is judged.
	Check *watch.Check
	// Wings read the findings of the other wings.
	Wings []judge.Looker
}

// Read reads the report. Outdated tables are not read.
func (q Query) Read(ctx context.Context, db *store.DB) (Report, error) {
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
	entities, err := q.Entities(ctx, db)
	if err != nil {
		return r, err
	}
	facts, err := db.Facts.AlertFacts(ctx, entities)
	if err != nil {
		return r, err
	}
	for i, d := range entities {
		s, err := db.Facts.Status(ctx, d)
		if err != nil {
			return r, err
		}
		r.Now = s.Now
		e := Of(d, s)
		if e.Upkeep, err = upkeepOf(ctx, db, d, s.Now); err != nil {
			return r, err
		}
		if err := q.complete(ctx, db, d, &facts.Entities[i]); err != nil {
			return r, err
		}
		if facts.Entities[i].Standbys, err = standbys(ctx, db, e.Targets); err != nil {
			return r, err
		}
		e.complete(facts.Entities[i])
		r.Entities = append(r.Entities, e)
	}
	budget, err := rework.ReadBudget(ctx, db.Runs, q.Config)
	if err != nil {
		return r, err
	}
	r.Budget = budgetOf(budget)
	for _, f := range q.Limits.Findings(facts) {
		f.Entity = target.Parse(f.Entity).Base
		r.Attention = append(r.Attention, f)
	}
	further, _ := judge.Read(ctx, q.Wings)
	for _, f := range further {
		r.Attention = append(r.Attention, f.Finding)
	}
	r.OK = len(r.Attention) == 0
	return r, nil
}

// complete adds facts that are not in the tables.
func (q Query) complete(ctx context.Context, db *store.DB, d entity.Definition, e *judge.Entity) (err error) {
	if e.Plan, err = q.Plans(db).Plan(ctx, target.Parse(d.Name).Base); err != nil || q.Check == nil {
		return err
	}
	x, _, err := q.Check.Run(ctx, d)
	e.Index = &x
	return err
}

// complete adds the shown parts of an entity's facts.
func (e *Entity) complete(f judge.Entity) {
	e.IndexCheck = f.Index
	if f.Running != nil {
		e.PageError = f.Running.Error
	}
}
