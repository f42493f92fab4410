package rework

import (
	"context"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// backfillShare is the percentage of the budget from which on backfills wait: the
// rest is for the syncs.
const backfillShare = 80

// BudgetNote begins the note of a job that the budget holds back.
const BudgetNote = judge.BudgetNote

// budgetWait is how long a job waits that the budget holds back.
const budgetWait = 5 * time.Minute

// Budget is how many operations of the index were used, and how many may be.
type Budget struct {
	Day, Month       int64 // used in 24 hours and in 30 days
	DayCap, MonthCap int64 // 0 is no cap
}

// Spending is what the budget needs of our tables.
type Spending interface {
	// Spent returns the operations of the last 24 hours and of the last 30 days.
	Spent(ctx context.Context) (day, month int64, err error)
}

// ReadBudget reads the budget of a configuration.
func ReadBudget(ctx context.Context, db Spending, c flow.Config) (Budget, error) {
	day, month, err := db.Spent(ctx)
	return Budget{Day: day, Month: month, DayCap: c.OperationsDay, MonthCap: c.OperationsMonth}, err
}

// Used says which cap is used up to so many percent or more, in words; empty
// when there is none.
func (b Budget) Used(percent int64) string {
	switch {
	case b.DayCap > 0 && b.Day*100 >= b.DayCap*percent:
		return fmt.Sprintf("%d of %d operations were used in 24 hours", b.Day, b.DayCap)
	case b.MonthCap > 0 && b.Month*100 >= b.MonthCap*percent:
		return fmt.Sprintf("%d of %d operations were used in 30 days", b.Month, b.MonthCap)
	}
	return ""
}

// overBudget returns how long a backfill waits because of the budget, and writes
// that into the job's note. Repairs and single records correct the index and do not wait.
func (a *advance) overBudget(ctx context.Context) (time.Duration, error) {
	a.job.Note = ""
	if a.Config.OperationsDay <= 0 && a.Config.OperationsMonth <= 0 || a.job.Kind != run.Backfill {
		return 0, nil
	}
	b, err := ReadBudget(ctx, a.Runs, a.Config)
	if err != nil {
		return 0, err
	}
	used := b.Used(backfillShare)
	if used == "" {
		return 0, nil
	}
	a.job.Note = BudgetNote + used
	a.Log.WarnContext(ctx, "a backfill waits for the operations budget", "entity", a.def.Name, "job", a.job.ID, "used", used)
	return budgetWait, nil
}
