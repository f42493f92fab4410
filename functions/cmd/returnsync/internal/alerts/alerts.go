// Package alerts is the commands about alerts and their channels.
package alerts

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/alertstore"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
)

// Commands returns the commands of this group.
func Commands(a *cli.App) []*cobra.Command {
	open := 0 // how many alerts are open, shown or not: that decides the exit code
	list := cli.List[alertstore.AlertRow]{
		Command: cobra.Command{
			Short: "List the open alerts, and what to do",
			Long: `list shows the open alerts, or with --all also those that are over, and the state of
their messages: sent, waiting to be sent, or refused by the channel.`,
			Annotations: cli.Attention("an alert is open"),
			Example:     "  returnsync alerts list\n  returnsync alerts list --all --limit 200 --json",
		},
		All: "include alerts that are over", Limit: 50, LimitUnit: " of the newest alerts",
		Read: func(ctx context.Context, s *cli.Session, o cli.ListFlags) (list []alertstore.AlertRow, err error) {
			list, open, err = readAlerts(ctx, s, o)
			return list, err
		},
		Empty: "No alert is open.", EmptyAll: "There was never an alert.",
		Head: "ALERT\tSTATE\tRAISED (UTC)\tLASTED\tSENT\tWAITING\tREFUSED\tTITLE",
		Row: func(a alertstore.AlertRow) []any {
			lasted := "-"
			if a.ClosedAt != nil {
				lasted = cli.Age(a.ClosedAt.Sub(a.RaisedAt))
			}
			return []any{a.ID, a.Outcome, a.RaisedAt, lasted, a.Sent, a.Waiting, a.Refused, a.Title}
		},
		After: func(_ context.Context, s *cli.Session, o cli.ListFlags, list []alertstore.AlertRow) error {
			if !o.JSON {
				printOpen(s, list)
			}
			if open > 0 {
				return cli.ErrAttention
			}
			return nil
		},
	}
	return []*cobra.Command{cli.Group(&cobra.Command{
		Use:     "alerts",
		Short:   "Show, acknowledge and snooze alerts, and test their channels",
		Example: "  returnsync alerts list\n  returnsync alerts snooze 12 --for 4h\n  returnsync alerts test",
	}, list.Build(a), ackCmd(a), snoozeCmd(a), testCmd(a))}
}

// readAlerts reads the alerts to list, and returns how many are open.
func readAlerts(ctx context.Context, s *cli.Session, o cli.ListFlags) ([]alertstore.AlertRow, int, error) {
	db, _, err := s.Known(ctx, "")
	if err != nil {
		return nil, 0, err
	}
	open, err := alertstore.New(db.Pool()).Alerts(ctx, true, o.Limit)
	if err != nil || !o.All {
		return open, len(open), err
	}
	list, err := alertstore.New(db.Pool()).Alerts(ctx, false, o.Limit)
	return list, len(open), err
}

// printOpen writes what to do about each open alert.
func printOpen(s *cli.Session, list []alertstore.AlertRow) {
	for _, a := range list {
		if a.Outcome == alert.StillOpen {
			_, _ = fmt.Fprintf(s.Out, "\n%s\n   %s\n   -> %s\n", cli.OneLine(a.Title), cli.OneLine(a.Text), cli.OneLine(a.Do))
			if a.AcknowledgedAt != nil {
				_, _ = fmt.Fprintf(s.Out, "   acknowledged by %s, %s (UTC)\n", cli.OneLine(a.AcknowledgedBy), a.AcknowledgedAt.UTC().Format(cli.Clock))
			}
			if a.SnoozedUntil != nil {
				_, _ = fmt.Fprintf(s.Out, "   snoozed by %s until %s (UTC)\n", cli.OneLine(a.SnoozedBy), a.SnoozedUntil.UTC().Format(cli.Clock))
			}
		}
	}
}

// ackCmd is the command that acknowledges an alert.
func ackCmd(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use: "ack ALERT", Short: "Note that you look after an open alert, which stays open", Args: cli.Args,
		Example: "  returnsync alerts ack 12",
		RunE: a.Run(func(ctx context.Context, s *cli.Session, args []string) error {
			return answer(ctx, s, args[0], operate.AlertActs.Acknowledge)
		}),
	}
}

// snoozeCmd is the command that snoozes an alert.
func snoozeCmd(a *cli.App) *cobra.Command {
	var d time.Duration
	cmd := &cobra.Command{
		Use: "snooze ALERT", Short: "Let an open alert send nothing for a time", Args: cli.Args,
		Long: `snooze lets an open alert send nothing for a time. Afterwards it is sent again if it still
holds; its recovery is sent in any case. Alerts of Cloud Monitoring are snoozed there.`,
		Example: "  returnsync alerts snooze 12 --for 4h\n  returnsync alerts snooze 12 --for 0",
		RunE: a.Run(func(ctx context.Context, s *cli.Session, args []string) error {
			return answer(ctx, s, args[0], func(acts operate.AlertActs, ctx context.Context, by operate.Actor, id int64) (string, error) {
				return acts.Snooze(ctx, by, id, d)
			})
		}),
	}
	cmd.Flags().DurationVar(&d, "for", 4*time.Hour, "how long, 1m to 720h; 0 ends a snooze")
	return cmd
}

// answer does an act on the alert that an argument names.
func answer(ctx context.Context, s *cli.Session, text string, do func(operate.AlertActs, context.Context, operate.Actor, int64) (string, error)) error {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return fmt.Errorf("%q is not an alert's number: see returnsync alerts list --all", text)
	}
	db, err := s.Tables(ctx)
	if err != nil {
		return err
	}
	said, err := do(operate.AlertActs{Alerts: alertstore.New(db.Pool()), Audit: audit.New(db.Pool())}, ctx, s.Actor(), id)
	if err == nil {
		_, _ = fmt.Fprintln(s.Out, said)
	}
	return err
}

// testCmd is the command that sends a test message.
func testCmd(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use:   "test",
		Short: "Send a test message over every channel",
		Long: `test sends a message that says that nothing is wrong over every configured channel:
Slack, Microsoft Teams, PagerDuty (an incident that is resolved at once), e-mail, webhook.
It needs no database and prints no address.`,
		Annotations: cli.Failure(map[string]string{}, "a channel refused the message, or none is configured"),
		Example:     "  returnsync alerts test",
		Args:        cli.Args,
		RunE:        a.Run(func(ctx context.Context, s *cli.Session, _ []string) error { return sendTest(ctx, s) }),
	}
}

// Docs is the page that alerts link to.
type Docs struct {
	URL string `env:"WATCH_DOCS_URL"`
}

// sendTest sends a test message.
func sendTest(ctx context.Context, s *cli.Session) error {
	var to wire.Channels
	var docs Docs
	if err := wire.Configure(ctx, s.Env.Lookup, &to, &docs); err != nil {
		return err
	}
	channels, err := to.Open()
	if err != nil {
		return err
	}
	if len(channels) == 0 {
		return errors.New("no channel is configured: " + wire.NoChannel)
	}
	var problems []error
	for _, c := range channels {
		began := s.Now()
		if err := c.Send(ctx, alert.TestMessage(docs.URL)); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", c.Name, err))
			continue
		}
		_, _ = fmt.Fprintf(s.Out, "%s: the message was taken in %v\n", c.Name, s.Now().Sub(began).Round(time.Millisecond))
	}
	return errors.Join(problems...)
}
