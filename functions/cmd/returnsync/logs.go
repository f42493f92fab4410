package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

const logsHelp = `logs shows the run log: runs that began, were synced, failed or were taken over,
records that were parked, schedules that were changed, alerts that were sent. A
run that found nothing to do leaves no entry.

--since takes a duration (90m, 24h) or a time (2026-11-20T12:00:00Z). With --json
the entries are one array; with --follow, one object a line. Entries are kept for
LOG_KEEP_DAYS days.

Exit codes: 0 the entries were shown, 1 they could not be read.`

// logs is the command that shows the run log.
func (a *app) logs() *cobra.Command {
	var o logsOptions
	cmd := &cobra.Command{
		Use:   "logs",
		Short: "Show the run log, and follow it",
		Long:  logsHelp,
		Example: `  returnsync logs --since 24h --severity warning
  returnsync logs --entity returns --follow
  returnsync logs --json | jq '.[].message'`,
		Args: cobra.NoArgs,
		RunE: a.run(func(ctx context.Context, s *session, _ []string) error { return s.logs(ctx, o) }),
	}
	f := cmd.Flags()
	f.BoolVar(&o.json, "json", false, "print JSON, for programs")
	f.BoolVarP(&o.follow, "follow", "f", false, "wait for further entries until Ctrl-C")
	f.StringVar(&o.entity, "entity", "", "about this entity alone")
	f.StringVar(&o.since, "since", "", "of this time and later: 24h, or 2026-11-20T12:00:00Z")
	f.StringVar(&o.severity, "severity", "info", "as grave as this at least: info, warning, error")
	f.IntVar(&o.limit, "limit", 200, "at most this many of the newest")
	return cmd
}

// logsOptions are what the flags say.
type logsOptions struct {
	json, follow            bool
	entity, since, severity string
	limit                   int
}

// filter returns which entries are wanted.
func (o logsOptions) filter(now time.Time) (runlog.Filter, error) {
	f := runlog.Filter{Subject: o.entity, Limit: o.limit}
	if o.limit < 1 {
		return f, fmt.Errorf("--limit is %d; want 1 or more", o.limit)
	}
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

// logs prints the entries.
func (s *session) logs(ctx context.Context, o logsOptions) error {
	if _, err := o.filter(time.Time{}); err != nil {
		return err
	}
	db, err := s.about(ctx, o.entity)
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
		return printJSON(s.out, append([]runlog.Entry{}, list...))
	}
	s.printLog(list, o.json)
	if !o.follow {
		return nil
	}
	return s.followLog(ctx, &logTail{store: db, filter: f, seen: map[int64]bool{}}, list, o.json)
}

// about opens our own tables for a command about one entity, or about all, and
// makes sure that there is such an entity.
func (s *session) about(ctx context.Context, entity string) (*store.DB, error) {
	var defs wire.Definitions
	d, err := s.configure(ctx, need{targets: []any{&defs}})
	if err != nil {
		return nil, err
	}
	if _, err := definitions(defs, entity); err != nil {
		return nil, err
	}
	return s.migrated(ctx, d)
}

// printLog writes entries, one a line.
func (s *session) printLog(list []runlog.Entry, asJSON bool) {
	for _, e := range list {
		if asJSON {
			line, _ := json.Marshal(e) // numbers and strings always have a JSON form
			_, _ = fmt.Fprintf(s.out, "%s\n", line)
			continue
		}
		about := e.Subject
		if e.RunID != 0 {
			about = fmt.Sprintf("%s run %d", e.Subject, e.RunID)
		}
		_, _ = fmt.Fprintf(s.out, "%s  %-7s  %-20s  %s\n", e.At.UTC().Format(clock), e.Severity, about, oneLine(e.Message))
	}
}

// An entry's number is given when it is written and its transaction may end
// later, so a lower number can appear after a higher one. What lies trailBy
// behind the highest is looked at again; atOnce is how much is read at a time.
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

// news returns the entries that no look has returned yet.
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

// followLog prints the entries that come after those that were shown, until ctx
// ends.
func (s *session) followLog(ctx context.Context, t *logTail, shown []runlog.Entry, asJSON bool) error {
	for _, e := range shown {
		t.highest = max(t.highest, e.ID)
	}
	// What is older and was not shown was left out on purpose.
	before := t.highest
	for {
		list, err := t.news(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		s.printLog(slices.DeleteFunc(list, func(e runlog.Entry) bool { return e.ID <= before }), asJSON)
		before = 0
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(s.poll):
		}
	}
}
