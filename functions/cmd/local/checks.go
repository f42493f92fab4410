package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/progress"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/process"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/oracle"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// summary is the last line of --once.
type summary struct {
	OK               bool               `json:"ok"`
	Problems         []string           `json:"problems"`
	Returns          int                `json:"returns"`
	Items            int                `json:"items"`
	checked                             // of the entity of the sample
	Entities         map[string]checked `json:"entities,omitempty"` // of further definitions
	FirstSyncSeconds float64            `json:"firstSyncSeconds"`
	RecordsPerSecond float64            `json:"recordsPerSecond"`
	ProcessPeakMiB   float64            `json:"processPeakMiB"`
	WallSeconds      float64            `json:"wallSeconds"`
}

// checked is one entity's part of a summary.
type checked struct {
	Pages       int        `json:"pages"`
	First       run.Counts `json:"first"`
	Second      run.Counts `json:"second"`
	Parked      int64      `json:"parked"`
	Differences int        `json:"differences"`
}

// errUnsound ends --once after a failed check, which the summary names.
var errUnsound = errors.New("a check did not hold; the summary's problems say which")

// once makes one sync and a second over the same window and checks both.
func once(ctx context.Context, stack *rehearsal.Stack, began time.Time, loaded sample.Counts, out, log io.Writer) error {
	s := summary{Returns: loaded.Returns, Items: loaded.Items, Problems: []string{}}
	if err := s.fill(ctx, stack, log); err != nil {
		return stoppedOr(ctx, err)
	}
	parts, err := playWings(ctx, stack, log)
	if err != nil {
		return stoppedOr(ctx, err)
	}
	s.Problems = append(s.Problems, rehearsal.WingProblems(parts)...)
	s.WallSeconds = round(time.Since(began).Seconds())
	s.OK = len(s.Problems) == 0
	line, err := json.Marshal(s)
	if err == nil {
		line, err = rehearsal.WithWings(line, parts)
	}
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "%s\n", line)
	if !s.OK {
		return errUnsound
	}
	return nil
}

// playWings does the work of the wings that play and compares their sides.
func playWings(ctx context.Context, stack *rehearsal.Stack, log io.Writer) (map[string]map[string]any, error) {
	if err := runWings(ctx, stack, log); err != nil {
		return nil, err
	}
	return stack.CheckWings(ctx)
}

// runWings does the work of the wings that play.
func runWings(ctx context.Context, stack *rehearsal.Stack, log io.Writer) error {
	names, plays := stack.Plays()
	for i, p := range plays {
		_, _ = fmt.Fprintf(log, "%s: the sample's work\n", names[i])
		if err := p.Run(ctx, log); err != nil {
			return fmt.Errorf("%s: %w", names[i], err)
		}
	}
	return nil
}

// fill checks every entity.
func (s *summary) fill(ctx context.Context, stack *rehearsal.Stack, log io.Writer) error {
	for _, d := range stack.Entities {
		one, first, err := s.check(ctx, stack, d, log)
		if err != nil {
			return fmt.Errorf("%s: %w", d.Name, err)
		}
		if d.Name != entityName {
			if s.Entities == nil {
				s.Entities = map[string]checked{}
			}
			s.Entities[d.Name] = one
			continue
		}
		s.checked = one
		if first.ClosedAt != nil {
			s.FirstSyncSeconds = round(first.ClosedAt.Sub(first.CreatedAt).Seconds())
			s.RecordsPerSecond = round(float64(first.Counts.Saved) / max(s.FirstSyncSeconds, 0.001))
		}
	}
	s.ProcessPeakMiB = round(stack.PeakMemory(process.Function.Name))
	return s.account(ctx, stack)
}

// check syncs an entity, compares, syncs the same window again, and returns the figures
// with the first run.
func (s *summary) check(ctx context.Context, stack *rehearsal.Stack, d entity.Definition, log io.Writer) (c checked, first run.Run, err error) {
	first, err = syncWithBar(ctx, stack, d.Name, "syncing", log)
	if err != nil {
		return c, first, err
	}
	c.Pages, c.First = first.PagesTotal, first.Counts
	if !s.demand(first.State == run.Synced, "%s: the first sync ended %s: %s", d.Name, first.State, first.LastError) {
		return c, first, nil
	}
	if c.Parked, err = stack.Store.Parked.Count(ctx, d.Name); err != nil {
		return c, first, err
	}
	_, _ = fmt.Fprintf(log, "%s: comparing every record of the index with the database\n", d.Name)
	report, err := stack.Compare(ctx, d)
	if err != nil {
		return c, first, err
	}
	c.Differences = report.Differences()
	s.demand(c.Differences == 0, "%s: the index is not what the database is: %v", d.Name, report)
	s.demand(int64(report.Records) == c.First.Found, "%s: the database has %d records, the sync found %d", d.Name, report.Records, c.First.Found)
	if err := stack.ForgetWatermark(ctx, d); err != nil {
		return c, first, err
	}
	second, err := syncWithBar(ctx, stack, d.Name, "syncing the same window again", log)
	c.Second = second.Counts
	s.demand(err != nil || second.State == run.Synced, "%s: the second sync ended %s: %s", d.Name, second.State, second.LastError)
	s.demand(second.Counts.Saved == 0 && second.Counts.Deleted == 0, "%s: the second sync over the same window changed something: %v", d.Name, second.Counts)
	return c, first, err
}

// demand notes a problem unless ok, and returns ok.
func (s *summary) demand(ok bool, format string, args ...any) bool {
	if !ok {
		s.Problems = append(s.Problems, fmt.Sprintf(format, args...))
	}
	return ok
}

// account checks the sums of every run.
func (s *summary) account(ctx context.Context, stack *rehearsal.Stack) error {
	problems, err := oracle.Sums(ctx, stack.DB)
	s.Problems = append(s.Problems, problems...)
	return err
}

// syncWithBar makes one sync of an entity with a progress display.
func syncWithBar(ctx context.Context, stack *rehearsal.Stack, name, what string, log io.Writer) (run.Run, error) {
	what = name + ": " + what
	b := newBar(log, what)
	defer b.End()
	r, err := stack.Sync(ctx, name, func(r run.Run) {
		done := r.PagesDone + r.PagesFailed
		b.Set(done, r.PagesTotal, fmt.Sprintf("%d of %d pages, %d records", done, r.PagesTotal, r.Counts.Found))
	})
	if err == nil {
		_, _ = fmt.Fprintln(log, strings.TrimSpace(fmt.Sprintf("%s: %s, %v %s", what, r.State, r.Counts, r.LastError)))
	}
	return r, err
}

// newBar returns a bar on the log.
func newBar(log io.Writer, what string) *progress.Bar {
	return progress.New(log, progress.IsTerminal(log), what, time.Now)
}

// round keeps two decimals.
func round(v float64) float64 { return float64(int64(v*100+0.5)) / 100 }
