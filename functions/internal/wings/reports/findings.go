package reports

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/heartbeat"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/store"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule/schedulestore"
)

// failedKind is the kind of the finding that a report is absent.
const failedKind judge.Kind = "report-failed"

// occurrence returns the scheduled time that a start's key names, now for a key of
// another form.
func occurrence(key string, now time.Time) time.Time {
	at, err := time.Parse(time.RFC3339, strings.TrimPrefix(key, "schedule-"))
	if err != nil {
		return now
	}
	return at
}

// findings opens the reader of absent reports.
func findings(_ context.Context, o wire.Opening) (func(context.Context) ([]judge.Further, error), error) {
	tables, schedules, beats := store.New(o.Pool), schedulestore.New(o.Pool), heartbeat.New(o.Pool)
	return func(ctx context.Context) ([]judge.Further, error) {
		list, err := beats.Heartbeats(ctx)
		if err != nil {
			return nil, err
		}
		poll, err := schedules.Schedules(ctx)
		if err != nil {
			return nil, err
		}
		types, err := tables.Types.List(ctx)
		if err != nil {
			return nil, err
		}
		beat, ever := list[judge.App]
		return look(ctx, tables, types, poll.Rows, func(now time.Time) time.Time { return running(beat, ever, now) })
	}, nil
}

// The times of an outage of the whole application.
const (
	silent = 40 * time.Minute // without a heartbeat: it is an outage
	back   = time.Hour        // after one: missed starts are made up for meanwhile
)

// running returns the moment at which absent reports are judged. An outage of the whole
// application has an alert of its own, so during one it is the last heartbeat, and soon
// after one no report counts as absent.
func running(beat judge.Heartbeat, ever bool, now time.Time) time.Time {
	switch {
	case !ever:
		return now
	case !beat.Alive || now.Sub(beat.At) > silent:
		return beat.At
	case now.Sub(beat.Since) < back:
		return time.Time{}
	}
	return now
}

// look judges every type by its schedules and by its failed reports. absent returns the
// moment at which absent reports are judged.
func look(ctx context.Context, tables *store.Store, types []report.Type, rows []schedule.Row, absent func(time.Time) time.Time) ([]judge.Further, error) {
	now, err := tables.Now(ctx)
	if err != nil {
		return nil, err
	}
	var found []judge.Further
	for _, t := range types {
		if !t.Active || !t.NotifyOnFail {
			continue
		}
		alarms, err := alarmsOf(ctx, tables, t, expected(t, rows, now), now, absent(now))
		if err != nil {
			return nil, err
		}
		if len(alarms) > 0 {
			found = append(found, further(t, alarms))
		}
	}
	return found, nil
}

// expected returns the newest reports of a type that its schedules were due to start 24
// hours ago. A type is expected since it exists, a schedule since it counts.
func expected(t report.Type, rows []schedule.Row, now time.Time) []report.Expected {
	var list []report.Expected
	for _, row := range rows {
		s, ok := row.InForce()
		if !ok || s.Disabled || s.Kind != ScheduleKind || s.Target != t.Name {
			continue
		}
		state := row.State()
		at, _ := s.Due(state, now.Add(-report.AlertAfter))
		if at.After(state.Anchor) && at.After(t.CreatedAt) {
			list = append(list, report.Expected{Key: t.Today(report.Zone(s.Offset), at), DueAt: at})
		}
	}
	return list
}

// alarmsOf judges the expected reports of a type, at the moment absent, and those that
// stand among the failed.
func alarmsOf(ctx context.Context, tables *store.Store, t report.Type, list []report.Expected, now, absent time.Time) ([]report.Alarm, error) {
	var alarms []report.Alarm
	for _, e := range list {
		var row *report.Report
		switch r, err := tables.Report(ctx, e.Key); {
		case err == nil:
			row = &r
		case fault.KindOf(err) != fault.NotFound:
			return nil, err
		}
		moment := absent
		if row != nil && row.State == report.Failed {
			moment = now
		}
		if a, ok := t.Alarm(e, row, moment); ok {
			alarms = append(alarms, a)
		}
	}
	failed, err := tables.Reports(ctx, store.Filter{Type: t.Name, Failed: true, Limit: mostFailed})
	for _, r := range failed {
		if a, ok := t.Alarm(report.Expected{Key: r.Key, DueAt: r.DueAt}, &r, now); ok {
			alarms = append(alarms, a)
		}
	}
	return alarms, err
}

// mostFailed is how many failed reports of a type one alert stands for.
const mostFailed = 100

// further is the finding about a type: the newest alarm is its subject.
func further(t report.Type, alarms []report.Alarm) judge.Further {
	newest, slots := alarms[0], map[string]bool{}
	for _, a := range alarms {
		if slots[a.Slot] = true; a.Subject > newest.Subject {
			newest = a
		}
	}
	problem := fmt.Sprintf("the report of %s was not created", newest.Slot)
	if n := len(slots); n > 1 {
		problem += fmt.Sprintf(", and %d earlier ones", n-1)
	}
	return judge.Further{
		Finding: judge.Finding{
			Entity: t.Name, Kind: failedKind, Problem: problem,
			Do: "see why with: returnsync reports list --failed; then: returnsync reports retry",
		},
		Title:   "Report " + t.Name + " failed",
		Text:    "It was due at " + newest.DueAt.UTC().Format("2006-01-02 15:04") + " UTC; " + problem + ".",
		Subject: newest.Subject,
	}
}
