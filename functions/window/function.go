// Package window is the function that fixes a sync's window.
//
// Who calls it: the queue returnSync, one task for the claims of a tick, as the tasks' service
// account; the queue returnSyncBackfill, one task a turn of a job; and people,
// with the owners' request for a historic sync.
//
// What it does: sets [from, to) by the source database's clock, writes the
// change list and its pages, and sends a task for each page. An empty list
// closes the run at once. The task of several claims closes those that are idle and
// sends the others a task each. A job's turn does the same for the job's next part, and
// sends the task of its next turn. A request for a historic sync becomes a
// backfill.
//
// A second call: finds the run that the first began and continues from where that
// stopped; it never makes a second change list. A task of a claim that was taken
// over is dropped, and so is a turn that was played. The same request for a
// historic sync returns the open backfill.
package window

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
)

// Function is the window function.
var Function = wire.Function{Name: "ReturnUpdatedTaskQueue", OldPath: "/_ah/api/esb/v1/returnUpdatedTaskQueue", ByServices: true, Open: open}

// open opens the function's parts.
func open(ctx context.Context, e *wire.Env) (http.Handler, error) {
	w, err := e.Window(ctx)
	if err != nil {
		return nil, err
	}
	return Handler(w), nil
}

// Handler answers window tasks, jobs' turns and requests for a historic sync.
func Handler(w *wire.Window) http.Handler {
	return edge.HandleTask(w.Log, func(r *http.Request) (any, error) {
		body, err := edge.Body(r)
		if err != nil {
			return nil, err
		}
		switch historic, turn := kindOf(body); {
		case historic:
			return requeue(r, w, body)
		case turn:
			return advance(r, w, body)
		}
		tasks, err := claim.ParseTasks(body)
		if err != nil {
			return nil, err
		}
		return w.Play(r.Context(), tasks)
	}, http.MethodPost)
}

// kindOf reports whether a body asks for a historic sync, or is a job's turn, well or
// badly written. A claim's task has none of these words.
func kindOf(body []byte) (historic, turn bool) {
	var words struct {
		Data     json.RawMessage `json:"data"`
		Historic json.RawMessage `json:"isHistoricSync"`
		JobID    json.RawMessage `json:"jobId"`
	}
	if json.Unmarshal(body, &words) != nil {
		return false, false
	}
	return words.Data != nil || words.Historic != nil, words.JobID != nil
}

// advance plays a job's turn.
func advance(r *http.Request, w *wire.Window, body []byte) (any, error) {
	task, err := rework.ParseTask(body)
	if err != nil {
		return nil, err
	}
	return w.Jobs.Advance(r.Context(), task, time.Now())
}

// requeued is the answer to a request for a historic sync.
type requeued struct {
	Message string    `json:"message"`
	JobID   int64     `json:"jobId"`
	Entity  string    `json:"entity"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Roots   int64     `json:"roots"`
}

// requeue makes a backfill of a request.
func requeue(r *http.Request, w *wire.Window, body []byte) (any, error) {
	asked, err := rework.ParseHistoric(body)
	if err == nil {
		by := operate.Actor{Who: wire.CallerOf(r.Context()), Via: audit.ViaWindow}
		var j rework.Job
		j, err = operate.Acts{Store: w.Store}.Backfill(r.Context(), by, asked.JobType, func() (rework.Job, error) { return w.Jobs.Requeue(r.Context(), asked) })
		if err == nil {
			return requeued{
				Message: "the range is synced by a backfill; see returnsync jobs show " + strconv.FormatInt(j.ID, 10),
				JobID:   j.ID, Entity: j.Entity, From: j.Window.From, To: j.Window.To, Roots: j.Roots,
			}, nil
		}
	}
	return nil, err
}
