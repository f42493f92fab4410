package wire

import (
	"cmp"
	"context"
	"errors"
	"log/slog"

	"gitlab.com/eshopbox-team/return-sync/shared/queue/cloudtasks"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule/cloudscheduler"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule/schedulestore"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// Schedules holds the parts of the schedules function.
type Schedules struct {
	Reconciler *schedule.Reconciler
	Firer      *schedule.Firer
	// Scopes are swept each minute, so that a lost one is reported without a reader.
	Scopes *member.Scopes
	Log    *slog.Logger
}

// Schedules opens the schedules function's parts. The function starts targets in
// its own process, by the rules and with the queue of the cron function: a call of
// that function would need an address and an identity more, and could fail.
func (e *Env) Schedules(ctx context.Context) (*Schedules, error) {
	scopes, err := e.FlowScopes(ctx)
	var jobs cloudscheduler.Config // read once more below; here so that one error lists all missing settings
	if err = errors.Join(err, Configure(ctx, e.Lookup, &jobs)); err != nil {
		return nil, err
	}
	s := &Schedules{Log: e.Log, Scopes: scopes}
	if s.Reconciler, err = e.Reconciler(ctx, scopes.DB, scopes.Entities); err != nil {
		return nil, err
	}
	kinds, err := e.kinds(ctx, scopes.DB.Pool(), ScheduleKinds(scopes.Entities, scopes), true)
	s.Firer = &schedule.Firer{Table: schedulestore.New(scopes.DB.Pool()), Kinds: kinds, Log: s.Reconciler.Log}
	return s, err
}

// Reconciler opens the reconciler of the table of schedules with the scheduler's
// jobs.
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
	table := schedulestore.New(db.Pool())
	kinds, err := e.Checking(ctx, db.Pool(), entities)
	return &schedule.Reconciler{
		Table: table, Jobs: jobs, Kinds: kinds, Prefix: cfg.Installation + cfg.Prefix, URL: cfg.URL, ServiceAccount: cfg.ServiceAccount,
		Log: schedule.Log{Keep: table.LogSchedule, Print: e.Log},
	}, err
}
