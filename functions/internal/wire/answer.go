package wire

import (
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// Answer is a run in the form that functions and command line show.
type Answer struct {
	RunID       int64      `json:"runId"`
	Entity      string     `json:"entity"`
	State       run.State  `json:"state"`
	From        time.Time  `json:"from"`
	To          time.Time  `json:"to"`
	PagesTotal  int        `json:"pagesTotal"`
	PagesDone   int        `json:"pagesDone"`
	PagesFailed int        `json:"pagesFailed"`
	Counts      run.Counts `json:"counts"`
	LastError   string     `json:"lastError,omitempty"`
	CreatedAt   time.Time  `json:"createdAt"`
	ClosedAt    *time.Time `json:"closedAt,omitempty"`
}

// RunAnswer returns a run's answer.
func RunAnswer(r run.Run) Answer {
	return Answer{
		RunID: r.ID, Entity: r.Entity, State: r.State, From: r.Window.From, To: r.Window.To,
		PagesTotal: r.PagesTotal, PagesDone: r.PagesDone, PagesFailed: r.PagesFailed,
		Counts: r.Counts, LastError: r.LastError, CreatedAt: r.CreatedAt, ClosedAt: r.ClosedAt,
	}
}
