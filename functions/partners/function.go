// Package partners is the function that syncs with partners' servers.
//
// Who calls it: the queue exchange, one task a start of a sync, as the tasks' service
// account. Schedules, scopes and the console start syncs so, because none of them has the
// secrets and the hour that a session with a partner may take.
//
// What it does: it syncs with the partner of a start, or with all partners, and keeps the
// report with the start. A session that broke off is tried again; the next attempt
// continues with what has been staged.
//
// A second call: of a start that has ended does nothing; beside another sync with the
// partner it is put off with 503; of a start whose process died continues its work.
package partners

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Name is the function's name.
const Name = "SyncPartners"

// Syncer syncs with one partner or with all.
type Syncer interface {
	Sync(ctx context.Context, partner exchange.Company, sub exchange.ID, test bool) (exchange.Report, error)
	SyncAll(ctx context.Context, test bool) ([]exchange.Report, error)
}

// Parts are what the function works with.
type Parts struct {
	Store  *store.Store
	Syncer Syncer
	Log    *slog.Logger
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

// Task is the body of a task.
type Task struct {
	Start int64 `json:"start"` // the row's id
}

// answer is the outcome of a delivery.
type answer struct {
	Message string `json:"message"`
}

// Handler answers tasks.
func Handler(p Parts) http.Handler {
	return edge.HandleTask(p.Log, func(r *http.Request) (any, error) {
		body, err := edge.Body(r)
		if err != nil {
			return nil, err
		}
		var task Task
		if err := json.Unmarshal(body, &task); err != nil || task.Start < 1 {
			return nil, fault.New(fault.Invalid, "bad-task", `the body is not {"start": number}`)
		}
		start, err := p.Store.Starts.Start(r.Context(), task.Start)
		if err != nil {
			return nil, err
		}
		if start.Ended() {
			return answer{"it has ended before: " + start.State}, nil
		}
		return p.carryOut(r.Context(), start)
	}, http.MethodPost)
}

// mostAttempts is how often a sync is tried whose session breaks off.
const mostAttempts = 3

// carryOut makes one attempt at a start.
func (p Parts) carryOut(ctx context.Context, start store.Start) (any, error) {
	if err := p.Store.Starts.Attempt(ctx, start.ID); err != nil {
		return nil, err
	}
	reports, err := p.sync(ctx, start)
	if fault.KindOf(err) == fault.Superseded && fault.CodeOf(err) == "sync-running" || err != nil && fault.Retryable(err) {
		return nil, fault.Wrap(err, fault.Retry, "sync-put-off", "the sync is put off")
	}
	reason := reasonOf(reports, err)
	if ctx.Err() != nil || broken(reports) && start.Attempts+1 < mostAttempts {
		return nil, fault.New(fault.Retry, "sync-broke-off", "the sync broke off and is tried again: %s", reason)
	}
	// The partner knows the outcome by now, so it is kept even if the queue has gone away.
	if err := p.Store.Starts.EndStart(context.WithoutCancel(ctx), start.ID, reason, reports); err != nil {
		return nil, err
	}
	if reason == "" {
		reason = "synced"
	}
	return answer{reason}, nil
}

// sync syncs what a start is about.
func (p Parts) sync(ctx context.Context, start store.Start) ([]exchange.Report, error) {
	if start.Company == exchange.First {
		return p.Syncer.SyncAll(ctx, start.Test)
	}
	partner, err := p.Store.Companies.Company(ctx, start.Company)
	if err != nil {
		return nil, err
	}
	report, err := p.Syncer.Sync(ctx, partner, start.Sub, start.Test)
	if err != nil {
		return nil, err
	}
	return []exchange.Report{report}, nil
}

// broken reports whether a session ended before its subscriptions did.
func broken(reports []exchange.Report) bool {
	for _, r := range reports {
		if r.Error != "" {
			return true
		}
	}
	return false
}

// reasonOf returns why a start failed, empty if it did not.
func reasonOf(reports []exchange.Report, err error) string {
	if err != nil {
		return err.Error()
	}
	for _, r := range reports {
		switch n := r.Failures(); {
		case r.Error != "":
			return r.Partner.Name + ": " + r.Error
		case n > 0:
			return fmt.Sprintf("%s: %d of %d subscriptions failed", r.Partner.Name, n, len(r.Results))
		}
	}
	return ""
}
