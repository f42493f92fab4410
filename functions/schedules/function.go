// Package schedules is the function that keeps the table of schedules.
//
// Who calls it: Cloud Scheduler's job returnsSchedules, every minute, and the
// jobs that this function keeps there itself, one a schedule, with ?fire= and
// the schedule's number; people force such a job to start its target now. All
// of them come as the scheduler's service account.
//
// What it does: without ?fire= it brings the jobs to what the table asks for,
// says in each row why it is rejected if it is, and makes up for starts that
// were missed. With ?fire= it starts the schedule's entity or scope, if the row
// says that it is due.
//
// A second call: reconciling twice, or twice at once, changes nothing and tells
// each change once. An occurrence is started once: whoever takes it in the row
// starts it, and if that one dies a later call does, with the same key.
//
// The jobs call this function and not the cron function, because only the row
// knows what is due: cron expressions cannot say every 90 minutes, and a job may
// be a minute older than its row. Nothing but this function may change jobs.
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

// answer is what reconciling did.
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
			return nil, fault.New(fault.Invalid, "bad-schedule", "fire is no schedule's number").WithParam("fire")
		}
		done, err := fire(r.Context(), s, schedule.Knock{ID: id, At: tick(r.Header, now), Now: now})
		if err == nil {
			s.Log.InfoContext(r.Context(), "a schedule's job knocked", "schedule", id, "started", done.Started, "message", done.Message)
		}
		return done, retryable(err)
	}, http.MethodPost)
}

// fire answers the call of a schedule's job. One by hand is audited as an act of its caller.
func fire(ctx context.Context, s *wire.Schedules, k schedule.Knock) (done schedule.Fired, err error) {
	if !k.At.IsZero() {
		return s.Firer.Fire(ctx, k)
	}
	by := operate.Actor{Who: wire.CallerOf(ctx), Via: audit.ViaSchedules}
	entry := audit.Entry{Action: operate.FireSchedule, Object: operate.ScheduleLabel(k.ID, "")}
	err = operate.Audited(ctx, audit.New(s.Scopes.Targets.Pool()), by, entry, func(entry *audit.Entry) (err error) {
		done, err = s.Firer.Fire(ctx, k)
		entry.New = done.Message
		return err
	})
	return done, err
}

// reconcile looks at the table once. What could be reconciled is made up for
// even if something else could not.
func reconcile(ctx context.Context, s *wire.Schedules, now time.Time) (any, error) {
	done, err := s.Reconciler.Run(ctx, now)
	madeUp, missed := s.Firer.MakeUp(ctx, done.Rows, now)
	return answer{Reconciled: done, MadeUp: madeUp}, retryable(errors.Join(err, missed, s.Scopes.Sweep(ctx)))
}

// retryable makes several errors one that the scheduler repeats.
func retryable(err error) error {
	return fault.Wrap(err, fault.Retry, "schedules", "the schedules could not be kept; the next minute tries again")
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
