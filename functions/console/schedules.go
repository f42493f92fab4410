package console

import (
	"context"
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
)

// inForce is what the person who edits a schedule should know.
const inForce = "; in force within two minutes"

// checked returns the edit that was sent, if it makes sense.
func (d *deed) checked(ctx context.Context) (schedule.Edit, error) {
	if d.Edit == nil {
		return schedule.Edit{}, fault.New(fault.Invalid, "no-edit", "say what the schedule is to be").WithParam("edit")
	}
	e := *d.Edit
	if e.Name == "" {
		return e, fault.New(fault.Invalid, "bad-schedule", "name is empty: say what people call the schedule").WithParam("name")
	}
	if err := e.Fits(); err != nil {
		return e, err
	}
	spec, err := schedule.Row{Edit: e}.Parse()
	if err == nil {
		err = d.Known(ctx, spec.Kind, spec.Target)
	}
	if err != nil {
		return e, fault.New(fault.Invalid, "bad-schedule", "%v", err).WithParam("edit")
	}
	return e, nil
}

// addSchedule inserts a schedule.
func (d *deed) addSchedule(ctx context.Context) (string, error) {
	e, err := d.checked(ctx)
	if err != nil {
		return "", err
	}
	d.audit.Object = e.Name
	_, d.audit.New = schedule.Diff(schedule.Edit{}, e)
	id, err := d.Store.AddSchedule(ctx, e)
	if err != nil {
		return "", err
	}
	d.audit.Object = label(id, e.Name)
	return label(id, e.Name) + " was added" + inForce, nil
}

// editSchedule changes a schedule that is still as the page showed it.
func (d *deed) editSchedule(ctx context.Context) (string, error) {
	d.audit.Object = label(d.Schedule, "")
	if d.Version == "" {
		return "", fault.New(fault.Invalid, "no-version", "name the version that the change builds on").WithParam("version")
	}
	e, err := d.checked(ctx)
	if err != nil {
		return "", err
	}
	before, err := d.Store.EditSchedule(ctx, d.Schedule, d.Version, func(into *schedule.Edit) { *into = e })
	if err != nil {
		return "", err
	}
	d.audit.Object = label(d.Schedule, e.Name)
	d.audit.Old, d.audit.New = schedule.Diff(before.Edit, e)
	return label(d.Schedule, e.Name) + " was saved" + inForce, nil
}

// deleteSchedule deletes a schedule that is still as the page showed it.
func (d *deed) deleteSchedule(ctx context.Context) (string, error) {
	d.audit.Object = label(d.Schedule, "")
	if d.Version == "" {
		return "", fault.New(fault.Invalid, "no-version", "name the version that is to be deleted").WithParam("version")
	}
	before, err := d.Store.DeleteSchedule(ctx, d.Schedule, d.Version)
	if err != nil {
		return "", err
	}
	d.audit.Object = label(d.Schedule, before.Name)
	d.audit.Old, _ = schedule.Diff(before.Edit, schedule.Edit{})
	return label(d.Schedule, before.Name) + " was deleted", nil
}

// label names a schedule.
func label(id int64, name string) string {
	if name == "" {
		return fmt.Sprint("schedule ", id)
	}
	return fmt.Sprintf("schedule %d (%s)", id, name)
}
