// Package schedules is the commands about the rows that start syncs at set times.
package schedules

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule/schedulestore"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

const schedulesHelp = `schedules shows and edits table sync_schedule: the starts of syncs in addition to the
tick of every 15 minutes. SQL and the console edit the same rows. The schedules
function reads them every minute, so an edit is in force within two minutes; the run
log records it.

  Daily     once a day at --time
  Weekly    once a week at --time on --weekday, Monday by default
  Interval  again and again; --time is the length, 01:30 for every 90 minutes,
            counted from the last start

--timezone is a distance from UTC in hours (-7 by default; 5.5 or +05:30), to which
summer time is never applied, or an IANA name such as Europe/Berlin, whose clocks
count. A Daily or Weekly schedule starts at most once a date
of its zone; with a time that has passed today it begins tomorrow. A paused schedule
does not catch up. If nothing was running at a start's time, one start catches up.`

// Commands returns the commands of this group.
func Commands(a *cli.App) []*cobra.Command {
	return []*cobra.Command{cli.Group(&cobra.Command{
		Use:   "schedules",
		Short: "Show and edit when syncs are started",
		Long:  schedulesHelp,
		Example: `  returnsync schedules list
  returnsync schedules set --name nightly --entity returns --time 23:30 --timezone -7
  returnsync schedules pause 3`,
	}, listCmd(a), setCmd(a),
		moveCmd(a, "pause", "Start nothing more by a schedule; syncs under way are finished", func(e *schedule.Edit) { e.Disabled = true }),
		moveCmd(a, "resume", "Let a schedule start again, without catching up", func(e *schedule.Edit) { e.Disabled = false }),
		deleteCmd(a), applyCmd(a))}
}

// listCmd is the command that lists schedules.
func listCmd(a *cli.App) *cobra.Command {
	var db *store.DB
	list := cli.List[schedule.Answer]{
		Command: cobra.Command{
			Short: "List the schedules, and when each starts next",
			Long: `list shows every schedule with its state: on, disabled, pending (saved, and not in
force yet), or rejected, with the reason. A schedule that was in force before a
rejected edit still is.`,
			Example: "  returnsync schedules list\n  returnsync schedules list --json",
		},
		Read: func(ctx context.Context, s *cli.Session, _ cli.ListFlags) (_ []schedule.Answer, err error) {
			if db, err = s.Tables(ctx); err != nil {
				return nil, err
			}
			poll, err := schedulestore.New(db.Pool()).Schedules(ctx)
			answers := make([]schedule.Answer, len(poll.Rows))
			for i, r := range poll.Rows {
				answers[i] = r.Answer(s.Now())
			}
			return answers, err
		},
		Empty: "there are no schedules; to add one: returnsync schedules set --help",
		Head:  "ID\tNAME\tSTARTS\tRUN\tTIME\tZONE\tWEEKDAY\tSTATE\tLAST (UTC)\tNEXT (UTC)",
		Row: func(a schedule.Answer) []any {
			return []any{a.ID, a.Name, a.TargetKind + " " + a.Target, a.Run, a.Time, cmp.Or(a.Zone, zoneText(a.Timezone)), cmp.Or(a.Weekday, "-"), a.State, a.LastFired, a.Next}
		},
		After: func(ctx context.Context, s *cli.Session, o cli.ListFlags, all []schedule.Answer) error {
			if o.JSON {
				return nil
			}
			return printNotes(ctx, s, db, all)
		},
	}
	return list.Build(a)
}

// printNotes writes why schedules are rejected, and a function that does not read them.
func printNotes(ctx context.Context, s *cli.Session, db *store.DB, all []schedule.Answer) error {
	for _, a := range all {
		if a.Message != "" {
			_, _ = fmt.Fprintf(s.Out, "\n%d is rejected: %s\n", a.ID, cli.OneLine(a.Message))
		}
	}
	read, err := schedulestore.New(db.Pool()).PolledAt(ctx)
	switch {
	case err != nil:
		return err
	case read == nil:
		_, _ = fmt.Fprintln(s.Out, "\nthe schedules function has not read them yet")
	case s.Now().Sub(*read) > 3*time.Minute:
		_, _ = fmt.Fprintf(s.Out, "\nthe schedules function last read them %s ago\n", cli.Age(s.Now().Sub(*read)))
	}
	return nil
}

// zoneText prints a zone in hours.
func zoneText(hours *float64) string {
	if hours == nil {
		return strconv.Itoa(schedule.DefaultTimezone)
	}
	return strconv.FormatFloat(*hours, 'f', -1, 64)
}

// applyCmd is the command that reconciles now.
func applyCmd(a *cli.App) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "apply", Short: "Bring the scheduler's jobs in line with the table now, instead of within a minute", Args: cli.Args,
		Long: `apply does at once, from here, what the schedules function does every minute: it
creates, changes, pauses and deletes the jobs of schedules in Cloud Scheduler, and
no others. It starts no sync. It needs the right to edit jobs, and the function's
settings: SCHEDULER_LOCATION (or TASKS_LOCATION), SCHEDULES_URL and
SCHEDULER_SERVICE_ACCOUNT.`,
		Annotations: cli.Attention("a schedule is rejected"),
		Example:     "  returnsync schedules apply",
		RunE:        a.Run(func(ctx context.Context, s *cli.Session, _ []string) error { return applySchedules(ctx, s, asJSON) }),
	}
	cli.JSONFlag(cmd.Flags(), &asJSON)
	return cmd
}

// applySchedules reconciles once.
func applySchedules(ctx context.Context, s *cli.Session, asJSON bool) error {
	db, entities, err := s.Known(ctx, "")
	if err != nil {
		return err
	}
	r, err := s.Env.Reconciler(ctx, db, entities)
	if err != nil {
		return err
	}
	var done schedule.Reconciled
	err = s.Audited(ctx, audit.New(db.Pool()), audit.Entry{Action: operate.ApplyRows}, func(entry *audit.Entry) (err error) {
		done, err = r.Run(ctx, s.Now().UTC())
		entry.New = fmt.Sprintf("%d jobs changed, %d deleted", done.Changed, done.Deleted)
		return err
	})
	if err != nil {
		return err
	}
	if asJSON {
		err = cli.JSON(s.Out, done)
	} else {
		_, err = fmt.Fprintf(s.Out, "%d schedules, %d rejected; %d jobs changed, %d deleted\n", done.Schedules, done.Rejected, done.Changed, done.Deleted)
	}
	if err == nil && done.Rejected > 0 {
		err = cli.ErrAttention
	}
	return err
}
