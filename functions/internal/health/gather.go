package health

import (
	"context"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/store"
)

// Look is what a report is about.
type Look struct {
	// Entities picks the definitions of the targets that searches see. It is
	// called when our tables can be read.
	Entities func(context.Context, *store.DB) (flow.Entities, error)
	// StaleAfter is how far an index may be behind before that needs attention.
	StaleAfter time.Duration
	Config     flow.Config // the caps of the operations
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
	for _, d := range entities {
		s, err := db.Status(ctx, d)
		if err != nil {
			return r, err
		}
		r.Now = s.Now
		e := Of(d, s)
		if e.Beside, err = besideOf(ctx, db, d, s.Now); err != nil {
			return r, err
		}
		r.Entities = append(r.Entities, e)
		r.Attention = append(r.Attention, e.Judge(l.StaleAfter)...)
	}
	budget, err := flow.ReadBudget(ctx, db, l.Config)
	if err != nil {
		return r, err
	}
	r.Budget = budgetOf(budget)
	r.Attention = append(r.Attention, judgeBudget(budget)...)
	r.OK = len(r.Attention) == 0
	return r, nil
}
