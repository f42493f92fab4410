// Package job holds the words and rules of a job: work on an entity's index
// beside its 15-minute sync, asked for by a person or by a check.
//
//	backfill   everything that changed in a range of time, in chunks
//	repair     the roots that a verify found to differ
//	record     single roots, now
//
// A job is made of runs, with change lists, pages and accounting like any other.
// Its right to run is a row of its own in order_return_algolia_sync, a lane, so
// that it neither waits for the sync of its entity nor holds it up; two runs that
// touch one record end on the newest content (see package flow). The lane's
// watermark says how far the job has come: a job that was killed goes on there.
//
// # States
//
//	          pause             finish
//	running ---------> paused   -------> done
//	   ^ |               |      fail
//	   | | finish, fail  |      -------> failed
//	   | `------------>  |      cancel
//	   `-----------------'      -------> cancelled
//	          resume
//
// Only running jobs send pages. Done, failed and cancelled are final.
//
// # Turns
//
// A running job goes on by tasks that the window function sends to itself, one
// after the other. Each carries its turn; a task of an earlier turn than the
// job's is dropped, so one chain of tasks is alive however often they are
// delivered. A chain that broke is begun anew by the next tick.
package job

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/states"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// State is where a job stands.
type State string

// The states; see the diagram of the package.
const (
	Running   State = "running"
	Paused    State = "paused"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// diagram is the diagram of the package.
var diagram = states.Diagram[State]{
	Running: {Paused, Done, Failed, Cancelled},
	Paused:  {Running, Cancelled},
}

// Sources returns the states from which a verb leads to s, in a stable order.
func Sources(s State) []State { return diagram.Sources(s) }

// Final reports whether nothing leads out of the state.
func (s State) Final() bool { return diagram.Final(s) }

// Job is a row of sync_job.
type Job struct {
	ID        int64         `json:"id"`
	Entity    string        `json:"entity"`
	Kind      run.Kind      `json:"kind"`
	State     State         `json:"state"`
	Window    window.Window `json:"-"`              // of a backfill
	Chunk     time.Duration `json:"-"`              // how much of the window the next run covers
	Rate      int           `json:"rate,omitempty"` // roots a second; 0 is as fast as the queue lets it
	Roots     int64         `json:"roots"`          // as counted when the job was made
	Turn      int64         `json:"turn"`
	Note      string        `json:"note,omitempty"` // why it waits, or what went wrong
	By        string        `json:"by,omitempty"`   // who asked for it
	CreatedAt time.Time     `json:"createdAt"`
	UpdatedAt time.Time     `json:"updatedAt"`
	ClosedAt  *time.Time    `json:"closedAt,omitempty"`
}

// Lane returns the job type of the job's own claim.
func (j Job) Lane(jobType string) string { return jobType + "#" + strconv.FormatInt(j.ID, 10) }

// ByTime reports whether the job covers a range of time rather than a list of
// roots.
func (j Job) ByTime() bool { return j.Kind == run.Backfill }

// ChunkRoots is how many roots a run of a backfill should have: few enough that
// a failed run repeats little, many enough that its fixed costs do not count.
const ChunkRoots = 20_000

// The bounds of a chunk's length.
const (
	minChunk = time.Second
	// firstChunk is what a backfill begins with when nothing is known.
	firstChunk = 24 * time.Hour
)

// FirstChunk returns how long the first chunk of a window is that holds about so
// many roots, were they spread evenly. They never are; Fit mends that.
func FirstChunk(w window.Window, roots int64) time.Duration {
	if roots <= ChunkRoots {
		return max(w.Length(), minChunk)
	}
	chunks := roots/ChunkRoots + 1
	return max(w.Length()/time.Duration(chunks), minChunk)
}

// Next returns the range that the next run covers, given how far the job has
// come (nil at first). ok is false when there is nothing left.
func (j Job) Next(done *time.Time) (w window.Window, ok bool) {
	w = j.Window
	if done != nil && done.After(w.From) {
		w.From = *done
	}
	if w.Empty() {
		return w, false
	}
	chunk := j.Chunk
	if chunk <= 0 {
		chunk = firstChunk
	}
	if end := w.From.Add(chunk); end.Before(w.To) {
		w.To = end
	}
	return w, true
}

// Fit returns the chunk to go on with when a range of length tried has so many
// roots: half of it if they are too many and the range can be halved, and ok is
// then false: try again; twice of it, for the next time, if they are few.
func Fit(tried time.Duration, roots int64) (chunk time.Duration, ok bool) {
	switch {
	case roots > 2*ChunkRoots && tried > minChunk:
		return max(tried/2, minChunk), false
	case roots < ChunkRoots/4:
		return 2 * tried, true
	}
	return tried, true
}

// Task is the body of a job's task.
type Task struct {
	JobID int64 `json:"jobId"`
	Turn  int64 `json:"turn"`
	// Resend has the pages that are still open sent again, under other names: for
	// a job that was resumed, or whose tasks may have been lost.
	Resend bool `json:"resend,omitempty"`
}

// ParseTask reads a job task's body; the error is of kind fault.Invalid.
func ParseTask(body []byte) (Task, error) {
	var t Task
	if err := json.Unmarshal(body, &t); err != nil {
		return t, fault.Wrap(err, fault.Invalid, "bad-task", `the job task's body is not {"jobId":N,"turn":N}`)
	}
	if t.JobID <= 0 || t.Turn < 0 {
		return t, fault.New(fault.Invalid, "bad-task", "the job task names job %d, turn %d: want 1 or more, and 0 or more", t.JobID, t.Turn)
	}
	return t, nil
}

// String names the job for logs and people.
func (j Job) String() string { return fmt.Sprintf("%s %d of %s", j.Kind, j.ID, j.Entity) }
