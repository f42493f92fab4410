// Package transfer is the function that works transfer jobs off.
//
// Who calls it: the queue transfer, a task for jobs that came or are due, as the tasks'
// service account; and Cloud Scheduler's job returnsTransfer every minute, which finds
// what no task announced: jobs of a worker that died, and the end of a lock.
//
// What it does: it takes the lease, works off what there is for a bounded time, copies
// finished jobs to the online side, and asks for the next turn where jobs are left.
//
// A second call: while another one holds the lease it does nothing, because the holder
// asks for what is left; afterwards it finds nothing to do. A job whose worker died is
// taken up again, and each side is written once.
package transfer

import (
	"context"
	"log/slog"
	"net/http"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/worker"
)

// Name is the function's name.
const Name = "WorkTransfers"

// Parts are what the function works with.
type Parts struct {
	Turn func(ctx context.Context) (worker.Turned, error)
	Log  *slog.Logger
}

// Function returns the function; open opens its parts.
func Function(open func(ctx context.Context, e *wire.Env) (Parts, error)) wire.Function {
	return wire.Function{Name: Name, ByServices: true, Open: func(ctx context.Context, e *wire.Env) (http.Handler, error) {
		p, err := open(ctx, e)
		if err != nil {
			return nil, err
		}
		return Handler(p), nil
	}}
}

// answer is the outcome of a call.
type answer struct {
	Outcome string `json:"outcome"`
	Jobs    int64  `json:"jobs"`
	Copies  int64  `json:"copies"`
	Again   string `json:"again,omitempty"` // when the next turn was asked for
}

// Handler answers tasks and the scheduler.
func Handler(p Parts) http.Handler {
	return edge.HandleTask(p.Log, func(r *http.Request) (any, error) {
		done, err := p.Turn(r.Context())
		if err != nil {
			return nil, err
		}
		a := answer{Outcome: "worked", Jobs: done.Jobs, Copies: done.Copies}
		switch {
		case done.Locked && !done.Held:
			a.Outcome = "locked: the clocks differ"
		case !done.Held:
			a.Outcome = "another process works"
		}
		if done.Again != nil {
			a.Again = done.Again.UTC().Format("2006-01-02T15:04:05Z")
		}
		return a, nil
	}, http.MethodPost)
}
