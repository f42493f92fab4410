package schedule_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/robfig/cron/v3"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
)

// epoch is when the world begins: a Tuesday.
var epoch = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

// world is a table, a scheduler and a function in memory, on one clock that the
// test moves. It shares nothing with the store but the interface.
type world struct {
	t        *testing.T
	now      time.Time
	rows     map[int64]*memoryRow
	serial   int64
	polled   bool
	jobs     map[string]*memoryJob
	starts   []start
	log      []string
	pollStep time.Duration // how often the function looks at the table
	nextPoll time.Time
	away     bool  // the function does not answer
	broken   error // of reading the table
	refuses  error // of the scheduler
	failing  error // of starting
	twice    bool  // every trigger comes twice
}

// memoryRow is a row with what only the table knows.
type memoryRow struct {
	schedule.Row
	firing time.Time
	until  time.Time
}

// memoryJob is a job and the time of its next trigger.
type memoryJob struct {
	schedule.Job
	id   int64
	cron cron.Schedule
	next time.Time
}

// start is one start of a target.
type start struct {
	ID  int64
	At  time.Time
	Key string
}

// newWorld returns an empty world that has been looked at once, so that what
// comes is a change.
func newWorld(t *testing.T) *world {
	w := &world{t: t, now: epoch, rows: map[int64]*memoryRow{}, jobs: map[string]*memoryJob{}, pollStep: time.Minute, nextPoll: epoch, polled: true}
	return w
}

// add adds a row.
func (w *world) add(e schedule.Edit) int64 {
	w.serial++
	if e.TargetKind == "" {
		e.TargetKind, e.Target = "entity", fmt.Sprintf("target%d", w.serial)
	}
	w.rows[w.serial] = &memoryRow{Row: schedule.Row{ID: w.serial, Edit: e, CreatedAt: w.now, UpdatedAt: w.now}}
	return w.serial
}

// edit changes a row.
func (w *world) edit(id int64, change func(e *schedule.Edit)) { change(&w.rows[id].Edit) }

// Schedules implements schedule.Table.
func (w *world) Schedules(context.Context) (schedule.Poll, error) {
	p := schedule.Poll{First: !w.polled}
	for _, id := range slices.Sorted(maps.Keys(w.rows)) {
		p.Rows = append(p.Rows, w.rows[id].Row)
	}
	return p, w.broken
}

// Polled implements schedule.Table.
func (w *world) Polled(context.Context, time.Time) error {
	w.polled = true
	return nil
}

// Judge implements schedule.Table.
func (w *world) Judge(_ context.Context, r schedule.Row, v schedule.Verdict) (bool, error) {
	row := w.rows[r.ID]
	if row == nil || row.Applied != r.Applied || row.Message != r.Message {
		return false, nil
	}
	row.Applied, row.Message = v.Applied, v.Message
	if v.Anchor != nil {
		at := *v.Anchor
		row.Anchor = &at
	}
	if v.Fresh {
		row.LastFired, row.until = nil, time.Time{}
	}
	for _, e := range v.Entries {
		w.log = append(w.log, e.Message)
	}
	return true, nil
}

// Schedule implements schedule.Firings.
func (w *world) Schedule(_ context.Context, id int64) (schedule.Row, error) {
	if w.rows[id] == nil {
		return schedule.Row{}, fault.New(fault.NotFound, "unknown-schedule", "gone")
	}
	return w.rows[id].Row, w.broken
}

// Fire implements schedule.Firings.
func (w *world) Fire(_ context.Context, f schedule.Firing) (bool, error) {
	row := w.rows[f.ID]
	if row == nil || row.Disabled || row.Applied != f.Applied || row.until.After(f.Now) ||
		row.LastFired != nil && !row.LastFired.Before(f.Occurrence) {
		return false, nil
	}
	row.firing, row.until = f.Occurrence, f.Now.Add(f.Lease)
	return true, nil
}

// Fired implements schedule.Firings.
func (w *world) Fired(_ context.Context, f schedule.Firing, over bool) error {
	if row := w.rows[f.ID]; row != nil && row.firing.Equal(f.Occurrence) {
		row.until = time.Time{}
		if over {
			row.LastFired = &f.Occurrence
		}
	}
	return nil
}

// kinds are an entity and a scope, which start by start.
func (w *world) kinds() schedule.Kinds { return kinds(w.start) }

// kinds are an entity and a scope; there is no target nobody.
func kinds(start func(context.Context, schedule.Spec, string) (string, error)) schedule.Kinds {
	check := func(_ context.Context, target string) error {
		if target == "nobody" {
			return errors.New("there is no entity nobody")
		}
		return nil
	}
	return schedule.Kinds{{Name: "entity", Entity: true, Check: check, Start: start}, {Name: "scope", Check: check, Start: start}}
}

// start starts a target.
func (w *world) start(_ context.Context, s schedule.Spec, key string) (string, error) {
	if w.failing == nil {
		w.starts = append(w.starts, start{s.ID, w.now, key})
	}
	return "claimed", w.failing
}

