package reports

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	wing "gitlab.com/eshopbox-team/return-sync/functions/internal/wings/reports"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/store"
)

// commands returns the commands of the wing.
func commands(a *cli.App) []*cobra.Command {
	return []*cobra.Command{cli.Group(&cobra.Command{
		Use:     "reports",
		Short:   "Show reports, retry and start them, and set up the SYNC base",
		Example: "  returnsync reports list --failed\n  returnsync reports retry sales_report 2026-11-20",
	}, typesCmd(a), listCmd(a), showCmd(a), retryCmd(a), runCmd(a), backfillCmd(a), baseCmd(a))}
}

// typesCmd lists the report types.
func typesCmd(a *cli.App) *cobra.Command {
	return cli.List[report.Type]{
		Command: cobra.Command{Use: "types", Short: "List the report types with their properties", Example: "  returnsync reports types"},
		Read: func(ctx context.Context, s *cli.Session, _ cli.ListFlags) ([]report.Type, error) {
			db, err := s.Tables(ctx)
			if err != nil {
				return nil, err
			}
			return store.New(db.Pool()).Types.List(ctx)
		},
		Empty: "no report types: the reports function makes them from REPORTS_DIR within a minute",
		Head:  "TYPE\tACTIVE\tREAL-TIME\tOFFSET\tNOTIFY\tREPEAT AFTER\tDATAPOINTS\tREPORT TYPE ID",
		Row: func(t report.Type) []any {
			return []any{t.Name, t.Active, t.RealTime, t.Offset, t.NotifyOnFail, t.RepeatAfter, t.Datapoints, t.TypeID}
		},
	}.Build(a)
}

// listCmd lists reports.
func listCmd(a *cli.App) *cobra.Command {
	var f store.Filter
	return cli.List[report.Report]{
		Command: cobra.Command{Use: "list", Short: "List reports, the newest dates first", Example: "  returnsync reports list --failed"},
		Limit:   50, LimitUnit: " reports",
		Flags: func(flags *pflag.FlagSet) {
			flags.StringVar(&f.Type, "type", "", "only reports of this type")
			flags.BoolVar(&f.Failed, "failed", false, "only those with Fail set, which wait for a person")
		},
		Read: func(ctx context.Context, s *cli.Session, o cli.ListFlags) ([]report.Report, error) {
			db, err := s.Tables(ctx)
			if err != nil {
				return nil, err
			}
			f.Limit = o.Limit
			return store.New(db.Pool()).Reports(ctx, f)
		},
		Empty: "no such reports",
		Head:  "TYPE\tDATE\tSTATE\tFAIL\tROWS\tLAST UPDATED\tDOCUMENT\tREPEATED\tPROBLEM",
		Row: func(r report.Report) []any {
			fail := ""
			if r.Fail {
				fail = "scenario " + r.Scenario()
			}
			return []any{r.Type, r.Slot, r.State, fail, r.Rows, cli.Moment(r.LastUpdated), cli.OrDash(r.DocumentID), cli.Moment(r.UpdateRepeated), cli.OneLine(r.Error)}
		},
	}.Build(a)
}

// maxParkedShown is how many parked rows show prints.
const maxParkedShown = 50

// showCmd shows one report.
func showCmd(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use: "show TYPE DATE", Short: "Show a report with its accounts and parked rows", Args: cli.Args,
		Example: "  returnsync reports show sales_report 2026-11-20",
		RunE: a.Run(func(ctx context.Context, s *cli.Session, args []string) error {
			db, err := s.Tables(ctx)
			if err != nil {
				return err
			}
			tables := store.New(db.Pool())
			r, err := tables.Report(ctx, report.Key{Type: args[0], Slot: args[1]})
			if err != nil {
				return err
			}
			parked, err := store.PayloadsOf(db.Pool()).Parked(ctx, r, maxParkedShown)
			if err != nil {
				return err
			}
			return cli.JSON(s.Out, struct {
				report.Report
				Parked []store.ParkedRow `json:"parkedRows"`
			}{r, parked})
		}),
	}
}

// checkSlot refuses what names no report: a report's slot is a date, or the moment of a
// real-time one.
func checkSlot(slot string) error {
	if _, err := time.Parse(time.RFC3339, slot); err == nil {
		return nil
	}
	_, err := report.ParseDate(slot)
	return err
}

