// Package watch is the function that checks the syncs and alerts people.
//
// Who calls it: Cloud Scheduler's job returnsWatch, every minute, as its own service
// account. Service and schedule are its own, so that the watcher survives an outage of
// the functions that it watches.
//
// What it does: asks the live index for its number of records and its settings and
// stores the answer, reads the rows of the syncs in our tables, opens and closes alerts,
// and sends their messages.
//
// A second call: repeats no message, because an alert is open once and one call takes
// each outbox row; a later call sends a message that failed.
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
