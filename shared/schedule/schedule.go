// Package schedule says when syncs are started. Its child rooms say by which
// scheduler.
package schedule

// Job is one scheduled call of a function.
type Job struct {
	Name           string
	Cron           string // five fields; "every N minutes" does not promise one time per tick
	TimeZone       string // an IANA name
	URL            string
	ServiceAccount string // who the call is made as; empty sends no identity
}
