package alert

import (
	"errors"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/judge"
)

// Rules holds the settings that say when people are notified.
type Rules struct {
	judge.Limits
	// Repeat is how long after an alert about parked records new ones are reported.
	Repeat time.Duration `env:"WATCH_REPEAT, default=24h"`
	// Docs is the page that says what to do about each alert; alerts link into it.
	Docs string `env:"WATCH_DOCS_URL, default=https://gitlab.com/eshopbox-team/return-sync/-/blob/main/terraform/README.md"`
}

// heartbeatEvery is how often a sign of life comes at the least.
const heartbeatEvery = 30 * time.Minute

// Check refuses rules that would report healthy syncs.
func (r Rules) Check() error {
	var problems []error
	demand := func(ok bool, problem string) {
		if !ok {
			problems = append(problems, errors.New(problem))
		}
	}
	demand(r.OfflineAfter > 0, "WATCH_OFFLINE_AFTER must be positive")
	demand(r.AbsentAfter > 0, "WATCH_ABSENT_AFTER must be positive")
	demand(r.FailedRuns >= 1, "WATCH_FAILED_RUNS must be at least 1")
	demand(r.Repeat > 0, "WATCH_REPEAT must be positive")
	demand(r.OperationsDay >= 0 && r.OperationsMonth >= 0, "OPERATIONS_DAY and OPERATIONS_MONTH must not be negative")
	demand(r.BudgetPercent > budgetSlack && r.BudgetPercent <= 100, "WATCH_BUDGET_PERCENT must be from 6 to 100")
	return errors.Join(problems...)
}

// Hasty reports whether healthy signs of life could come too late for the rules:
// right for a rehearsal, a mistake elsewhere.
func (r Rules) Hasty() bool { return r.OfflineAfter <= heartbeatEvery }
