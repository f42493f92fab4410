package alert

import "time"

// The names of the programs that give signs of life.
const (
	App     = "sync"  // the pipeline
	Watcher = "watch" // who looks after it
)

// Facts is what the tables say at one moment, and by whose clock.
type Facts struct {
	Now time.Time
	// Beats are the signs of life by name. A program without one has never run.
	Beats    map[string]Heartbeat
	Entities []Entity
	// Spent is what the index was sent, as it bills it.
	Spent Spent
}

// Spent counts operations of the index.
type Spent struct {
	Day   int64 // in the last 24 hours
	Month int64 // in the last 30 days
}

// Heartbeat is a sign of life.
type Heartbeat struct {
	Alive bool
	At    time.Time // the last one
	Since time.Time // when this time of life began
}

// Entity is what the tables say of one entity.
type Entity struct {
	Name string
	// Known is when the first tick came for it: its clock starts there. Zero
	// before the first.
	Known     time.Time
	Watermark *time.Time
	Runs      History
	Parked    int64
	ParkedAt  *time.Time // when the newest parked record was first seen
	Drift     *Differences
	Plan      Plan
}

// Differences is what verifying found and what is not yet mended; nil in Entity
// when nothing is known.
type Differences struct {
	Count int64
	At    time.Time // when it was found last
}

// Ending is a run that has ended.
type Ending struct {
	Run int64 // 0 for none
	At  time.Time
}

// History is how the newest runs over windows ended.
type History struct {
	Synced      Ending
	Failed      Ending
	Interrupted Ending
	FailedInRow int // since the last that was synced
}

// Plan says when an entity is due.
type Plan interface {
	// Active reports whether it is to be synced at all.
	Active() bool
	// Period is the longest time between two due times.
	Period() time.Duration
	// Due returns the newest due time at or before a time.
	Due(at time.Time) time.Time
}

// Every is the plan of an entity that is due all the time: every Every.
type Every time.Duration

// Active implements Plan.
func (Every) Active() bool { return true }

// Period implements Plan.
func (e Every) Period() time.Duration { return time.Duration(e) }

// Due implements Plan: a tick comes soon enough that any time will do.
func (Every) Due(at time.Time) time.Time { return at }

// Never is the plan of an entity that is disabled.
type Never struct{}

// Active implements Plan.
func (Never) Active() bool { return false }

// Period implements Plan.
func (Never) Period() time.Duration { return 0 }

// Due implements Plan.
func (Never) Due(time.Time) time.Time { return time.Time{} }
