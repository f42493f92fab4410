// Package cron is the function that starts syncs.
//
// Who calls it: Cloud Scheduler's job returnsUpdateCron, every 15 minutes, as
// its own service account; and people, through returnsync sync.
//
// What it does: claims the next window of every entity (or of the one named by
// ?entity=), sends the window task of all claims, and starts the tasks of silent jobs
// again. With ?jobs=1, every minute, it only looks after the jobs.
//
// A second call: of the same tick does nothing, because the claim holds the tick's
// idempotency key; while a sync is running answers "still running"; after a crash
// between claim and task sends the task again, under the same name.
package cron

import (
	"context"
	"net/http"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
)

// Function is the cron function.
var Function = wire.Function{Name: "ReturnsCron", OldPath: "/_ah/api/esb/v1/returnsCron", ByServices: true, Open: open}

// open opens the function's parts.
func open(ctx context.Context, e *wire.Env) (http.Handler, error) {
	c, err := e.Cron(ctx)
	if err != nil {
		return nil, err
	}
	return Handler(c), nil
}

// answer is what a tick did.
type answer struct {
	Started []flow.Started `json:"started"`
}

// Handler answers ticks.
func Handler(c *wire.Cron) http.Handler {
	return edge.Handle(c.Log, func(r *http.Request) (any, error) {
		tick := flow.Tick{
			Entity: r.URL.Query().Get("entity"), Occurrence: occurrence(r.Header, time.Now()),
			JobsOnly: r.URL.Query().Get("jobs") == "1", ByHand: r.Header.Get(scheduleTime) == "",
		}
		// An error is answered as to any caller: the scheduler's list of jobs shows it.
		started, err := play(r.Context(), c, tick)
		return answer{Started: started}, err
	}, http.MethodPost, http.MethodGet)
}

// play plays a tick. One by hand is audited as an act of its caller.
func play(ctx context.Context, c *wire.Cron, t flow.Tick) ([]flow.Started, error) {
	if !t.ByHand || t.JobsOnly {
		return c.Run(ctx, t)
	}
	by := operate.Actor{Who: wire.CallerOf(ctx), Via: audit.ViaCron}
	return operate.Acts{Store: c.Store, Ticker: c}.StartEntity(ctx, by, t)
}

// scheduleTime is the header in which Cloud Scheduler says when a call was due.
const scheduleTime = "X-CloudScheduler-ScheduleTime"

// clockSlack is how far the scheduler's clock may be ahead of ours.
const clockSlack = time.Minute

// occurrence returns the tick's idempotency key: the scheduler's time, which is the
// same on every retry of one tick. A forced run may carry the next tick's time. It
// gets its own key; otherwise the scheduled tick would be taken for a duplicate. A
// call that is not the scheduler's gets its own key too.
func occurrence(h http.Header, now time.Time) string {
	text := h.Get(scheduleTime)
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || at.After(now.Add(clockSlack)) {
		return "manual-" + claim.NewToken()
	}
	return at.UTC().Format(time.RFC3339Nano)
}
