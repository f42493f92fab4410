// Package schedule says when syncs are started. Its child rooms say by which
// scheduler.
//
// People keep schedules in a table: a name, what is started, a time, a zone,
// and how often (see Row). What a row asks for is its Spec; a row that asks for
// nothing sensible is rejected with a message and changes nothing: what it asked
// for before goes on. Two steps keep the promise of the table, and both may be
// played twice or by two processes at once:
//
//	Reconciler  brings the scheduler's jobs to what the rows ask for
//	Firer       answers a job: it starts the row's target, once an occurrence
//
// The row, not the job, decides whether a start is due. A job only knocks, on a
// grid on which every start lies, so that 90 minutes are exact though no cron
// expression says 90 minutes, and a knock that comes twice, late, or from a job
// that has not yet followed its row starts nothing wrong.
//
// # What is promised
//
// A zone is a fixed distance from UTC: summer time is never applied. A Daily or
// Weekly schedule starts at most once a date of its zone: a time moved to later
// on a day on which it has run begins the next day, as does one moved to before
// now. An Interval is counted from its last start; the first one, and the first
// after it was enabled again, comes one interval after that. Whatever a schedule
// missed while it was disabled stays missed. What it missed because nobody was
// there to start it is made up for once, by the newest missed start, and told.
package schedule

// Job is one scheduled call of a function.
type Job struct {
	Name           string
	Description    string
	Cron           string // five fields; "every N minutes" does not promise one time per tick
	TimeZone       string // an IANA name
	URL            string
	ServiceAccount string // who the call is made as; empty sends no identity
	Paused         bool
}