// retryCmd clears a failed report.
func retryCmd(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use: "retry TYPE DATE...", Short: "Clear Last Updated and Fail of failed reports, so that they run at the next scheduled time",
		Args: cli.Args, Example: "  returnsync reports retry sales_report 2026-11-20",
		RunE: a.Run(func(ctx context.Context, s *cli.Session, args []string) error {
			db, err := s.Tables(ctx)
			if err != nil {
				return err
			}
			for _, slot := range args[1:] {
				if err := checkSlot(slot); err != nil {
					return err
				}
			}
			for _, slot := range args[1:] {
				key := report.Key{Type: args[0], Slot: slot}
				follows, err := wing.Acts{Pool: db.Pool(), By: s.Actor()}.Retry(ctx, key)
				if err == nil {
					_, err = fmt.Fprintf(s.Out, "%s: %s\n", key, follows)
				}
				if err != nil {
					return err
				}
			}
			return nil
		}),
	}
}

// runCmd starts one report now.
func runCmd(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use: "run TYPE DATE", Short: "Fetch the report of a date now: one that is done anew and in place, one that waits without waiting", Args: cli.Args,
		Example: "  returnsync reports run sales_report 2026-11-20",
		RunE: a.Run(func(ctx context.Context, s *cli.Session, args []string) error {
			date, err := report.ParseDate(args[1])
			if err != nil {
				return err
			}
			return startDates(ctx, s, args[0], date, date)
		}),
	}
}

// backfillCmd starts the reports of a range of dates.
func backfillCmd(a *cli.App) *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use: "backfill TYPE", Short: "Fetch the reports of a range of dates, oldest first", Args: cli.Args,
		Example: "  returnsync reports backfill sales_report --from 2026-11-01 --to 2026-11-20",
		RunE: a.Run(func(ctx context.Context, s *cli.Session, args []string) error {
			first, last, err := datesOf(from, to)
			if err != nil {
				return err
			}
			return startDates(ctx, s, args[0], first, last)
		}),
	}
	cmd.Flags().StringVar(&from, "from", "", "the first date, YYYY-MM-DD (required)")
	cmd.Flags().StringVar(&to, "to", "", "the last date, YYYY-MM-DD (required)")
	for _, name := range []string{"from", "to"} {
		_ = cmd.MarkFlagRequired(name) // the flag is there
	}
	return cmd
}

// maxDates is how many dates one backfill starts.
const maxDates = 400

// datesOf reads a range of dates.
func datesOf(from, to string) (first, last report.Date, err error) {
	if first, err = report.ParseDate(from); err != nil {
		return first, last, fmt.Errorf("--from: %w", err)
	}
	if last, err = report.ParseDate(to); err != nil {
		return first, last, fmt.Errorf("--to: %w", err)
	}
	if last < first || last-first >= maxDates {
		err = fmt.Errorf("from %s to %s: want 1 to %d dates, the first one first", from, to, maxDates)
	}
	return first, last, err
}

// startDates starts the reports of some dates, as one audited act.
func startDates(ctx context.Context, s *cli.Session, typ string, first, last report.Date) error {
	db, err := s.Tables(ctx)
	if err != nil {
		return err
	}
	t, err := store.New(db.Pool()).Types.Named(ctx, typ)
	if err != nil {
		return err
	}
	if t.RealTime {
		return fmt.Errorf("report type %s is real-time: its source knows no past dates", typ)
	}
	starter, err := wing.Starter(ctx, wire.Opening{Env: s.Env, Pool: db.Pool()})
	if err != nil {
		return err
	}
	return s.Audited(ctx, audit.New(db.Pool()), audit.Entry{Action: "run-reports", Object: typ, New: first.String() + " to " + last.String()}, func(e *audit.Entry) error {
		var problems []string
		for date := first; date <= last; date++ {
			said, err := starter.Run(ctx, report.DatedKey(typ, date), t.Zone, s.Now().UTC())
			if err != nil && first == last {
				return err
			}
			if err != nil {
				said = err.Error()
				problems = append(problems, date.String())
			}
			if _, err := fmt.Fprintln(s.Out, said); err != nil {
				return err
			}
		}
		if len(problems) > 0 {
			return fmt.Errorf("%d of the reports were not started: %s", len(problems), strings.Join(problems, ", "))
		}
		return nil
	})
}
