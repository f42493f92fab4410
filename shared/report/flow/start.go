package flow

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/states"
)

// Starts is what starts ask of the table of reports.
type Starts interface {
	Ensure(ctx context.Context, k report.Key, z report.Zone, due time.Time) (created bool, err error)
	EnsureRun(ctx context.Context, typ string, at time.Time, z report.Zone, request string) (report.Report, error)
	Report(ctx context.Context, k report.Key) (report.Report, error)
	Waiting(ctx context.Context, typ string, bound report.Date) ([]report.Report, error)
	Start(ctx context.Context, r report.Report) (bool, error)
	Hasten(ctx context.Context, r report.Report) (bool, error)
	Repeat(ctx context.Context, r report.Report, repeating bool) (bool, error)
	Overdue(ctx context.Context, late time.Duration, limit int) ([]report.Task, error)
}

// Starter makes reports due.
type Starter struct {
	Reports Starts
	Types   Types
	Queue   queue.Sender
	Log     *slog.Logger
	Steps   states.Steps
}

// Start answers a scheduled time of a type: it makes today's report due, those that a
// person retried, and the repeats that are due, oldest first. Starting twice for one
// scheduled time starts once.
func (s *Starter) Start(ctx context.Context, typ string, z report.Zone, scheduled, now time.Time) (string, error) {
	t, err := s.Types.Named(ctx, typ)
	if err != nil {
		return "", err
	}
	if !t.Active {
		return "report type " + typ + " is inactive", nil
	}
	if err := t.Check(); err != nil {
		return "", fault.Wrap(err, fault.Misconfigured, "bad-report-type", "report type "+typ+" cannot be started")
	}
	if err := s.Types.SetZone(ctx, typ, z); err != nil {
		return "", err
	}
	bound, _ := t.RepeatBound(z, now)
	waiting, err := s.Reports.Waiting(ctx, typ, bound)
	if err != nil {
		return "", err
	}
	run, repeat := t.Plan(z, now, waiting)
	today := t.Today(z, scheduled)
	if _, err := s.Reports.Ensure(ctx, today, z, scheduled); err != nil {
		return "", err
	}
	s.Steps.At("ensured")
	for _, r := range run {
		if _, err := s.Reports.Start(ctx, r); err != nil {
			return "", err
		}
	}
	for _, r := range repeat {
		if _, err := s.Reports.Repeat(ctx, r, true); err != nil {
			return "", err
		}
	}
	s.Steps.At("started")
	keys := []report.Key{today}
	for _, r := range append(run, repeat...) {
		keys = append(keys, r.Key)
	}
	for _, k := range keys {
		if err := s.send(ctx, k); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("report %s was started, with %d retried and %d repeated", today, len(run), len(repeat)), nil
}

// Request starts a type for a request other than a scheduled time, and returns the report
// that answers it: today's of a dated type, which may be done already, and of a real-time
// type a new run. A request that is repeated starts once; request identifies it.
func (s *Starter) Request(ctx context.Context, typ, request string, now time.Time) (report.Report, error) {
	t, err := s.Types.Named(ctx, typ)
	if err != nil {
		return report.Report{}, err
	}
	if !t.Active {
		return report.Report{}, fault.New(fault.Invalid, "report-inactive", "report type %s is inactive", typ)
	}
	if t.RealTime {
		r, err := s.Reports.EnsureRun(ctx, typ, now, t.Zone, request)
		if err == nil {
			err = s.send(ctx, r.Key)
		}
		return r, err
	}
	if _, err := s.Start(ctx, typ, t.Zone, now, now); err != nil {
		return report.Report{}, err
	}
	return s.Reports.Report(ctx, t.Today(t.Zone, now))
}

// send sends the task of a report that is due now. A task that was sent for this turn
// is not sent again.
func (s *Starter) send(ctx context.Context, k report.Key) error {
	r, err := s.Reports.Report(ctx, k)
	if err != nil || !r.State.Open() || r.NextAt == nil {
		return err
	}
	return s.Queue.Send(ctx, task(k, turnName(r.Turn), time.Time{}))
}

// Run makes the report of one date due now, whatever its schedule: a new one, one that
// waits for its scheduled time, or one that is done, which is fetched anew in place. One
// that waits for its source or for a destination continues at once. A failed report is
// retried instead (Act), so that its fields stay true.
func (s *Starter) Run(ctx context.Context, k report.Key, z report.Zone, now time.Time) (string, error) {
	if _, err := s.Types.Named(ctx, k.Type); err != nil {
		return "", err
	}
	if _, err := s.Reports.Ensure(ctx, k, z, now); err != nil {
		return "", err
	}
	r, err := s.Reports.Report(ctx, k)
	if err != nil {
		return "", err
	}
	if r.State.Open() && r.NextAt != nil && r.NextAt.After(r.Now) {
		return s.hasten(ctx, r, now)
	}
	switch {
	case r.State == report.Failed:
		return "", fault.New(fault.Invalid, "report-failed", "report %s has failed: returnsync reports retry clears it", k)
	case r.State == report.Done:
		_, err = s.Reports.Repeat(ctx, r, false)
	case r.State == report.Due && r.NextAt == nil:
		_, err = s.Reports.Start(ctx, r)
	}
	if err == nil {
		err = s.send(ctx, k)
	}
	return "report " + k.String() + " was started", err
}

// hasten continues a report that waits. The task of its turn has a later time, so this one
// has a name of its own.
func (s *Starter) hasten(ctx context.Context, r report.Report, now time.Time) (string, error) {
	if _, err := s.Reports.Hasten(ctx, r); err != nil {
		return "", err
	}
	return "report " + r.String() + " continues now", s.Queue.Send(ctx, task(r.Key, fmt.Sprintf("%s-run-%d", turnName(r.Turn), now.Unix()), time.Time{}))
}

// The bounds of a sweep.
const (
	sweepLate  = time.Minute // how late a task may be
	sweepMost  = 200
	sweepEvery = 10 * time.Minute // how often the task of one turn is sent again
)

// Sweep sends the tasks of reports whose task is late: it was lost, or a process died
// before it was sent. It returns how many.
func (s *Starter) Sweep(ctx context.Context, now time.Time) (int, error) {
	late, err := s.Reports.Overdue(ctx, sweepLate, sweepMost)
	for _, t := range late {
		name := fmt.Sprintf("%s-late-%d", turnName(t.Turn), now.Unix()/int64(sweepEvery/time.Second))
		if err := s.Queue.Send(ctx, task(t.Key, name, time.Time{})); err != nil {
			return 0, err
		}
	}
	return len(late), err
}
