package judge

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
	// Expired reports a claim whose lease has run out before its run ended.
	Expired bool
	Running *Running // nil while no run over a window is under way
	Jobs    []Job    // that failed within a day, or wait for the operations budget
	// VerifyError is why the newest share of the comparison failed.
	VerifyError string
	Index       *Index // nil: the index was never checked
	Standbys    []Standby
}

// Standby is an index that stands by since a rebuild and is synced by every tick.
type Standby struct {
	Entity    string // whose index it is
	Target    string // how the command line names it, such as returns~1
	Index     string
	Watermark *time.Time
	Error     string // of the newest run, if that failed
}

// Running is the run under way.
type Running struct {
	Run         int64
	PagesFailed int
	Error       *PageError // the newest, of a page that has not ended well since
}

// PageError is why an attempt at a page failed.
type PageError struct {
	Page    int       `json:"page"`
	Try     int       `json:"try"` // the attempt that failed, from 1
	Message string    `json:"message"`
	At      time.Time `json:"at"`
}

// Job is a job that needs a person.
type Job struct {
	ID     int64
	Kind   string
	Failed bool // else it waits for the operations budget
	Note   string
}

// Index is what the live index answered when it was asked last.
type Index struct {
	At      time.Time `json:"at"`                // when it was asked
	Problem string    `json:"problem,omitempty"` // why it gave no answer
	Exists  bool      `json:"exists"`
	Records int64     `json:"records"`
	// Least and Most are the records that the ledger allows at that moment.
	Least int64 `json:"least"`
	Most  int64 `json:"most"`
	// Settings are the settings that differ from the definition's.
	Settings []string `json:"settings,omitempty"`
	// SettingsProblem is why the settings could not be compared.
	SettingsProblem string `json:"settingsProblem,omitempty"`
}

// Differences is what verifying found and what is not yet mended; nil in Entity
// when nothing is known.
type Differences struct {
	Count   int64
	Example string    // one of them
	At      time.Time // when they were found last
}

// Ending is a run that has ended.
type Ending struct {
	Run   int64 // 0 for none
	At    time.Time
	Error string // as the run keeps it; never part of an alert
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
