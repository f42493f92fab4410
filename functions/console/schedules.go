package console

import (
	"context"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
)

// inForce is the note for a person who edits a schedule.
const inForce = "; in force within two minutes"

// checked returns the edit of the request, if it is valid.
func (d *deed) checked(ctx context.Context) (schedule.Edit, error) {
	if d.Edit == nil {
		return schedule.Edit{}, fault.New(fault.Invalid, "no-edit", "edit is empty: send the schedule's new fields").WithParam("edit")
	}
	e := *d.Edit
	if e.Name == "" {
		return e, fault.New(fault.Invalid, "bad-schedule", "name is empty: give the schedule a name").WithParam("name")
	}
	if err := e.Fits(); err != nil {
		return e, err
	}
	err := d.day(ctx, e)
	if err == nil {
		_, err = d.Kinds.Parse(ctx, schedule.Row{Edit: e})
	}
	if err != nil {
		return e, fault.New(fault.Invalid, "bad-schedule", "%v", err).WithParam("edit")
	}
	return e, nil
}

// day refuses a weekday that is none, whatever the run: Parse reads that of a weekly one
// alone. A row keeps the one that it has, so that it can be disabled.
func (d *deed) day(ctx context.Context, e schedule.Edit) error {
	_, err := schedule.ParseWeekday(e.Weekday)
	if err == nil || d.Schedule == 0 {
		return err
	}
	if row, gone := d.Tables.Schedules.Schedule(ctx, d.Schedule); gone == nil && row.Weekday == e.Weekday {
		return nil
	}
	return err
}

// starts is how many next starts an edit shows.
const starts = 3

// upcoming is when a schedule would start.
type upcoming struct {
	Says string      `json:"says"`
	Next []time.Time `json:"next"`
}

// askSchedule says when the schedule that is being edited would start next.
func (d *deed) askSchedule(ctx context.Context) (any, error) {
	e, err := d.checked(ctx)
	if err != nil {
		return nil, err
	}
	row := schedule.Row{ID: d.Schedule}
	if d.Schedule != 0 {
		if row, err = d.Tables.Schedules.Schedule(ctx, d.Schedule); err != nil {
			return nil, err
		}
	}
	s, err := d.Kinds.Parse(ctx, schedule.Row{ID: d.Schedule, Edit: e})
	if err != nil {
		return nil, err
	}
	now, err := d.Store.Now(ctx)
	return upcoming{s.String(), append([]time.Time{}, row.Preview(s, now, starts)...)}, err
}

// addSchedule inserts a schedule.
func (d *deed) addSchedule(ctx context.Context) (string, error) {
	id, name, err := d.acts.AddSchedule(ctx, d.by, func() (schedule.Edit, error) { return d.checked(ctx) })
	return operate.ScheduleLabel(id, name) + " was added" + inForce, err
}

// editSchedule changes a schedule whose version is the one that the page showed.
func (d *deed) editSchedule(ctx context.Context) (string, error) {
	name, err := d.acts.EditSchedule(ctx, d.by, d.Schedule, func() (string, schedule.Edit, error) {
		version, err := d.version("version is empty: name the version that the page showed")
		if err != nil {
			return "", schedule.Edit{}, err
		}
		e, err := d.checked(ctx)
		return version, e, err
	})
	return operate.ScheduleLabel(d.Schedule, name) + " was saved" + inForce, err
}

// deleteSchedule deletes a schedule whose version is the one that the page showed.
func (d *deed) deleteSchedule(ctx context.Context) (string, error) {
	row, err := d.acts.DeleteSchedule(ctx, d.by, d.Schedule, func() (string, error) { return d.version("version is empty: name the version that the page showed") })
	return operate.ScheduleLabel(d.Schedule, row.Name) + " was deleted", err
}

// version returns the request's version, or an error that asks for it.
func (d *deed) version(ask string) (string, error) {
	if d.Version == "" {
		return "", fault.New(fault.Invalid, "no-version", "%s", ask).WithParam("version")
	}
	return d.Version, nil
}
