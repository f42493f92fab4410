// Package watch is the function that looks after the syncs and tells people.
//
// Who calls it: Cloud Scheduler's job returnsWatch, every minute, as its own
// service account. It is a service and a schedule of its own, so that it is still
// there when what it watches is not.
//
// What it does: asks the live index how many records and which settings it has and
// keeps the answer, reads what the syncs have left in our tables, opens and closes
// alerts, and sends what is to be told.
//
// A second call: tells nothing twice, because an alert is open once and a message
// is sent by whoever takes it; what could not be sent is sent by a later call.
package watch

import (
	"context"
	"net/http"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/watch"
)

// Function is the watch function.
var Function = wire.Function{Name: "WatchSyncs", ByServices: true, Open: open}

// open opens the function's parts.
func open(ctx context.Context, e *wire.Env) (http.Handler, error) {
	w, err := e.Watch(ctx)
	if err != nil {
		return nil, err
	}
	return Handler(w), nil
}

// Handler answers the scheduler's calls.
func Handler(w *watch.Watcher) http.Handler {
	return edge.Handle(w.Log, func(r *http.Request) (any, error) {
		return w.Round(r.Context())
	}, http.MethodPost)
}
