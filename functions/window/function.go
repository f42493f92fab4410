// Package window is the function that fixes a sync's window.
//
// Who calls it: the queue returnSync, one task a claim, as the tasks' service
// account; the queue returnSyncBackfill, one task a turn of a job; and people,
// with the owners' request for a historic sync.
//
// What it does: sets [from, to) by the source database's clock, writes the
// change list and its pages, and sends a task for each page. An empty list
// closes the run at once. A job's turn does the same for the job's next part, and
// sends the task of its next turn. A request for a historic sync becomes a
// backfill.
//
// A second call: finds the run that the first began and goes on from where it
// stopped; it never makes a second change list. A task of a claim that was taken
// over is dropped, and so is a turn that was played. The same request for a
// historic sync finds the backfill that is open.
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
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/job"
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
func Handler(w *flow.Window) http.Handler {
	return edge.HandleTask(w.Log, func(r *http.Request) (any, error) {
		body, err := edge.Body(r)
		if err != nil {
			return nil, err
		}
		switch {
		case job.IsHistoric(body):
			return requeue(r, w, body)
		case isTurn(body):
			return advance(r, w, body)
		}
		task, err := claim.ParseTask(body)
		if err != nil {
			return nil, err
		}
		began, err := w.Run(r.Context(), task)
		if err != nil {
			return nil, err
		}
		return wire.RunAnswer(began), nil
	}, http.MethodPost)
}

// isTurn reports whether a body is a job's turn, well or badly written.
func isTurn(body []byte) bool {
	var probe struct {
		JobID json.RawMessage `json:"jobId"`
	}
	return json.Unmarshal(body, &probe) == nil && probe.JobID != nil
}

// advance plays a job's turn.
func advance(r *http.Request, w *flow.Window, body []byte) (any, error) {
	task, err := job.ParseTask(body)
	if err != nil {
		return nil, err
	}
	return w.Advance(r.Context(), task, time.Now())
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
func requeue(r *http.Request, w *flow.Window, body []byte) (any, error) {
	asked, err := job.ParseHistoric(body)
	if err == nil {
		by := operate.Actor{Who: wire.CallerOf(r.Context()), Via: audit.ViaWindow}
		var j job.Job
		j, err = operate.Acts{Store: w.Store}.Backfill(r.Context(), by, asked.JobType, func() (job.Job, error) { return w.Requeue(r.Context(), asked) })
		if err == nil {
			return requeued{
				Message: "the range is synced by a backfill; look with: returnsync jobs show " + strconv.FormatInt(j.ID, 10),
				JobID:   j.ID, Entity: j.Entity, From: j.Window.From, To: j.Window.To, Roots: j.Roots,
			}, nil
		}
	}
	return nil, err
}
