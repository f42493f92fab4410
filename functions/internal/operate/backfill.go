package operate

import (
	"context"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
)

// Estimated is what a backfill would be, for programs.
type Estimated struct {
	Entity string    `json:"entity"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	rework.Estimate
	// Seconds is the least duration at the rate asked for.
	Seconds int64 `json:"seconds,omitempty"`
	// Budget is a warning if the operations budget may not suffice.
	Budget string `json:"budget,omitempty"`
}

// Source is the database that rows come from.
type Source interface {
	flow.Clock
	flow.Rows
}

// Estimate counts what a backfill would sync and estimates its cost. It changes nothing.
func (a Acts) Estimate(ctx context.Context, src Source, cfg flow.Config, d entity.Definition, asked rework.Asked) (Estimated, error) {
	e := Estimated{Entity: d.Name, From: asked.Window.From, To: asked.Window.To}
	var err error
	if e.Estimate, err = rework.EstimateBackfill(ctx, a.Store.Ledger, src, d, asked.Window); err != nil {
		return e, err
	}
	if rate := int64(asked.Rate); rate > 0 {
		e.Seconds = (e.Roots + rate - 1) / rate
	}
	budget, err := rework.ReadBudget(ctx, a.Store.Runs, cfg)
	budget.Day, budget.Month = budget.Day+e.Operations, budget.Month+e.Operations
	if used := budget.Used(100); used != "" {
		e.Budget = "with this backfill " + used + ": it will pause until there is budget again"
	}
	return e, err
}

// Backfill has a range of history synced again: begin opens the job. object names the
// entity until the job does.
func (a Acts) Backfill(ctx context.Context, by Actor, object string, begin func() (rework.Job, error)) (j rework.Job, err error) {
	err = Audited(ctx, audit.New(a.Store.Pool()), by, audit.Entry{Action: Backfill, Object: object}, func(entry *audit.Entry) error {
		var err error
		if j, err = begin(); j.ID != 0 {
			entry.Object, entry.New = j.Entity, fmt.Sprintf("%v of %v", j, j.Window)
		}
		return err
	})
	return j, err
}
