// Package schedules is the function that keeps the table of schedules.
//
// Who calls it: Cloud Scheduler's job returnsSchedules, every minute, and the
// jobs that this function keeps there itself, one a schedule, with ?fire= and
// the schedule's number; people force such a job to start its target now. All
// of them come as the scheduler's service account.
//
// What it does: without ?fire= it makes the jobs match the table, writes into each
// rejected row why it is rejected, and makes up for missed starts. With ?fire= it
// starts the schedule's target, if the row says that it is due.
//
// A second call: reconciling twice, or twice at once, changes nothing and logs each
// change once. An occurrence is started once: the call that takes it in the row
// starts it, and if that call dies a later one does, with the same key.
//
// The jobs call this function and not the cron function, because the row alone
// decides what is due: cron expressions cannot say every 90 minutes, and a job may
// be a minute older than its row. Only this function may change the jobs.
package schedules

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
)

// Function is the schedules function.
var Function = wire.Function{Name: "ReconcileSchedules", ByServices: true, Open: open}

// open opens the function's parts.
func open(ctx context.Context, e *wire.Env) (http.Handler, error) {
	s, err := e.Schedules(ctx)
	if err != nil {
		return nil, err
	}
	return Handler(s, time.Now), nil
}

// answer is the result of reconciling.
type answer struct {
	schedule.Reconciled
	MadeUp int `json:"madeUp"`
}

// Handler answers the scheduler's calls.
func Handler(s *wire.Schedules, clock func() time.Time) http.Handler {
	return edge.Handle(s.Log, func(r *http.Request) (any, error) {
		now := clock().UTC()
		if !r.URL.Query().Has("fire") {
			return reconcile(r.Context(), s, now)
		}
		id, err := strconv.ParseInt(r.URL.Query().Get("fire"), 10, 64)
		if err != nil {
			return nil, fault.New(fault.Invalid, "bad-schedule", "fire must be the number of a schedule").WithParam("fire")
		}
		done, err := fire(r.Context(), s, schedule.Trigger{ID: id, At: tick(r.Header, now), Now: now})
		if err == nil {
			s.Log.InfoContext(r.Context(), "a schedule's job triggered a check", "schedule", id, "started", done.Started, "message", done.Message)
		}
		return done, retryable(err)
	}, http.MethodPost)
}

// fire answers the call of a schedule's job. One by hand is audited as an act of its caller.
func fire(ctx context.Context, s *wire.Schedules, call schedule.Trigger) (done schedule.Fired, err error) {
	if !call.At.IsZero() {
		return s.Firer.Fire(ctx, call)
	}
	by := operate.Actor{Who: wire.CallerOf(ctx), Via: audit.ViaSchedules}
	entry := audit.Entry{Action: operate.FireSchedule, Object: operate.ScheduleLabel(call.ID, "")}
	err = operate.Audited(ctx, audit.New(s.Scopes.DB.Pool()), by, entry, func(entry *audit.Entry) (err error) {
		done, err = s.Firer.Fire(ctx, call)
		entry.New = done.Message
		return err
	})
	return done, err
}

// reconcile reconciles once. Missed starts of the rows that could be reconciled are
// made up for even if other rows could not.
func reconcile(ctx context.Context, s *wire.Schedules, now time.Time) (any, error) {
	done, err := s.Reconciler.Run(ctx, now)
	madeUp, missed := s.Firer.MakeUp(ctx, done.Rows, now)
	return answer{Reconciled: done, MadeUp: madeUp}, retryable(errors.Join(err, missed, s.Scopes.Sweep(ctx)))
}

// retryable wraps errors so that the scheduler repeats the call.
func retryable(err error) error {
	return fault.Wrap(err, fault.Retry, "schedules", "the schedules could not be reconciled; the next minute tries again")
}

// clockSlack is how far the scheduler's clock may be ahead of ours. It is short,
// because a forced run in the last moment before a tick is taken for the tick.
const clockSlack = 10 * time.Second

// tick returns the tick that a call delivers, the zero time for a call by hand:
// a forced run carries the time of the tick to come.
func tick(h http.Header, now time.Time) time.Time {
	at, err := time.Parse(time.RFC3339Nano, h.Get("X-CloudScheduler-ScheduleTime"))
	if err != nil || at.After(now.Add(clockSlack)) {
		return time.Time{}
	}
	return at.UTC()
}
