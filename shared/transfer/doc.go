// Package transfer holds the words and rules of the transfer wing: single records are
// brought from one of two systems to the other, both ways.
//
// A transfer job says that a record of a model changed in a system at a time. The worker
// (package worker) decides which side is newer (Decide), moves records that it refers
// to first, writes the other side, and keeps everything that it saw on the job.
//
// # States
//
//	           claim                 finish
//	new ----------------> inprogress ------> done, skipped, error
//	 | ^ ^                    |  ^
//	 | | |           finish   |  | claim: a worker died, the next takes the job up
//	 | | |                    v  |
//	 | | +--------------- error_retry
//	 | |    retry               |
//	 | +------ error            |
//	 |  retry    |              |
//	 v           v              v
//	skipped <-- closed by a newer job of the same record
//
//	claim   the worker that holds the lease takes the job and counts the run
//	finish  done: both sides agree; skipped: nothing was left to do; error: no run can
//	        succeed until a person has changed something, or the runs are used up;
//	        error_retry: the cause may pass, and job_retry_at says when to try again
//	retry   the timer, when job_retry_at has come, or a person
//	close   a finished job closes the older open jobs of its record
//
// Done and skipped are final. The store changes a state by one conditional UPDATE over
// Sources, and only in the name of the worker whose token stands on the row.
package transfer

import "gitlab.com/eshopbox-team/return-sync/shared/states"

// State is where a transfer job stands.
type State string

// The states; see the diagram of the package.
const (
	New        State = "new"
	InProgress State = "inprogress"
	Done       State = "done"
	Skipped    State = "skipped"
	Failed     State = "error"
	Retry      State = "error_retry"
)

// diagram is the diagram of the package.
var diagram = states.Diagram[State]{
	New:        {InProgress, Skipped},
	InProgress: {InProgress, Done, Skipped, Failed, Retry},
	Retry:      {New, Skipped},
	Failed:     {New, Skipped},
}

// Sources returns the states from which a verb leads to s, in a stable order.
func Sources(s State) []State { return diagram.Sources(s) }

// Final reports whether nothing leads out of the state.
func (s State) Final() bool { return diagram.Final(s) }

// States lists all states, those that wait for work first.
func States() []State { return []State{New, InProgress, Retry, Failed, Done, Skipped} }

// Side names one of the two systems, as jobs name it.
type Side string

// The sides.
const (
	Studio Side = "fs"  // Fundraising Studio
	Online Side = "fso" // Fundraising Studio Online
)

// Other returns the opposite side.
func (s Side) Other() Side {
	if s == Studio {
		return Online
	}
	return Studio
}

// Word returns the side's name for people.
func (s Side) Word() string {
	if s == Studio {
		return "studio"
	}
	return "online"
}

// Kind is what happened to the record, the column job_source_type.
type Kind = Text

// The kinds. An empty kind is a record that was created or changed.
const (
	Replicate Kind = ""
	Merge     Kind = "merge_into"
	Delete    Kind = "delete"
	Temporary Kind = "temp"
)

// Code is the column job_error_code.
type Code = Text

// The codes of errors.
const (
	CodeTimeout   Code = "timeout"        // a side did not answer in time, or the record stayed busy
	CodeRuns      Code = "run_counter"    // a job without a run left
	CodeSource    Code = "sync_source"    // the source cannot be determined: not found, or dates that do not fit
	CodeChild     Code = "child_job"      // a job of a record that this one refers to failed
	CodeTransform Code = "transformation" // the data cannot be written to the other side
	CodeCleanup   Code = "cleanup"        // the transfer is made, what follows it failed
	CodeUnknown   Code = "unknown"
)
