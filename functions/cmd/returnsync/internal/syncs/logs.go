package syncs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

const logsHelp = `logs shows the run log: runs that began, ended, failed or were taken over, parked
records, changed schedules, sent alerts. A run without a change leaves no entry.

--since takes a duration (90m, 24h) or a time (2026-11-20T12:00:00Z). --json prints
one array; with --follow, one object a line. Entries are kept for LOG_KEEP_DAYS
days.`

// logsCmd is the command that shows the run log.
func logsCmd(a *cli.App) *cobra.Command {
	var o logsOptions
	cmd := &cobra.Command{
		Use:   "logs",
		Short: "Show the run log, and follow it",
		Long:  logsHelp,
		Example: `  returnsync logs --since 24h --severity warning
  returnsync logs --entity returns --follow
  returnsync logs --json | jq '.[].message'`,
		Args: cli.Args,
		RunE: a.Run(func(ctx context.Context, s *cli.Session, _ []string) error { return showLogs(ctx, s, o) }),
	}
	f := cmd.Flags()
	cli.JSONFlag(f, &o.json)
	f.BoolVarP(&o.follow, "follow", "f", false, "wait for further entries until Ctrl-C")
	f.StringVar(&o.entity, "entity", "", "the entries of this entity alone")
	f.StringVar(&o.since, "since", "", "the entries since then: 24h, or 2026-11-20T12:00:00Z")
	f.StringVar(&o.severity, "severity", "info", "this severity or a higher one: info, warning, error")
	cli.Number(f, &o.limit, "limit", 200, "show at most this many of the newest")
	return cmd
}

// logsOptions are the flags.
type logsOptions struct {
	json, follow            bool
	entity, since, severity string
	limit                   int
}

// filter returns which entries are wanted.
func (o logsOptions) filter(now time.Time) (runlog.Filter, error) {
	f := runlog.Filter{Subject: o.entity, Limit: o.limit}
	var err error
	if f.Least, err = runlog.ParseSeverity(o.severity); err != nil {
		return f, fmt.Errorf("--severity is %q; want info, warning or error", o.severity)
	}
	f.Since, err = sinceOf(o.since, now)
	return f, err
}

// sinceOf reads --since; the zero time for an empty one.
func sinceOf(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("--since is %q; want a duration such as 24h or a time such as 2026-11-20T12:00:00Z", text)
	}
	return at.UTC(), nil
}

// showLogs prints the entries.
func showLogs(ctx context.Context, s *cli.Session, o logsOptions) error {
	if _, err := o.filter(time.Time{}); err != nil {
		return err
	}
	db, _, err := s.Known(ctx, o.entity)
	if err != nil {
		return err
	}
	now, err := db.Now(ctx)
	if err != nil {
		return err
	}
	f, err := o.filter(now)
	if err != nil {
		return err
	}
	list, err := runlog.New(db.Pool()).ReadLog(ctx, f)
	switch {
	case err != nil:
		return err
	case o.json && !o.follow:
		return cli.JSON(s.Out, append([]runlog.Entry{}, list...))
	}
	printLog(s, list, o.json)
	if !o.follow {
		return nil
	}
	return followLog(ctx, s, &logTail{store: db, filter: f, seen: map[int64]bool{}}, list, o.json)
}

// printLog writes entries, one a line.
func printLog(s *cli.Session, list []runlog.Entry, asJSON bool) {
	for _, e := range list {
		if asJSON {
			line, _ := json.Marshal(e) // numbers and strings always have a JSON form
			_, _ = fmt.Fprintf(s.Out, "%s\n", line)
			continue
		}
		about := e.Subject
		if e.RunID != 0 {
			about = fmt.Sprintf("%s run %d", e.Subject, e.RunID)
		}
		_, _ = fmt.Fprintf(s.Out, "%s  %s  %-20s  %s\n", e.At.UTC().Format(cli.Clock), cli.Paint(s.Out, fmt.Sprintf("%-7s", e.Severity)), about, cli.OneLine(e.Message))
	}
}

// An entry gets its number when it is written, and its transaction may end later: a lower
// number can appear after a higher one. So the last trailBy numbers are read again; atOnce
// is how many entries are read at a time.
const (
	trailBy = 500
	atOnce  = 2000
)

// logTail is the end of the run log, as it grows.
type logTail struct {
	store   *store.DB
	filter  runlog.Filter
	seen    map[int64]bool
	highest int64
}

// news returns the entries that were not returned before.
func (t *logTail) news(ctx context.Context) ([]runlog.Entry, error) {
	f := t.filter
	f.After, f.Limit = max(t.highest-trailBy, 0), atOnce
	list, err := runlog.New(t.store.Pool()).ReadLog(ctx, f)
	var fresh []runlog.Entry
	for _, e := range list {
		if !t.seen[e.ID] {
			fresh = append(fresh, e)
			t.seen[e.ID], t.highest = true, max(t.highest, e.ID)
		}
	}
	for id := range t.seen {
		if id < t.highest-2*trailBy {
			delete(t.seen, id)
		}
	}
	return fresh, err
}

// followLog prints the entries after those that were shown, until ctx ends.
func followLog(ctx context.Context, s *cli.Session, t *logTail, shown []runlog.Entry, asJSON bool) error {
	for _, e := range shown {
		t.highest = max(t.highest, e.ID)
	}
	// Older entries that were not shown were beyond --limit.
	before := t.highest
	return s.Repeat(ctx, func() error {
		list, err := t.news(ctx)
		if err == nil {
			printLog(s, slices.DeleteFunc(list, func(e runlog.Entry) bool { return e.ID <= before }), asJSON)
			before = 0
		}
		return err
	})
}
