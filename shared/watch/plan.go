package watch

import (
	"context"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// Fixed is the plan of entities that one job ticks together.
type Fixed time.Duration

// Plan implements Plans.
func (f Fixed) Plan(context.Context, string) (alert.Plan, error) { return alert.Every(f), nil }

// Schedules reads the table of schedules.
type Schedules interface {
	Schedules(ctx context.Context) (schedule.Poll, error)
}

// Table takes plans from the table of schedules. An entity without an enabled schedule
// is never due. Starts by scopes are not considered.
type Table struct{ From Schedules }

// Plan implements Plans.
func (t Table) Plan(ctx context.Context, name string) (alert.Plan, error) {
	poll, err := t.From.Schedules(ctx)
	if err != nil {
		return nil, err
	}
	var p scheduled
	for _, row := range poll.Rows {
		spec, ok := row.InForce()
		if ok && !spec.Disabled && spec.Kind == entity.ScheduleKind && spec.Target == name {
			p = append(p, planned{spec, row.State().Anchor})
		}
	}
	return p, nil
}

// scheduled is the plan of an entity that has schedules.
type scheduled []planned

// planned is one schedule and the time from which it counts.
type planned struct {
	spec  schedule.Spec
	since time.Time
}

// Active implements alert.Plan.
func (s scheduled) Active() bool { return len(s) > 0 }

// Period implements alert.Plan: the shortest period of the schedules.
func (s scheduled) Period() time.Duration {
	var shortest time.Duration
	for _, p := range s {
		if d := p.period(); shortest == 0 || d < shortest {
			shortest = d
		}
	}
	return shortest
}

// Due implements alert.Plan.
func (s scheduled) Due(at time.Time) time.Time {
	var newest time.Time
	for _, p := range s {
		if due := p.due(at); due.After(newest) {
			newest = due
		}
	}
	return newest
}

// period is the time between two starts.
func (p planned) period() time.Duration {
	switch p.spec.Run {
	case schedule.Interval:
		return time.Duration(p.spec.Minutes) * time.Minute
	case schedule.Weekly:
		return 7 * 24 * time.Hour
	}
	return 24 * time.Hour
}

// due returns the newest start at or before a time, the zero time if the start precedes
// the schedule. An Interval is due at any time.
func (p planned) due(at time.Time) time.Time {
	if p.spec.Run != schedule.Interval {
		at, _ = p.spec.Due(schedule.State{}, at)
	}
	if at.Before(p.since) {
		return time.Time{}
	}
	return at
}
