// Package schedule says when targets such as syncs are started. Its child rooms say by which
// scheduler.
//
// People keep schedules in a table: a name, a target, a time, a zone and a
// frequency (see Row). A row asks for a Spec. A row that cannot be read is rejected
// with a message and changes nothing: the Spec before it stays in force. Wings
// register the kinds of targets that can be started (see Kind). Two steps run the
// table, and both may run twice or in two processes at once:
//
//	Reconciler  makes the scheduler's jobs match the rows
//	Firer       answers a job: it starts the row's target, once an occurrence
//
// The row, not the job, decides whether a start is due. A job only triggers a
// check, on a grid on which every start lies. So 90 minutes are exact although no
// cron expression says 90 minutes, and a trigger that comes twice, late, or from a
// job that has not yet followed its row starts nothing wrong.
//
// # What is promised
//
// A zone is a fixed distance from UTC, to which summer time is never applied, or an IANA
// name, whose clocks count: a time that they skip starts as long after the change as it
// would have been, a time that they show twice starts once, at the first. A Daily or
// Weekly schedule starts at most once a date of its zone: a time moved to later
// on a day on which it has run begins the next day, as does one moved to before
// now. An Interval is counted from its last start; the first one, and the first
// after it was enabled again, comes one interval after that. Starts that a schedule
// missed while it was disabled stay missed. Starts that were missed because no
// process ran are made up for once, by the newest of them, and logged.
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
