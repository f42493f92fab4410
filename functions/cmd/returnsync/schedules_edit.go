package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule/schedulestore"
	syncscope "gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// scheduleFlags are what the flags say of a schedule. Flags that were not given
// change nothing.
type scheduleFlags struct {
	name, entity, scope, run, time, timezone, weekday, description string
	disabled, json                                                 bool
	version                                                        string
	given                                                          *pflag.FlagSet
}

const versionHelp = "change it only if it still has this version, which list --json shows"

// schedulesSet is the command that adds or changes a schedule.
func (a *app) schedulesSet() *cobra.Command {
	var o scheduleFlags
	cmd := &cobra.Command{
		Use: "set [ID]", Short: "Add a schedule, or change one", Args: cobra.MaximumNArgs(1),
		Long: `set adds a schedule; with the number of one it changes what the flags name and
leaves the rest. What makes no sense is refused. The edit is in force within two
minutes; "schedules apply" does not wait.`,
		Example: `  returnsync schedules set --name nightly --entity returns --time 23:30 --timezone -7
  returnsync schedules set --name often --entity returns --run interval --time 01:30
  returnsync schedules set --name sundays --scope everything --run weekly --weekday sunday --time 04:00 --timezone +05:30
  returnsync schedules set 3 --time 22:00`,
		RunE: a.run(func(ctx context.Context, s *session, args []string) error { return s.setSchedule(ctx, o, args) }),
	}
	f := cmd.Flags()
	o.given = f
	f.StringVar(&o.name, "name", "", "what people call it")
	f.StringVar(&o.entity, "entity", "", "the entity to start")
	f.StringVar(&o.scope, "scope", "", "the scope to start, instead of an entity")
	f.StringVar(&o.run, "run", "Daily", "Daily, Weekly or Interval")
	f.StringVar(&o.time, "time", "", "24-hour HH:MM; of an Interval its length")
	f.StringVar(&o.timezone, "timezone", "", "distance from UTC in hours, such as -7, 5.5 or +05:30 (default -7)")
	f.StringVar(&o.weekday, "weekday", "", "for Weekly: Monday to Sunday (default Monday)")
	f.StringVar(&o.description, "description", "", "a note for people")
	f.BoolVar(&o.disabled, "disabled", false, "start nothing by it")
	f.StringVar(&o.version, "if-version", "", versionHelp)
	f.BoolVar(&o.json, "json", false, "print JSON, for programs")
	return cmd
}

// setSchedule adds or changes a schedule.
func (s *session) setSchedule(ctx context.Context, o scheduleFlags, args []string) error {
	zone, err := o.zone()
	if err != nil {
		return err
	}
	var defs wire.Definitions
	d, err := s.configure(ctx, need{targets: []any{&defs}})
	if err != nil {
		return err
	}
	entities, err := definitions(defs, "")
	if err != nil {
		return err
	}
	db, err := s.migrated(ctx, d)
	if err != nil {
		return err
	}
	kinds := wire.ScheduleKinds(entities, nil)
	check := func(r schedule.Row) error {
		_, err := kinds.Parse(ctx, r)
		return err
	}
	if len(args) == 0 {
		return s.addSchedule(ctx, db, o.edited(schedule.Edit{TargetKind: entity.ScheduleKind, Run: o.run}, zone), o, check)
	}
	return s.changeSchedule(ctx, db, args[0], o, func(e *schedule.Edit) error {
		*e = o.edited(*e, zone)
		return check(schedule.Row{Edit: *e})
	})
}

// zone reads --timezone; nil means none was given.
func (o scheduleFlags) zone() (*float64, error) {
	if o.entity != "" && o.scope != "" {
		return nil, errors.New("--entity and --scope are two targets: a schedule has one")
	}
	if o.timezone == "" {
		return nil, nil
	}
	hours, err := schedule.ParseTimezone(o.timezone)
	return &hours, err
}

// edited returns an edit with what the flags name.
func (o scheduleFlags) edited(e schedule.Edit, zone *float64) schedule.Edit {
	for flag, text := range map[string]struct {
		value string
		into  *string
	}{
		"name": {o.name, &e.Name}, "run": {o.run, &e.Run}, "time": {o.time, &e.Time}, "weekday": {o.weekday, &e.Weekday}, "description": {o.description, &e.Description},
	} {
		if o.given.Changed(flag) {
			*text.into = text.value
		}
	}
	if o.entity != "" {
		e.TargetKind, e.Target = entity.ScheduleKind, o.entity
	}
	if o.scope != "" {
		e.TargetKind, e.Target = syncscope.ScheduleKind, o.scope
	}
	if o.given.Changed("timezone") {
		e.Timezone = zone
	}
	if o.given.Changed("disabled") {
		e.Disabled = o.disabled
	}
	return e
}

