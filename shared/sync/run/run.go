// Package run holds the words and rules of a run: one pass over one window.
//
// # States
//
//	            begin              list               publish
//	(claimed) ---------> windowing ---------> processing ---------> synced
//	                         |                    |
//	                         | fail, interrupt    | fail, interrupt
//	                         v                    v
//	                failed, interrupted      failed, interrupted
//
//	begin      the window task takes the claim and fixes [from, to)
//	list       the change list and its pages are written, in one transaction
//	publish    every page is done, the sums agree, and the index has published
//	           the highest task of the run; the watermark moves in the same
//	           transaction. An empty change list publishes at once
//	fail       a page ran out of attempts, the sums do not agree, or a definition, a
//	           right or a setting is wrong, which repeating cannot cure
//	interrupt  the claim's lease ran out and the next tick took over
//
// Only synced moves the watermark. Synced, failed and interrupted are final. The
// store changes a state by one conditional UPDATE over Sources, which refuses any
// change that the diagram does not have.
package run

import (
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/states"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// State is where a run stands.
type State string

// The states; see the diagram of the package.
const (
	Windowing   State = "windowing"
	Processing  State = "processing"
	Synced      State = "synced"
	Failed      State = "failed"
	Interrupted State = "interrupted"
)

// Kind says why a run was made.
type Kind string

// The kinds. Backfill, Repair and Record belong to a job (package rework), Follow to the
// binlog (package follow). All but Window leave the entity's watermark as it is.
const (
	Window   Kind = "window"   // what changed since the watermark
	Backfill Kind = "backfill" // a range of history
	Repair   Kind = "repair"   // what a verify found
	Record   Kind = "record"   // single roots, on demand
	Follow   Kind = "follow"   // the roots that the binlog names; those of an hour become one
)

// diagram is the diagram of the package.
var diagram = states.Diagram[State]{
	Windowing:  {Processing, Synced, Failed, Interrupted},
	Processing: {Synced, Failed, Interrupted},
}

// Sources returns the states from which a verb leads to s, in a stable order.
func Sources(s State) []State { return diagram.Sources(s) }

// Final reports whether nothing leads out of the state.
func (s State) Final() bool { return diagram.Final(s) }

// Counts is the account of a page or of a run, in records. Operations counts
// what the index bills: every record sent, repeats included.
type Counts struct {
	Found      int64 `json:"found"`
	Saved      int64 `json:"saved"`
	Deleted    int64 `json:"deleted"`
	Unchanged  int64 `json:"unchanged"`
	Parked     int64 `json:"parked"`
	Operations int64 `json:"operations"`
}

// Balanced reports whether every record found has exactly one result.
func (c Counts) Balanced() bool {
	return c.Found == c.Saved+c.Deleted+c.Unchanged+c.Parked
}

// Add returns the sum of two accounts.
func (c Counts) Add(o Counts) Counts {
	return Counts{
		Found: c.Found + o.Found, Saved: c.Saved + o.Saved, Deleted: c.Deleted + o.Deleted,
		Unchanged: c.Unchanged + o.Unchanged, Parked: c.Parked + o.Parked,
		Operations: c.Operations + o.Operations,
	}
}

// String prints the account as the sum that it must be.
func (c Counts) String() string {
	return fmt.Sprintf("found %d = saved %d + deleted %d + unchanged %d + parked %d (%d operations)",
		c.Found, c.Saved, c.Deleted, c.Unchanged, c.Parked, c.Operations)
}

// Run is a row of sync_run.
type Run struct {
	ID          int64
	Entity      string
	Kind        Kind
	JobID       int64 // the job it belongs to; 0 for a window
	State       State
	ClaimID     int64  // the row of order_return_algolia_sync that was claimed
	Token       string // the claim's token, which permits writes in its name
	Window      window.Window
	PagesTotal  int
	PagesDone   int
	PagesFailed int
	Counts      Counts
	LastTaskID  int64 // the highest task id that the index gave this run
	LastError   string
	CreatedAt   time.Time
	ClosedAt    *time.Time
}

// Settled reports whether every page has ended, well or badly.
func (r Run) Settled() bool {
	return r.State == Processing && r.PagesDone+r.PagesFailed == r.PagesTotal
}

// Answer is a run in the form that functions and command line show.
type Answer struct {
	RunID       int64      `json:"runId"`
	Entity      string     `json:"entity"`
	State       State      `json:"state"`
	From        time.Time  `json:"from"`
	To          time.Time  `json:"to"`
	PagesTotal  int        `json:"pagesTotal"`
	PagesDone   int        `json:"pagesDone"`
	PagesFailed int        `json:"pagesFailed"`
	Counts      Counts     `json:"counts"`
	LastError   string     `json:"lastError,omitempty"`
	CreatedAt   time.Time  `json:"createdAt"`
	ClosedAt    *time.Time `json:"closedAt,omitempty"`
}

// Answer returns the run as an answer.
func (r Run) Answer() Answer {
	return Answer{
		RunID: r.ID, Entity: r.Entity, State: r.State, From: r.Window.From, To: r.Window.To,
		PagesTotal: r.PagesTotal, PagesDone: r.PagesDone, PagesFailed: r.PagesFailed,
		Counts: r.Counts, LastError: r.LastError, CreatedAt: r.CreatedAt, ClosedAt: r.ClosedAt,
	}
}
