package judge

import "time"

// Limits are the thresholds. Every program that judges reads them from the same
// environment names, so that each threshold exists once.
type Limits struct {
	// StaleAfter is how far an index that every tick syncs may be behind.
	StaleAfter time.Duration `env:"SEARCH_STALE_AFTER, default=30m"`
	// OfflineAfter is how long the application may give no sign of life. It gives
	// one at least every 30 minutes.
	OfflineAfter time.Duration `env:"WATCH_OFFLINE_AFTER, default=40m"`
	// AbsentAfter is how long after a due time nothing may have been synced.
	AbsentAfter time.Duration `env:"WATCH_ABSENT_AFTER, default=24h"`
	// FailedRuns is how many runs in a row have to fail.
	FailedRuns int `env:"WATCH_FAILED_RUNS, default=1"`
	// CheckedWithin is how old the index's last answer may be: a few rounds of the
	// watch function.
	CheckedWithin time.Duration `env:"WATCH_INDEX_AGE, default=5m"`
	// OperationsDay and OperationsMonth are how many operations the index may be
	// sent in 24 hours and in 30 days; 0 is no budget. BudgetPercent of it are
	// nearly all.
	OperationsDay   int64 `env:"OPERATIONS_DAY"`
	OperationsMonth int64 `env:"OPERATIONS_MONTH"`
	BudgetPercent   int64 `env:"WATCH_BUDGET_PERCENT, default=90"`
	// PageAttempts is how often a page is tried before its run fails.
	PageAttempts int `env:"PAGE_ATTEMPTS, default=8"`
}

// Patience is how far an entity's watermark may be behind its due times.
func (l Limits) Patience(p Plan) time.Duration {
	if _, ticked := p.(Every); ticked && l.StaleAfter > 0 {
		return l.StaleAfter
	}
	return max(l.StaleAfter, 2*p.Period())
}

// Behind reports whether an entity is due and has not been synced since the due time
// that Patience ago was the newest. The clock of an entity that was never synced
// starts at its first tick.
func (l Limits) Behind(now time.Time, e Entity) bool {
	if e.Plan == nil || !e.Plan.Active() {
		return false
	}
	due := e.Plan.Due(now.Add(-l.Patience(e.Plan)))
	if e.Watermark == nil {
		return !e.Known.IsZero() && e.Known.Before(due.Add(-ClockSlack))
	}
	if _, ticked := e.Plan.(Every); !ticked {
		due = due.Add(-ClockSlack)
	}
	return e.Watermark.Before(due)
}

// Absent reports whether nothing was synced since the due time AbsentAfter ago.
func (l Limits) Absent(now time.Time, e Entity) bool {
	if e.Plan == nil || !e.Plan.Active() || e.Known.IsZero() {
		return false
	}
	due := e.Plan.Due(now.Add(-l.AbsentAfter)).Add(-ClockSlack)
	return e.Known.Before(due) && (e.Watermark == nil || e.Watermark.Before(due))
}

// ClockSlack is how far the scheduler's clock and the databases' may differ: a
// sync of a due time may seem to come before it.
const ClockSlack = time.Minute

// Percent is how much of a budget is used, rounded down; 0 without a budget.
func Percent(used, budget int64) int64 {
	if budget <= 0 {
		return 0
	}
	return 100 * used / budget
}

// Used is the larger share of the two budgets, in percent.
func (l Limits) Used(s Spent) int64 {
	return max(Percent(s.Day, l.OperationsDay), Percent(s.Month, l.OperationsMonth))
}

// Bad reports whether a run that ended badly has not been followed by a synced
// one.
func (h History) Bad(e Ending) bool { return e.Run > 0 && e.Run > h.Synced.Run }
