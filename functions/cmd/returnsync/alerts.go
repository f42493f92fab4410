package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/alertstore"
)

// alerts is the commands about alerts.
func (a *app) alerts() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "alerts",
		Short:   "Show the alerts, and test where they go",
		Example: "  returnsync alerts list\n  returnsync alerts test",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.alertsList(), a.alertsTest())
	return cmd
}

const alertsListHelp = `list shows the alerts that are open, or with --all those that are over as well, and
what became of their messages: sent, still waiting to be sent, or refused by the
channel.

Exit codes: 0 no alert is open, 1 they could not be read, 2 an alert is open.`

// alertsOptions are what the flags say.
type alertsOptions struct {
	json, all bool
	limit     int
}

// alertsList is the command that lists alerts.
func (a *app) alertsList() *cobra.Command {
	var o alertsOptions
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the alerts that are open, and what to do",
		Long:    alertsListHelp,
		Example: "  returnsync alerts list\n  returnsync alerts list --all --limit 200 --json",
		Args:    cobra.NoArgs,
		RunE:    a.run(func(ctx context.Context, s *session, _ []string) error { return s.listAlerts(ctx, o) }),
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON, for programs")
	cmd.Flags().BoolVar(&o.all, "all", false, "those that are over, too")
	cmd.Flags().IntVar(&o.limit, "limit", 50, "at most this many of the newest")
	return cmd
}

// listAlerts prints alerts.
func (s *session) listAlerts(ctx context.Context, o alertsOptions) error {
	if o.limit < 1 {
		return fmt.Errorf("--limit is %d; want 1 or more", o.limit)
	}
	db, err := s.about(ctx, "")
	if err != nil {
		return err
	}
	open, err := alertstore.New(db.Pool()).Alerts(ctx, true, o.limit)
	if err != nil {
		return err
	}
	list := open
	if o.all {
		if list, err = alertstore.New(db.Pool()).Alerts(ctx, false, o.limit); err != nil {
			return err
		}
	}
	if o.json {
		err = printJSON(s.out, append([]alertstore.AlertRow{}, list...))
	} else {
		err = printAlerts(s.out, list)
	}
	if err == nil && len(open) > 0 {
		err = errAttention
	}
	return err
}

// printAlerts writes alerts for people.
func printAlerts(to io.Writer, list []alertstore.AlertRow) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(to, "No alert is open.")
		return err
	}
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "ALERT\tSTATE\tRAISED (UTC)\tLASTED\tSENT\tWAITING\tREFUSED\tTITLE")
	for _, a := range list {
		lasted := "-"
		if a.ClosedAt != nil {
			lasted = age(a.ClosedAt.Sub(a.RaisedAt))
		}
		_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%d\t%d\t%d\t%s\n", a.ID, a.Outcome, a.RaisedAt.UTC().Format(clock), lasted, a.Sent, a.Waiting, a.Refused, oneLine(a.Title))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, a := range list {
		if a.Outcome == alert.StillOpen {
			_, _ = fmt.Fprintf(to, "\n%s\n   %s\n   -> %s\n", oneLine(a.Title), oneLine(a.Text), oneLine(a.Do))
		}
	}
	return nil
}

const alertsTestHelp = `test sends a message that says that nothing is wrong over every channel that is
configured: SLACK_WEBHOOK_URL and ALERT_WEBHOOK_URL. It needs no database, and it
never shows an address.

Exit codes: 0 every channel took the message, 1 one did not, or there is none.`

// alertsTest is the command that sends a test message.
func (a *app) alertsTest() *cobra.Command {
	return &cobra.Command{
		Use:     "test",
		Short:   "Send a test message over every channel",
		Long:    alertsTestHelp,
		Example: "  returnsync alerts test",
		Args:    cobra.NoArgs,
		RunE:    a.run(func(ctx context.Context, s *session, _ []string) error { return s.testAlerts(ctx) }),
	}
}

// alertDocs is where alerts link to.
type alertDocs struct {
	URL string `env:"WATCH_DOCS_URL"`
}

// testAlerts sends a test message.
func (s *session) testAlerts(ctx context.Context) error {
	var to wire.Channels
	var docs alertDocs
	if err := wire.Configure(ctx, s.Lookup, &to, &docs); err != nil {
		return err
	}
	channels, err := to.Open()
	if err != nil {
		return err
	}
	if len(channels) == 0 {
		return errors.New("no channel is configured: set SLACK_WEBHOOK_URL to the address of an incoming webhook, or ALERT_WEBHOOK_URL to an address that takes JSON")
	}
	var problems []error
	for _, c := range channels {
		began := s.now()
		if err := c.Send(ctx, alert.TestMessage(docs.URL)); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", c.Name, err))
			continue
		}
		_, _ = fmt.Fprintf(s.out, "%s: the message was taken in %v\n", c.Name, s.now().Sub(began).Round(time.Millisecond))
	}
	return errors.Join(problems...)
}
