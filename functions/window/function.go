// Package window is the function that fixes a sync's window.
//
// Who calls it: the queue returnSync, one task a claim, as the tasks' service
// account.
//
// What it does: sets [from, to) by the source database's clock, writes the
// change list and its pages, and sends a task for each page. An empty list
// closes the run at once.
//
// A second call: finds the run that the first began and goes on from where it
// stopped; it never makes a second change list. A task of a claim that was taken
// over is dropped.
package window

import (
	"context"
	"net/http"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/flow"
)

// Function is the window function.
var Function = wire.Function{Name: "ReturnUpdatedTaskQueue", OldPath: "/_ah/api/esb/v1/returnUpdatedTaskQueue", Open: open}

// open opens the function's parts.
func open(ctx context.Context, e *wire.Env) (http.Handler, error) {
	w, err := e.Window(ctx)
	if err != nil {
		return nil, err
	}
	return Handler(w), nil
}

// Handler answers window tasks.
func Handler(w *flow.Window) http.Handler {
	return edge.Handle(w.Log, func(r *http.Request) (any, error) {
		body, err := edge.Body(r)
		if err != nil {
			return nil, err
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
