package wire

import (
	"context"
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
)

// Checking returns the kinds of all wings in use for a program that checks schedules
// and starts none.
func (e *Env) Checking(ctx context.Context, pool *sqldb.DB, entities entity.List) (schedule.Kinds, error) {
	return e.kinds(ctx, pool, ScheduleKinds(entities, nil), false)
}

// ScheduleKinds returns the kinds of targets that belong to the sync wing. Without
// scopes they can be checked, not started.
func ScheduleKinds(entities entity.List, scopes *member.Scopes) schedule.Kinds {
	kinds := schedule.Kinds{
		{Name: entity.ScheduleKind, Entity: true, Check: func(_ context.Context, target string) error {
			_, err := entities.Named(target)
			return err
		}},
		// A scope need not exist yet; one without members fails when it is to start.
		{Name: scope.ScheduleKind, Check: func(_ context.Context, target string) error { return scope.CheckID(target, "target") }},
	}
	if scopes != nil {
		kinds[0].Start = entityStart(scopes.Ticker)
		kinds[1].Start = func(ctx context.Context, s schedule.Spec, key string) (string, error) {
			return scopes.StartScheduled(ctx, s.Target, key)
		}
	}
	return kinds
}

// ticker ticks entities, as the cron function does.
type ticker interface {
	Run(ctx context.Context, t flow.Tick) ([]flow.Started, error)
}

// entityStart returns what starts a schedule's entity.
func entityStart(cron ticker) func(context.Context, schedule.Spec, string) (string, error) {
	return func(ctx context.Context, s schedule.Spec, key string) (string, error) {
		started, err := cron.Run(ctx, flow.Tick{Entity: s.Target, Occurrence: key})
		if err != nil {
			return "", err
		}
		if len(started) != 1 {
			return "", fault.New(fault.Internal, "tick", "a tick of %s answered for %d entities", s.Target, len(started))
		}
		return fmt.Sprintf("%s: %s", s.Target, started[0].Message), nil
	}
}
