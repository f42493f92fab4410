package operate

import (
	"context"
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule/schedulestore"
)

// AddSchedule inserts a schedule; checked returns its specification, or why it is refused.
func (a Acts) AddSchedule(ctx context.Context, by Actor, checked func() (schedule.Edit, error)) (id int64, name string, err error) {
	err = Audited(ctx, audit.New(a.Store.Pool()), by, audit.Entry{Action: AddSchedule}, func(entry *audit.Entry) error {
		e, err := checked()
		entry.Object, name = e.Name, e.Name
		if err != nil {
			return err
		}
		_, entry.New = schedule.Diff(schedule.Edit{}, e)
		if id, err = schedulestore.New(a.Store.Pool()).AddSchedule(ctx, e); err == nil {
			entry.Object = ScheduleLabel(id, e.Name)
		}
		return err
	})
	return id, name, err
}

// EditSchedule changes a schedule that still has a version; checked returns both, or why
// the edit is refused.
func (a Acts) EditSchedule(ctx context.Context, by Actor, id int64, checked func() (version string, e schedule.Edit, err error)) (name string, err error) {
	err = Audited(ctx, audit.New(a.Store.Pool()), by, audit.Entry{Action: EditSchedule, Object: ScheduleLabel(id, "")}, func(entry *audit.Entry) error {
		version, e, err := checked()
		if err != nil {
			return err
		}
		entry.Object, name = ScheduleLabel(id, e.Name), e.Name
		was, err := schedulestore.New(a.Store.Pool()).EditSchedule(ctx, id, version, func(into *schedule.Edit) { *into = e })
		if err == nil {
			entry.Old, entry.New = schedule.Diff(was.Edit, e)
		}
		return err
	})
	return name, err
}

// DeleteSchedule deletes a schedule that still has a version; an empty version deletes
// any.
func (a Acts) DeleteSchedule(ctx context.Context, by Actor, id int64, version func() (string, error)) (row schedule.Row, err error) {
	err = Audited(ctx, audit.New(a.Store.Pool()), by, audit.Entry{Action: DropSchedule, Object: ScheduleLabel(id, "")}, func(entry *audit.Entry) error {
		v, err := version()
		if err != nil {
			return err
		}
		if row, err = schedulestore.New(a.Store.Pool()).DeleteSchedule(ctx, id, v); err == nil {
			entry.Object = ScheduleLabel(id, row.Name)
			entry.Old, _ = schedule.Diff(row.Edit, schedule.Edit{})
		}
		return err
	})
	return row, err
}

// ScheduleLabel names a schedule.
func ScheduleLabel(id int64, name string) string {
	if name == "" {
		return fmt.Sprint("schedule ", id)
	}
	return fmt.Sprintf("schedule %d (%s)", id, name)
}
