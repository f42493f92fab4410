package judge

import "time"

// The names of the programs with heartbeats.
const (
	App     = "sync"  // the pipeline
	Watcher = "watch" // the watcher of the pipeline
)

// Facts is the content of the tables at one moment, by the database's clock.
type Facts struct {
	Now time.Time
	// Beats are the heartbeats by name. A program without one has never run.
	Beats    map[string]Heartbeat
	Entities []Entity
	// Spent is the index's bill.
	Spent Spent
	// Further are the findings of the other wings, and Wings the names of those that
	// could be read; see Read.
	Further []Further
	Wings   []string
}

// Spent counts operations of the index, as its vendor bills them.
type Spent struct {
	Day   int64 // in the last 24 hours
	Month int64 // in the last 30 days
}

// Heartbeat is the time of a program's last work.
type Heartbeat struct {
	Alive bool
	At    time.Time // the newest
	Since time.Time // the first of an uninterrupted series
}

// Entity is the content of the tables about one entity.
type Entity struct {
	Name string
	// Known is the time of the entity's first tick, where its clock starts. Zero before
	// the first.
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
	// VerifyError is the error of the comparison's newest share.
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

// PageError is the failure of an attempt at a page.
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
	Failed bool // else the job waits for the operations budget
	Note   string
}

// Index is the live index's last answer.
type Index struct {
	At      time.Time `json:"at"`                // the time of the question
	Problem string    `json:"problem,omitempty"` // why there was no answer
	Exists  bool      `json:"exists"`
	Records int64     `json:"records"`
	// Least and Most are the records that the ledger allows at that moment.
	Least int64 `json:"least"`
	Most  int64 `json:"most"`
	// Settings are the settings that differ from the definition's.
	Settings []string `json:"settings,omitempty"`
	// SettingsProblem is the reason why the settings could not be compared.
	SettingsProblem string `json:"settingsProblem,omitempty"`
}

// Differences are the drift that verify found and that is not yet repaired; nil in
// Entity when nothing is known.
type Differences struct {
	Count   int64
	Example string    // one difference
	At      time.Time // the newest finding
}

// Ending is a run that has ended.
type Ending struct {
	Run   int64 // 0 for none
	At    time.Time
	Error string // the run's own text; never part of an alert
}

// History holds the newest endings of runs over windows.
type History struct {
	Synced      Ending
	Failed      Ending
	Interrupted Ending
	FailedInRow int // since the last that was synced
}

// Plan says when an entity is due.
type Plan interface {
	// Active reports whether the entity is to be synced at all.
	Active() bool
	// Period is the longest time between two due times.
	Period() time.Duration
	// Due returns the newest due time at or before a time.
	Due(at time.Time) time.Time
}

// Every is the plan of an entity that is always due: its period is Every.
type Every time.Duration

// Active implements Plan.
func (Every) Active() bool { return true }

// Period implements Plan.
func (e Every) Period() time.Duration { return time.Duration(e) }

// Due implements Plan: a tick comes so often that any time will do.
func (Every) Due(at time.Time) time.Time { return at }

// Never is the plan of an entity that is disabled.
type Never struct{}

// Active implements Plan.
func (Never) Active() bool { return false }

// Period implements Plan.
func (Never) Period() time.Duration { return 0 }

// Due implements Plan.
func (Never) Due(time.Time) time.Time { return time.Time{} }