// List implements schedule.Jobs.
func (w *world) List(_ context.Context, prefix string) ([]schedule.Job, error) {
	var list []schedule.Job
	for _, name := range slices.Sorted(maps.Keys(w.jobs)) {
		if strings.HasPrefix(name, prefix) {
			list = append(list, w.jobs[name].Job)
		}
	}
	return list, w.refuses
}

// Ensure implements schedule.Jobs.
func (w *world) Ensure(_ context.Context, j schedule.Job) error {
	if w.refuses != nil {
		return w.refuses
	}
	parsed, err := cron.ParseStandard("CRON_TZ=" + j.TimeZone + " " + j.Cron)
	if err != nil {
		w.t.Fatalf("job %s has the schedule %q: %v", j.Name, j.Cron, err)
	}
	m := &memoryJob{Job: j, cron: parsed, next: parsed.Next(w.now)}
	if _, err := fmt.Sscanf(j.URL, "http://here?fire=%d", &m.id); err != nil {
		w.t.Fatalf("job %s calls %s", j.Name, j.URL)
	}
	w.jobs[j.Name] = m
	return nil
}

// Delete implements schedule.Jobs.
func (w *world) Delete(_ context.Context, name string) (bool, error) {
	_, ok := w.jobs[name]
	delete(w.jobs, name)
	return ok, nil
}

// keep collects the run log.
func (w *world) keep(_ context.Context, e schedule.Entry) error {
	w.log = append(w.log, e.Message)
	return nil
}

// logs takes the events of the world's schedules.
func (w *world) logs() schedule.Log {
	return schedule.Log{Keep: w.keep, Print: slog.New(slog.DiscardHandler)}
}

// reconcile looks at the table once.
func (w *world) reconcile() (schedule.Reconciled, error) {
	r := schedule.Reconciler{
		Table: w, Jobs: w, Log: w.logs(), Prefix: "sync-schedule-", URL: "http://here", ServiceAccount: "knocker",
		Kinds: w.kinds(),
	}
	done, err := r.Run(context.Background(), w.now)
	if err == nil {
		_, err = w.firer().MakeUp(context.Background(), done.Rows, w.now)
	}
	return done, err
}

// firer returns the world's firer.
func (w *world) firer() *schedule.Firer {
	return &schedule.Firer{Table: w, Kinds: w.kinds(), Log: w.logs()}
}

// trigger delivers a job's tick.
func (w *world) trigger(j *memoryJob, at time.Time) {
	times := 1
	if w.twice {
		times = 2
	}
	for range times {
		if _, err := w.firer().Fire(context.Background(), schedule.Trigger{ID: j.id, At: at, Now: w.now}); err != nil && w.failing == nil && w.broken == nil {
			w.t.Fatal(err)
		}
	}
}

// run lets the world go on until a time: whatever happens first comes first, and
// jobs trigger before the function looks at the table.
func (w *world) run(until time.Time) {
	for {
		next := w.nextPoll
		for _, j := range w.jobs {
			if !j.Paused && j.next.Before(next) || j.next.Equal(next) && !j.Paused {
				next = j.next
			}
		}
		if next.After(until) {
			w.now = until
			return
		}
		w.now = next
		for _, name := range slices.Sorted(maps.Keys(w.jobs)) {
			j := w.jobs[name]
			for j.next.Before(next) { // paused meanwhile
				j.next = j.cron.Next(next.Add(-time.Second))
			}
			if j.next.Equal(next) {
				j.next = j.cron.Next(next)
				if !j.Paused && !w.away {
					w.trigger(j, next)
				}
			}
		}
		if w.nextPoll.Equal(next) {
			w.nextPoll = next.Add(w.pollStep)
			if !w.away {
				if _, err := w.reconcile(); err != nil && w.broken == nil && w.refuses == nil && w.failing == nil {
					w.t.Fatal(err)
				}
			}
		}
	}
}

// after lets the world go on for a while.
func (w *world) after(d time.Duration) { w.run(w.now.Add(d)) }

// times returns when a schedule was started.
func (w *world) times(id int64) []time.Time {
	list := []time.Time{}
	for _, s := range w.starts {
		if s.ID == id {
			list = append(list, s.At)
		}
	}
	return list
}

// wantTimes compares when a schedule was started.
func (w *world) wantTimes(id int64, want ...time.Time) {
	w.t.Helper()
	if want == nil {
		want = []time.Time{}
	}
	if diff := cmp.Diff(want, w.times(id)); diff != "" {
		w.t.Errorf("starts of schedule %d (-want +got):\n%s", id, diff)
	}
}

// wantLog compares the records that hold a word, and forgets all.
func (w *world) wantLog(records ...string) {
	w.t.Helper()
	if diff := cmp.Diff(append([]string{}, records...), append([]string{}, w.log...)); diff != "" {
		w.t.Errorf("the run log (-want +got):\n%s", diff)
	}
	w.log = nil
}

// hours returns a pointer, as a zone is written.
func hours(h float64) *float64 { return &h }

// at returns a time of the first days of the world: at(0, "10:30") is on the
// first.
func at(days int, clock string) time.Time {
	minutes, err := schedule.ParseTime(clock)
	if err != nil {
		panic(err)
	}
	return epoch.AddDate(0, 0, days).Add(time.Duration(minutes) * time.Minute)
}
