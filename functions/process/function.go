// Package process is the function that works a page off.
//
// Who calls it: the queue returnSyncProcessing, one task a page, as the tasks'
// service account.
//
// What it does: reads the page's rows, pushes the records that differ from the
// ledger, reads the rows' versions again, accounts for every record, and closes the
// run if this was its last page.
//
// A second call: for a page that is done checks whether the run is still to be
// closed; for a page that another delivery holds answers 503, so that the queue
// tries again; for a page whose holder died takes it over. A task of an unknown or
// closed run is dropped.
package process

import (
	"context"
	"net/http"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/metrics"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
)

// Function is the process function.
var Function = wire.Function{Name: "ReturnUpdateProcessingQueue", OldPath: "/_ah/api/esb/v1/returnUpdateProcessingQueue", ByServices: true, Open: open}

// open opens the function's parts.
func open(ctx context.Context, e *wire.Env) (http.Handler, error) {
	p, err := e.Process(ctx)
	if err != nil {
		return nil, err
	}
	pages, err := metrics.NewPages(wire.Meter(e))
	return Handler(p, pages), err
}

// Handler answers page tasks and measures them.
func Handler(p *flow.Process, pages *metrics.Pages) http.Handler {
	return edge.HandleTask(p.Log, func(r *http.Request) (any, error) {
		body, err := edge.Body(r)
		if err != nil {
			return nil, err
		}
		task, err := page.ParseTask(body)
		if err != nil {
			return nil, err
		}
		began := time.Now()
		worked, err := p.Run(r.Context(), task, began)
		pages.Done(r.Context(), worked.Entity, err, time.Since(began))
		if err != nil {
			return nil, err
		}
		return worked.Answer(), nil
	}, http.MethodPost)
}
