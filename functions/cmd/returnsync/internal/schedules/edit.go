package schedules

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule/schedulestore"
	syncscope "gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// scheduleFlags are the flags. Flags that were not given change nothing.
type scheduleFlags struct {
	name, entity, scope, run, time, timezone, weekday, description string
	disabled, json                                                 bool
	version                                                        string
	given                                                          *pflag.FlagSet
}

const versionHelp = "change it only if it still has this version (see list --json)"

// setCmd is the command that adds or changes a schedule.
func setCmd(a *cli.App) *cobra.Command {
	var o scheduleFlags
	cmd := &cobra.Command{
		Use: "set [ID]", Short: "Add a schedule, or change one", Args: cli.Args,
		Long: `set adds a schedule; with a schedule's number it changes what the flags name and
leaves the rest. A schedule that makes no sense is refused. The edit is in force within
two minutes, or at once after "schedules apply".`,
		Example: `  returnsync schedules set --name nightly --entity returns --time 23:30 --timezone -7
  returnsync schedules set --name often --entity returns --run interval --time 01:30
  returnsync schedules set --name sundays --scope everything --run weekly --weekday sunday --time 04:00 --timezone Asia/Kolkata
  returnsync schedules set 3 --time 22:00`,
		RunE: a.Run(func(ctx context.Context, s *cli.Session, args []string) error { return setSchedule(ctx, s, o, args) }),
	}
	f := cmd.Flags()
	o.given = f
	f.StringVar(&o.name, "name", "", "its name, for people")
	f.StringVar(&o.entity, "entity", "", "the entity to start")
	f.StringVar(&o.scope, "scope", "", "the scope to start, instead of an entity; it need not exist yet")
	f.StringVar(&o.run, "run", "Daily", "Daily, Weekly or Interval")
	f.StringVar(&o.time, "time", "", "24-hour HH:MM; for Interval its length")
	f.StringVar(&o.timezone, "timezone", "", "distance from UTC in hours, such as -7, 5.5 or +05:30, or an IANA name such as Asia/Kolkata (default -7)")
	f.StringVar(&o.weekday, "weekday", "", "for Weekly: Monday to Sunday (default Monday)")
	f.StringVar(&o.description, "description", "", "a note for people")
	f.BoolVar(&o.disabled, "disabled", false, "save it, and start nothing by it")
	f.StringVar(&o.version, "if-version", "", versionHelp)
	cli.JSONFlag(f, &o.json)
	return cmd
}

// setSchedule adds or changes a schedule.
func setSchedule(ctx context.Context, s *cli.Session, o scheduleFlags, args []string) error {
	var zone schedule.Edit
	if err := o.zone(&zone); err != nil {
		return err
	}
	db, entities, err := s.Known(ctx, "")
	if err != nil {
		return err
	}
	kinds, err := s.Env.Checking(ctx, db.Pool(), entities)
	if err != nil {
		return err
	}
	check := func(r schedule.Row) error {
		if err := o.day(r.Edit); err != nil {
			return err
		}
		_, err := kinds.Parse(ctx, r)
		return err
	}
	if len(args) == 0 {
		return addSchedule(ctx, s, db, o.edited(schedule.Edit{TargetKind: entity.ScheduleKind, Run: o.run}, zone), o, check)
	}
	return changeSchedule(ctx, s, db, args[0], o, func(e *schedule.Edit) error {
		*e = o.edited(*e, zone)
		return check(schedule.Row{Edit: *e})
	})
}

// zone reads --timezone into an edit.
func (o scheduleFlags) zone(into *schedule.Edit) error {
	if o.entity != "" && o.scope != "" {
		return errors.New("--entity and --scope exclude each other: a schedule has one target")
	}
	if o.timezone == "" {
		return nil
	}
	return into.ParseZone(o.timezone)
}

// day refuses a --weekday that says nothing: one that is no day, or of a run that has none.
// A row may keep such a one; it was not written here.
func (o scheduleFlags) day(e schedule.Edit) error {
	if o.weekday == "" {
		return nil
	}
	if _, err := schedule.ParseWeekday(o.weekday); err != nil {
		return err
	}
	if run, err := schedule.ParseRun(e.Run); err == nil && run != schedule.Weekly {
		return fmt.Errorf("--weekday is %s, and the run is %s: write --run weekly too, or leave --weekday out", o.weekday, run)
	}
	return nil
}

// edited returns an edit with what the flags name.
func (o scheduleFlags) edited(e schedule.Edit, zone schedule.Edit) schedule.Edit {
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
		e.Timezone, e.Zone = zone.Timezone, zone.Zone
	}
	if o.given.Changed("disabled") {
		e.Disabled = o.disabled
	}
	return e
}