// addSchedule inserts a schedule that makes sense.
func (s *session) addSchedule(ctx context.Context, db *store.DB, e schedule.Edit, o scheduleFlags, check func(schedule.Row) error) error {
	if o.version != "" {
		return errors.New("--if-version needs the number of the schedule that has it")
	}
	if e.Name == "" {
		return errors.New("--name is missing: what people call the schedule")
	}
	if err := check(schedule.Row{Edit: e}); err != nil {
		return err
	}
	id, _, err := operate.Acts{Store: db}.AddSchedule(ctx, s.actor(), func() (schedule.Edit, error) { return e, nil })
	if err != nil {
		return err
	}
	return s.showSchedule(ctx, db, id, "added", o.json)
}

// changeSchedule changes the schedule that an argument names.
func (s *session) changeSchedule(ctx context.Context, db *store.DB, text string, o scheduleFlags, change func(*schedule.Edit) error) error {
	id, err := scheduleID(text)
	if err != nil {
		return err
	}
	before, err := schedulestore.New(db.Pool()).Schedule(ctx, id)
	if err != nil {
		return err
	}
	e := before.Edit
	if err := change(&e); err != nil {
		return err
	}
	// What was checked is what is saved: the row must still be the one read.
	version := o.version
	if version == "" {
		version = before.Version()
	}
	_, err = operate.Acts{Store: db}.EditSchedule(ctx, s.actor(), id, func() (string, schedule.Edit, error) { return version, e, nil })
	if err != nil {
		return err
	}
	return s.showSchedule(ctx, db, id, "saved", o.json)
}

// showSchedule prints a schedule after an edit.
func (s *session) showSchedule(ctx context.Context, db *store.DB, id int64, what string, asJSON bool) error {
	r, err := schedulestore.New(db.Pool()).Schedule(ctx, id)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(s.out, r.Answer(s.now()))
	}
	spec, err := r.Parse()
	if err != nil {
		_, _ = fmt.Fprintf(s.out, "schedule %d was %s, and is rejected as before: %v\n", id, what, err)
		return nil
	}
	_, _ = fmt.Fprintf(s.out, "schedule %d was %s: %s; in force within two minutes\n", id, what, oneLine(spec.String()))
	return nil
}

// scheduleID reads a schedule's number.
func scheduleID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return 0, fmt.Errorf("%q is no schedule's number: see returnsync schedules list", text)
	}
	return id, nil
}

// schedulesMove is a command that changes one thing of a schedule.
func (a *app) schedulesMove(name, short string, change func(*schedule.Edit)) *cobra.Command {
	var o scheduleFlags
	cmd := &cobra.Command{
		Use: name + " ID", Short: short, Args: cobra.ExactArgs(1),
		Example: "  returnsync schedules " + name + " 3",
		RunE: a.run(func(ctx context.Context, s *session, args []string) error {
			db, err := s.scheduleTable(ctx)
			if err != nil {
				return err
			}
			return s.changeSchedule(ctx, db, args[0], o, func(e *schedule.Edit) error {
				change(e)
				return nil
			})
		}),
	}
	cmd.Flags().StringVar(&o.version, "if-version", "", versionHelp)
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON, for programs")
	return cmd
}

// schedulesDelete is the command that deletes a schedule.
func (a *app) schedulesDelete() *cobra.Command {
	var o scheduleFlags
	cmd := &cobra.Command{
		Use: "delete ID", Short: "Delete a schedule; what runs is finished", Args: cobra.ExactArgs(1),
		Example: "  returnsync schedules delete 3",
		RunE:    a.run(func(ctx context.Context, s *session, args []string) error { return s.deleteSchedule(ctx, args[0], o) }),
	}
	cmd.Flags().StringVar(&o.version, "if-version", "", versionHelp)
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON, for programs: what was deleted")
	return cmd
}

// deleteSchedule deletes a schedule and says what it was.
func (s *session) deleteSchedule(ctx context.Context, text string, o scheduleFlags) error {
	id, err := scheduleID(text)
	if err != nil {
		return err
	}
	db, err := s.scheduleTable(ctx)
	if err != nil {
		return err
	}
	r, err := operate.Acts{Store: db}.DeleteSchedule(ctx, s.actor(), id, func() (string, error) { return o.version, nil })
	if err != nil {
		return err
	}
	if o.json {
		return printJSON(s.out, r.Answer(s.now()))
	}
	_, _ = fmt.Fprintf(s.out, "schedule %d (%s) was deleted; its job is gone within two minutes\n", id, oneLine(r.Name))
	return nil
}
