package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule/schedulestore"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

const schedulesHelp = `schedules shows and edits table sync_schedule: when syncs are started beside the
tick of every 15 minutes. The same rows can be edited in SQL or in the console.
The schedules function looks at them every minute, so an edit is in force within
two minutes, and the run log then says what was changed.

  Daily     once a day at --time
  Weekly    once a week at --time on --weekday, Monday by default
  Interval  again and again; --time is the length, 01:30 for every 90 minutes,
            counted from the last start

--timezone is a fixed distance from UTC in hours (-7 by default; 5.5 or +05:30):
summer time is never applied. A Daily or Weekly schedule starts at most once a
date of its zone, and a time that has passed today begins tomorrow. What was
missed while a schedule was paused stays missed; what was missed because nothing
ran is made up for once.`

// schedules is the commands about schedules.
func (a *app) schedules() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schedules",
		Short: "Show and edit when syncs are started",
		Long:  schedulesHelp,
		Example: `  returnsync schedules list
  returnsync schedules set --name nightly --entity returns --time 23:30 --timezone -7
  returnsync schedules pause 3`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.schedulesList(), a.schedulesSet(),
		a.schedulesMove("pause", "Start nothing more by a schedule; what runs is finished", func(e *schedule.Edit) { e.Disabled = true }),
		a.schedulesMove("resume", "Let a schedule start again; nothing that it missed is made up for", func(e *schedule.Edit) { e.Disabled = false }),
		a.schedulesDelete(), a.schedulesApply())
	return cmd
}

// schedulesList is the command that lists schedules.
func (a *app) schedulesList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the schedules, and when each starts next", Args: cobra.NoArgs,
		Long: `list shows every schedule with its state: on, disabled, pending (saved, and not
in force yet), or rejected, with the reason. A rejected edit of a schedule that
was in force leaves it as it was.`,
		Example: "  returnsync schedules list\n  returnsync schedules list --json",
		RunE:    a.run(func(ctx context.Context, s *session, _ []string) error { return s.listSchedules(ctx, asJSON) }),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, for programs")
	return cmd
}

// listSchedules prints the schedules.
func (s *session) listSchedules(ctx context.Context, asJSON bool) error {
	db, err := s.scheduleTable(ctx)
	if err != nil {
		return err
	}
	poll, err := schedulestore.New(db.Pool()).Schedules(ctx)
	if err != nil {
		return err
	}
	answers := make([]schedule.Answer, len(poll.Rows))
	for i, r := range poll.Rows {
		answers[i] = r.Answer(s.now())
	}
	if asJSON {
		return printJSON(s.out, answers)
	}
	looked, err := schedulestore.New(db.Pool()).PolledAt(ctx)
	if err != nil {
		return err
	}
	return printSchedules(s.out, answers, looked, s.now())
}

// scheduleTable opens our own tables.
func (s *session) scheduleTable(ctx context.Context) (*store.DB, error) {
	d, err := s.configure(ctx, need{})
	if err != nil {
		return nil, err
	}
	return s.migrated(ctx, d)
}

// printSchedules writes schedules for people.
func printSchedules(to io.Writer, all []schedule.Answer, looked *time.Time, now time.Time) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	if len(all) == 0 {
		_, _ = fmt.Fprintln(w, "there are no schedules: returnsync schedules set --help")
	} else {
		_, _ = fmt.Fprintln(w, "ID\tNAME\tSTARTS\tRUN\tTIME\tZONE\tWEEKDAY\tSTATE\tLAST (UTC)\tNEXT (UTC)")
	}
	for _, a := range all {
		_, _ = fmt.Fprintf(w, "%d\t%s\t%s %s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.ID, oneLine(a.Name), oneLine(a.TargetKind), oneLine(a.Target),
			oneLine(a.Run), oneLine(a.Time), zoneText(a.Timezone), orDash(oneLine(a.Weekday)), a.State, timeText(a.LastFired), timeText(a.Next))
	}
	for _, a := range all {
		if a.Message != "" {
			_, _ = fmt.Fprintf(w, "\n%d is rejected: %s\n", a.ID, oneLine(a.Message))
		}
	}
	switch {
	case looked == nil:
		_, _ = fmt.Fprintln(w, "\nno schedules function has looked at them yet")
	case now.Sub(*looked) > 3*time.Minute:
		_, _ = fmt.Fprintf(w, "\nthe schedules function last looked at them %s ago\n", age(now.Sub(*looked)))
	}
	return w.Flush()
}

// zoneText prints a zone in hours.
func zoneText(hours *float64) string {
	if hours == nil {
		return strconv.Itoa(schedule.DefaultTimezone)
	}
	return strconv.FormatFloat(*hours, 'f', -1, 64)
}

// timeText prints a time that may be none.
func timeText(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format(clock)
}

// orDash stands in for nothing.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// schedulesApply is the command that reconciles now.
func (a *app) schedulesApply() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "apply", Short: "Bring the scheduler's jobs to the table now, instead of within a minute", Args: cobra.NoArgs,
		Long: `apply does at once, from here, what the schedules function does every minute: it
creates, changes, pauses and deletes the jobs of schedules in Cloud Scheduler,
and only those. It starts nothing. It needs the right to edit jobs, and the
function's settings: SCHEDULER_LOCATION (or TASKS_LOCATION), SCHEDULES_URL and
SCHEDULER_SERVICE_ACCOUNT. It exits with 2 if a schedule is rejected.`,
		Example: "  returnsync schedules apply",
		RunE:    a.run(func(ctx context.Context, s *session, _ []string) error { return s.applySchedules(ctx, asJSON) }),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, for programs")
	return cmd
}

// applySchedules reconciles once.
func (s *session) applySchedules(ctx context.Context, asJSON bool) error {
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
	r, err := s.Reconciler(ctx, db, entities)
	if err != nil {
		return err
	}
	var done schedule.Reconciled
	err = s.audited(ctx, audit.New(db.Pool()), audit.Entry{Action: operate.ApplyRows}, func(entry *audit.Entry) (err error) {
		done, err = r.Run(ctx, s.now().UTC())
		entry.New = fmt.Sprintf("%d jobs changed, %d deleted", done.Changed, done.Deleted)
		return err
	})
	if err != nil {
		return err
	}
	if asJSON {
		err = printJSON(s.out, done)
	} else {
		_, err = fmt.Fprintf(s.out, "%d schedules, %d rejected; %d jobs changed, %d deleted\n", done.Schedules, done.Rejected, done.Changed, done.Deleted)
	}
	if err == nil && done.Rejected > 0 {
		err = errAttention
	}
	return err
}