// addSchedule inserts a schedule, if check accepts it.
func addSchedule(ctx context.Context, s *cli.Session, db *store.DB, e schedule.Edit, o scheduleFlags, check func(schedule.Row) error) error {
	if o.version != "" {
		return errors.New("--if-version needs the number of a schedule")
	}
	if e.Name == "" {
		return errors.New("--name is missing: the name of the schedule, for people")
	}
	if err := check(schedule.Row{Edit: e}); err != nil {
		return err
	}
	id, _, err := operate.Acts{Store: db}.AddSchedule(ctx, s.Actor(), func() (schedule.Edit, error) { return e, nil })
	if err != nil {
		return err
	}
	return showSchedule(ctx, s, db, id, "added", o.json)
}

// changeSchedule changes the schedule that an argument names.
func changeSchedule(ctx context.Context, s *cli.Session, db *store.DB, text string, o scheduleFlags, change func(*schedule.Edit) error) error {
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
	// The row must still be the one that was read and checked.
	version := o.version
	if version == "" {
		version = before.Version()
	}
	_, err = operate.Acts{Store: db}.EditSchedule(ctx, s.Actor(), id, func() (string, schedule.Edit, error) { return version, e, nil })
	if err != nil {
		return err
	}
	return showSchedule(ctx, s, db, id, "saved", o.json)
}

// showSchedule prints a schedule after an edit.
func showSchedule(ctx context.Context, s *cli.Session, db *store.DB, id int64, what string, asJSON bool) error {
	r, err := schedulestore.New(db.Pool()).Schedule(ctx, id)
	if err != nil {
		return err
	}
	if asJSON {
		return cli.JSON(s.Out, r.Answer(s.Now()))
	}
	spec, err := r.Parse()
	if err != nil {
		_, _ = fmt.Fprintf(s.Out, "schedule %d was %s, and is still rejected: %v\n", id, what, err)
		return nil
	}
	_, _ = fmt.Fprintf(s.Out, "schedule %d was %s: %s; in force within two minutes\n", id, what, cli.OneLine(spec.String()))
	return nil
}

// scheduleID reads a schedule's number.
func scheduleID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return 0, fmt.Errorf("%q is not a schedule's number: see returnsync schedules list", text)
	}
	return id, nil
}

// moveCmd is a command that changes one thing of a schedule.
func moveCmd(a *cli.App, name, short string, change func(*schedule.Edit)) *cobra.Command {
	var o scheduleFlags
	cmd := &cobra.Command{
		Use: name + " ID", Short: short, Args: cli.Args,
		Example: "  returnsync schedules " + name + " 3",
		RunE: a.Run(func(ctx context.Context, s *cli.Session, args []string) error {
			db, err := s.Tables(ctx)
			if err != nil {
				return err
			}
			return changeSchedule(ctx, s, db, args[0], o, func(e *schedule.Edit) error {
				change(e)
				return nil
			})
		}),
	}
	cmd.Flags().StringVar(&o.version, "if-version", "", versionHelp)
	cli.JSONFlag(cmd.Flags(), &o.json)
	return cmd
}

// deleteCmd is the command that deletes a schedule.
func deleteCmd(a *cli.App) *cobra.Command {
	var o scheduleFlags
	cmd := &cobra.Command{
		Use: "delete ID", Short: "Delete a schedule; syncs under way are finished", Args: cli.Args,
		Example: "  returnsync schedules delete 3",
		RunE: a.Run(func(ctx context.Context, s *cli.Session, args []string) error {
			return deleteSchedule(ctx, s, args[0], o)
		}),
	}
	cmd.Flags().StringVar(&o.version, "if-version", "", versionHelp)
	cli.JSONFlag(cmd.Flags(), &o.json)
	return cmd
}

// deleteSchedule deletes a schedule and prints its name.
func deleteSchedule(ctx context.Context, s *cli.Session, text string, o scheduleFlags) error {
	id, err := scheduleID(text)
	if err != nil {
		return err
	}
	db, err := s.Tables(ctx)
	if err != nil {
		return err
	}
	r, err := operate.Acts{Store: db}.DeleteSchedule(ctx, s.Actor(), id, func() (string, error) { return o.version, nil })
	if err != nil {
		return err
	}
	if o.json {
		return cli.JSON(s.Out, r.Answer(s.Now()))
	}
	_, _ = fmt.Fprintf(s.Out, "schedule %d (%s) was deleted; its scheduler job is removed within two minutes\n", id, cli.OneLine(r.Name))
	return nil
}
