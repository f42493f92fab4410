// Package rework syncs again what a person or a check asks for, next to an entity's
// 15-minute sync. A job is such a request:
//
//	backfill   everything that changed in a range of time, in chunks
//	repair     the roots that a verify found to differ
//	record     single roots, now
//
// A job is made of runs, with change lists, pages and accounting like any other
// (package flow). Its right to run is a row of its own in order_return_algolia_sync,
// a lane, so that the job and the sync of its entity do not wait for each other. Two
// runs that push one record end on the newest content. The lane's watermark says how
// far the job has come: a job whose process died continues from there.
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
// A running job advances by tasks that the window function sends to itself, one
// after the other (turn.go). Each carries its turn; a task of an earlier turn than
// the job's is dropped, so one chain of tasks is alive however often they are
// delivered. The next tick starts a broken chain again (wake.go).
package rework

import (
	"encoding/json"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/states"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
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
func (j Job) Lane(jobType string) string { return target.Parse(jobType).Lane(j.ID).String() }

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
// many roots, were they spread evenly. Fit corrects it as the job advances.
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

// Fit returns the next chunk after a range of length tried turned out to have so
// many roots. It halves a chunk with too many rows; ok is then false: try again at
// once. It doubles one with few, for the next run.
func Fit(tried time.Duration, roots int64) (chunk time.Duration, ok bool) {
	switch {
	case roots > 2*ChunkRoots && tried > minChunk:
		return max(tried/2, minChunk), false
	case roots < ChunkRoots/4:
		return 2 * tried, true
	}
	return tried, true
}

// Progress is how far a job has come.
type Progress struct {
	Counts run.Counts `json:"counts"` // of the runs that closed well, and of the one under way
	Roots  int64      `json:"roots"`  // whose pages are done
	Runs   int        `json:"runs"`   // that closed well
	Failed int        `json:"failed"` // that did not
	// Until is how far a backfill has come; nil before its first chunk.
	Until *time.Time `json:"until,omitempty"`
	// Open is the run under way, nil between two.
	Open *run.Run `json:"-"`
	// Streak is how many runs in a row, up to now, have failed.
	Streak int `json:"-"`
	// LastError is the newest failed run's.
	LastError string `json:"lastError,omitempty"`
}

// Add adds the next run, with the roots of its pages that are done.
func (p *Progress) Add(r run.Run, roots int64) {
	switch r.State {
	case run.Synced:
		p.Runs, p.Streak, p.Until = p.Runs+1, 0, &r.Window.To
	case run.Failed, run.Interrupted:
		p.Failed++
		if r.State == run.Failed {
			p.Streak, p.LastError = p.Streak+1, r.LastError
		}
		return
	default:
		p.Open = &r
	}
	p.Counts, p.Roots = p.Counts.Add(r.Counts), p.Roots+roots
}

// Task is the body of a job's task.
type Task struct {
	JobID int64 `json:"jobId"`
	Turn  int64 `json:"turn"`
	// Resend sends the pages that are still open again, under other names: for a job
	// that was resumed, or whose tasks may be lost.
	Resend bool `json:"resend,omitempty"`
}

// ParseTask reads a job task's body; the error is of kind fault.Invalid.
func ParseTask(body []byte) (Task, error) {
	var t Task
	if err := json.Unmarshal(body, &t); err != nil {
		return t, fault.Wrap(err, fault.Invalid, "bad-task", `the job task's body is not {"jobId":N,"turn":N}`)
	}
	if t.JobID <= 0 || t.Turn < 0 {
		return t, fault.New(fault.Invalid, "bad-task", "the job task has jobId %d and turn %d: jobId must be at least 1 and turn at least 0", t.JobID, t.Turn)
	}
	return t, nil
}

// String names the job for logs and people.
func (j Job) String() string {
	kind := string(j.Kind)
	if j.Kind == run.Record { // "record 7" reads as the record with number 7
		kind = "record job"
	}
	return fmt.Sprintf("%s %d of %s", kind, j.ID, j.Entity)
}
