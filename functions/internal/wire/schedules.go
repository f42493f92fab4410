package wire

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/cloudtasks"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule/cloudscheduler"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// Schedules is the parts of the schedules function.
type Schedules struct {
	Reconciler *schedule.Reconciler
	Firer      *schedule.Firer
	// Scopes are swept each minute, so that a lost one is told without a reader.
	Scopes *member.Scopes
	Log    *slog.Logger
}

// Schedules opens the schedules function's parts. What it starts it starts in
// its own process, by the rules and with the queue of the cron function: another
// hop would need an address and an identity more, and could fail in between.
func (e *Env) Schedules(ctx context.Context) (*Schedules, error) {
	scopes, err := e.FlowScopes(ctx)
	var jobs cloudscheduler.Config // read once more below; here for all that is missing to be told at once
	if err = errors.Join(err, Configure(ctx, e.Lookup, &jobs)); err != nil {
		return nil, err
	}
	s := &Schedules{Log: e.Log, Scopes: scopes}
	if s.Reconciler, err = e.Reconciler(ctx, scopes.Store, scopes.Entities); err != nil {
		return nil, err
	}
	s.Firer = &schedule.Firer{Table: scopes.Store, Starter: starter{scopes}, Log: s.Reconciler.Log}
	return s, nil
}

// Reconciler opens what brings the scheduler's jobs to the table of schedules.
func (e *Env) Reconciler(ctx context.Context, db *store.DB, entities entity.List) (*schedule.Reconciler, error) {
	var cfg cloudscheduler.Config
	var tasks struct {
		Location string `env:"TASKS_LOCATION"`
	}
	if err := Configure(ctx, e.Lookup, &cfg, &tasks); err != nil {
		return nil, err
	}
	parent := cmp.Or(cfg.Parent, tasks.Location)
	if parent == "" {
		return nil, errors.New("the configuration is not complete:\n  SCHEDULER_LOCATION is missing: projects/P/locations/L of the scheduler's jobs")
	}
	jobs, err := cloudscheduler.Open(ctx, parent, cloudtasks.EmulatorOptions(cfg.Emulator)...)
	if err != nil {
		return nil, err
	}
	e.closing(jobs.Close)
	return &schedule.Reconciler{
		Table: db, Jobs: jobs, Known: KnownTarget(entities), Prefix: cfg.Installation + cfg.Prefix, URL: cfg.URL, ServiceAccount: cfg.ServiceAccount,
		Log: schedule.Log{Keep: db.LogSchedule, Print: e.Log},
	}, nil
}

// KnownTarget returns what says why a schedule's target cannot be started. A
// scope need not be there yet; one without members fails when it is to start.
func KnownTarget(entities entity.List) func(ctx context.Context, kind, target string) error {
	return func(_ context.Context, kind, target string) error {
		if kind == schedule.Scope {
			return scope.CheckID(target, "target")
		}
		_, err := entities.Named(target)
		return err
	}
}

// starter starts what schedules name.
type starter struct{ scopes *member.Scopes }

// Start implements schedule.Starter.
func (s starter) Start(ctx context.Context, what schedule.Spec, key string) (string, error) {
	if what.Kind == schedule.Scope {
		return s.scopes.StartScheduled(ctx, what.Target, key)
	}
	started, err := s.scopes.Ticker.Run(ctx, flow.Tick{Entity: what.Target, Occurrence: key})
	if err != nil {
		return "", err
	}
	if len(started) != 1 {
		return "", fault.New(fault.Internal, "tick", "a tick of %s answered for %d entities", what.Target, len(started))
	}
	return fmt.Sprintf("%s: %s", what.Target, started[0].Message), nil
}
