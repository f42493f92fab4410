package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Firings is the rows as the Firer sees them.
type Firings interface {
	// Schedule reads one row; its absence is a fault.NotFound.
	Schedule(ctx context.Context, id int64) (Row, error)
	// Fire takes an occurrence; false means that another call has it or had it, or
	// that the row has changed since it was read.
	Fire(ctx context.Context, f Firing) (bool, error)
	// Fired ends an occurrence that Fire took: it is over, or free again.
	Fired(ctx context.Context, f Firing, over bool) error
}

// Firing is the right to start one occurrence.
type Firing struct {
	ID         int64
	Applied    string // the Spec by which the occurrence is due, as text
	Occurrence time.Time
	Now        time.Time
	Lease      time.Duration // after it, a taken occurrence is free again
}

// Firer starts the occurrences that are due.
type Firer struct {
	Table Firings
	Kinds Kinds
	Log   Log
}

// Trigger is a call of a job.
type Trigger struct {
	ID int64
	// At is the tick that the scheduler delivers; the zero time is a call by
	// hand, which is no occurrence.
	At  time.Time
	Now time.Time
}

// Fired is the result of a trigger.
type Fired struct {
	Schedule   int64      `json:"schedule"`
	Started    bool       `json:"started"`
	Occurrence *time.Time `json:"occurrence,omitempty"`
	Message    string     `json:"message"`
}

// firingLease bounds the start of a target; grace is how late a trigger may be
// before MakeUp starts its occurrence.
const (
	firingLease = 2 * time.Minute
	grace       = 2 * time.Minute
)

// Fire answers a trigger.
func (f *Firer) Fire(ctx context.Context, call Trigger) (Fired, error) {
	row, err := f.Table.Schedule(ctx, call.ID)
	if fault.KindOf(err) == fault.NotFound {
		return Fired{Schedule: call.ID, Message: "the schedule was deleted; its job will be too"}, nil
	}
	if err != nil {
		return Fired{}, err
	}
	s, ok := row.InForce()
	switch {
	case !ok:
		return Fired{Schedule: call.ID, Message: "the schedule has not come into force"}, nil
	case s.Disabled:
		return Fired{Schedule: call.ID, Message: "the schedule is disabled"}, nil
	case call.At.IsZero():
		return f.byHand(ctx, s, call)
	}
	// A tick's time may be ahead of our clock. A late tick starts the newest
	// occurrence that is due, which stands for all before it.
	t := call.Now
	if call.At.After(t) {
		t = call.At
	}
	at, due := s.Due(row.State(), t)
	if !due {
		return Fired{Schedule: call.ID, Message: "nothing is due before " + s.Next(row.State(), t).Format(time.RFC3339)}, nil
	}
	return f.start(ctx, s, Firing{ID: call.ID, Applied: row.Applied, Occurrence: at, Now: call.Now, Lease: firingLease})
}

// byHand starts the target outside of the schedule.
func (f *Firer) byHand(ctx context.Context, s Spec, call Trigger) (Fired, error) {
	message, err := f.Kinds.start(ctx, s, fmt.Sprintf("manual-schedule-%d-%d", s.ID, call.Now.UnixNano()))
	if err != nil {
		return Fired{}, err
	}
	return Fired{Schedule: call.ID, Started: true, Message: "by hand: " + message}, nil
}

// start starts the target of an occurrence. The occurrence is taken first and over
// only when the target was started: a process that dies in between leaves a lease
// that runs out, and the next call starts the target with the same key.
func (f *Firer) start(ctx context.Context, s Spec, firing Firing) (Fired, error) {
	took, err := f.Table.Fire(ctx, firing)
	if err != nil {
		return Fired{}, err
	}
	done := Fired{Schedule: s.ID, Occurrence: &firing.Occurrence}
	if !took {
		done.Message = "another call has started it, or the schedule has just changed"
		return done, nil
	}
	// Two schedules of one target at one time have one key, and start it once.
	done.Message, err = f.Kinds.start(ctx, s, "schedule-"+firing.Occurrence.Format(time.RFC3339))
	hopeless := err != nil && !fault.Retryable(err)
	if hopeless {
		done.Message = err.Error()
		f.Log.report(ctx, Entry{At: firing.Now, Level: slog.LevelError, Entity: f.Kinds.entity(s),
			Message: fmt.Sprintf("schedule %d could not start %s %s: %v", s.ID, s.Kind, s.Target, err)})
	}
	over := err == nil || hopeless
	if endErr := f.Table.Fired(context.WithoutCancel(ctx), firing, over); endErr != nil || !over {
		return Fired{}, errors.Join(err, endErr)
	}
	done.Started = !hopeless
	return done, nil
}

// MakeUp starts the newest missed occurrence of each row, once, if it was due some
// time ago. It returns how many it started.
func (f *Firer) MakeUp(ctx context.Context, rows []Row, now time.Time) (int, error) {
	started := 0
	var problems []error
	for _, row := range rows {
		s, ok := row.InForce()
		if !ok {
			continue
		}
		at, due := s.Due(row.State(), now.Add(-grace))
		if !due {
			continue
		}
		done, err := f.start(ctx, s, Firing{ID: row.ID, Applied: row.Applied, Occurrence: at, Now: now, Lease: firingLease})
		if err != nil {
			problems = append(problems, fmt.Errorf("schedule %d: %w", row.ID, err))
			continue
		}
		if done.Started {
			started++
			f.Log.report(ctx, Entry{At: now, Level: slog.LevelWarn, Entity: f.Kinds.entity(s),
				Message: fmt.Sprintf("schedule %d was made up for: its start of %s was missed", s.ID, at.Format(time.RFC3339))})
		}
	}
	return started, errors.Join(problems...)
}
