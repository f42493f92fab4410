package schedulestore_test

import (
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule/schedulestore"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store/storetest"
)

// TestMain starts the tests' database server.
func TestMain(m *testing.M) { localdbtest.Main(m) }

// bench is the store on a migrated database.
type bench struct {
	*schedulestore.Store
	storetest.DB
	t *testing.T
}

// newBench returns a bench on a fresh database.
func newBench(t *testing.T) *bench {
	t.Helper()
	db := storetest.New(t)
	return &bench{schedulestore.New(db.DB), db, t}
}

// noon is an occurrence of the tests.
var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// scheduled adds a schedule and brings a Spec into force for it.
func (b *bench) scheduled(e schedule.Edit) schedule.Row {
	b.t.Helper()
	id, err := b.AddSchedule(b.t.Context(), e)
	if err != nil {
		b.t.Fatal(err)
	}
	anchor := noon.Add(-24 * time.Hour)
	row := b.schedule(id)
	ok, err := b.Judge(b.t.Context(), row, schedule.Verdict{Applied: `{"id":1}`, Anchor: &anchor, Fresh: true, Now: anchor})
	if err != nil || !ok {
		b.t.Fatalf("Judge = %v, %v", ok, err)
	}
	return b.schedule(id)
}

// schedule reads a schedule.
func (b *bench) schedule(id int64) schedule.Row {
	b.t.Helper()
	r, err := b.Schedule(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// full is a schedule with every column written.
func full() schedule.Edit {
	zone := 5.75
	return schedule.Edit{
		Name: "nachts ☾", TargetKind: "entity", Target: "returns", Time: "23:30", Timezone: &zone, Run: "Weekly", Weekday: "Sunday",
		Disabled: true, Description: "for people",
	}
}

func TestSchedulesComeBackAsWritten(t *testing.T) {
	b := newBench(t)
	id, err := b.AddSchedule(t.Context(), full())
	if err != nil {
		t.Fatal(err)
	}
	b.Must("INSERT INTO sync_schedule (name, target, time) VALUES ('by hand', 'returns', '07:30')")
	poll, err := b.Schedules(t.Context())
	if err != nil || len(poll.Rows) != 2 || !poll.First || poll.Rows[0].ID != id {
		t.Fatalf("%+v, %v", poll, err)
	}
	if diff := cmp.Diff(full(), poll.Rows[0].Edit); diff != "" {
		t.Error(diff)
	}
	zone := float64(schedule.DefaultTimezone)
	want := schedule.Edit{Name: "by hand", TargetKind: "entity", Target: "returns", Time: "07:30", Timezone: &zone, Run: "Daily"}
	if diff := cmp.Diff(want, poll.Rows[1].Edit); diff != "" {
		t.Errorf("the columns' defaults: %s", diff)
	}
	b.Must("UPDATE sync_schedule SET timezone = NULL WHERE id = ?", id)
	if r := b.schedule(id); r.Timezone != nil {
		t.Errorf("no zone reads %v", *r.Timezone)
	}
	if _, err := b.Schedule(t.Context(), 99); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a schedule that is not there: %v", err)
	}
}

func TestTheFirstLookIsRemembered(t *testing.T) {
	b := newBench(t)
	if at, err := b.PolledAt(t.Context()); err != nil || at != nil {
		t.Errorf("never looked: %v, %v", at, err)
	}
	for i := range 2 {
		if err := b.Polled(t.Context(), noon.Add(time.Duration(i)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	poll, err := b.Schedules(t.Context())
	if err != nil || poll.First {
		t.Errorf("%+v, %v", poll, err)
	}
	if at, err := b.PolledAt(t.Context()); err != nil || !at.Equal(noon.Add(time.Minute)) {
		t.Errorf("%v, %v", at, err)
	}
}

// TestAVerdictIsWrittenAndToldOnce has twenty processes come to one verdict.
func TestAVerdictIsWrittenAndToldOnce(t *testing.T) {
	b := newBench(t)
	id, err := b.AddSchedule(t.Context(), full())
	if err != nil {
		t.Fatal(err)
	}
	row := b.schedule(id)
	v := schedule.Verdict{
		Applied: `{"id":1,"name":"☾"}`, Message: "no good", Anchor: &noon, Fresh: true, Now: noon,
		Entries: []schedule.Entry{{Level: slog.LevelInfo, Entity: "returns", Message: "told"}, {Level: slog.LevelWarn, Message: "told too"}},
	}
	var won atomic.Int64
	storetest.Together(20, func(int) {
		ok, err := b.Judge(t.Context(), row, v)
		if err != nil {
			t.Error(err)
		}
		if ok {
			won.Add(1)
		}
	})
	if won.Load() != 1 || b.Number("SELECT COUNT(*) FROM sync_log WHERE message LIKE 'told%'") != 2 {
		t.Errorf("%d processes wrote it, %d entries", won.Load(), b.Number("SELECT COUNT(*) FROM sync_log WHERE message LIKE 'told%'"))
	}
	got := b.schedule(id)
	if got.Applied != v.Applied || got.Message != v.Message || !got.Anchor.Equal(noon) || !got.AppliedAt.Equal(noon) || !got.UpdatedAt.Equal(row.UpdatedAt) {
		t.Errorf("%+v; people's time of editing was %v", got, row.UpdatedAt)
	}
	later := noon.Add(time.Hour)
	if ok, err := b.Judge(t.Context(), got, schedule.Verdict{Applied: got.Applied, Now: later}); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if got = b.schedule(id); !got.AppliedAt.Equal(noon) || !got.Anchor.Equal(noon) || got.Message != "" {
		t.Errorf("another message has changed more: %+v", got)
	}
}

// TestAnOccurrenceIsTakenOnce lets fifty callers trigger at once, through five
// occurrences.
func TestAnOccurrenceIsTakenOnce(t *testing.T) {
	b := newBench(t)
	e := full()
	e.Disabled = false
	row := b.scheduled(e)
	for day := range 5 {
		f := schedule.Firing{ID: row.ID, Applied: row.Applied, Occurrence: noon.AddDate(0, 0, day), Now: noon.AddDate(0, 0, day), Lease: time.Minute}
		var won atomic.Int64
		storetest.Together(50, func(i int) {
			mine := f
			mine.Now = mine.Now.Add(time.Duration(i) * time.Millisecond)
			ok, err := b.Fire(t.Context(), mine)
			if err != nil {
				t.Error(err)
			}
			if ok {
				won.Add(1)
			}
		})
		if won.Load() != 1 {
			t.Fatalf("%d callers took occurrence %d", won.Load(), day)
		}
		if err := b.Fired(t.Context(), f, true); err != nil {
			t.Fatal(err)
		}
		if got := b.schedule(row.ID); !got.LastFired.Equal(f.Occurrence) || !got.UpdatedAt.Equal(row.UpdatedAt) {
			t.Errorf("%+v", got)
		}
		if ok, err := b.Fire(t.Context(), f); err != nil || ok {
			t.Errorf("it is taken again after its end: %v, %v", ok, err)
		}
	}
}

// TestWhoMayTakeAnOccurrence goes through the conditions one by one.
func TestWhoMayTakeAnOccurrence(t *testing.T) {
	b := newBench(t)
	e := full()
	e.Disabled = false
	row := b.scheduled(e)
	f := schedule.Firing{ID: row.ID, Applied: row.Applied, Occurrence: noon, Now: noon, Lease: time.Minute}
	take := func(what string, want bool, f schedule.Firing) {
		t.Helper()
		if ok, err := b.Fire(t.Context(), f); err != nil || ok != want {
			t.Errorf("%s: %v, %v; want %v", what, ok, err, want)
		}
	}
	other := f
	other.Applied = `{"id":1,"name":"other"}`
	take("by another plan", false, other)
	b.Must("UPDATE sync_schedule SET disabled = 1")
	take("disabled", false, f)
	b.Must("UPDATE sync_schedule SET disabled = 0")
	take("free", true, f)
	late := f
	late.Now = noon.Add(59 * time.Second)
	take("while the lease holds", false, late)
	if err := b.Fired(t.Context(), f, false); err != nil {
		t.Fatal(err)
	}
	take("given back", true, late)
	late.Now = late.Now.Add(61 * time.Second)
	take("after a death", true, late)
	if err := b.Fired(t.Context(), late, true); err != nil {
		t.Fatal(err)
	}
	slow := f // the one that was taken for dead ends late, and has nothing to say
	if err := b.Fired(t.Context(), slow, false); err != nil {
		t.Fatal(err)
	}
	take("an older one", false, schedule.Firing{ID: row.ID, Applied: row.Applied, Occurrence: noon.Add(-time.Hour), Now: noon.Add(time.Hour), Lease: time.Minute})
	b.Must("DELETE FROM sync_schedule")
	take("deleted", false, f)
	if err := b.Fired(t.Context(), f, true); err != nil {
		t.Errorf("ending what was deleted: %v", err)
	}
}

// TestAnEditBuildsOnWhatWasSeen has people change one schedule at once: who saw
// an older content is reported, also when the newer one came by plain SQL.
func TestAnEditBuildsOnWhatWasSeen(t *testing.T) {
	b := newBench(t)
	row := b.scheduled(full())
	var mutex sync.Mutex
	won, stale := 0, 0
	storetest.Together(10, func(i int) {
		_, err := b.EditSchedule(t.Context(), row.ID, row.Version(), func(e *schedule.Edit) { e.Time = "0" + string(rune('0'+i)) + ":15" })
		mutex.Lock()
		defer mutex.Unlock()
		switch {
		case err == nil:
			won++
		case fault.CodeOf(err) == "stale-version":
			stale++
		default:
			t.Error(err)
		}
	})
	if won != 1 || stale != 9 {
		t.Errorf("%d edits, %d stale ones", won, stale)
	}
	seen := b.schedule(row.ID).Version()
	b.Must("UPDATE sync_schedule SET time = '11:11'")
	if _, err := b.DeleteSchedule(t.Context(), row.ID, seen); fault.CodeOf(err) != "stale-version" || !strings.Contains(err.Error(), "look at it again") {
		t.Errorf("deleting what was changed meanwhile: %v", err)
	}
	before, err := b.EditSchedule(t.Context(), row.ID, "", func(e *schedule.Edit) { e.Weekday, e.Timezone, e.Disabled = "", nil, false })
	if got := b.schedule(row.ID); err != nil || before.Time != "11:11" || got.Weekday != "" || got.Timezone != nil || got.Disabled || !got.UpdatedAt.After(row.UpdatedAt) || got.Applied != row.Applied {
		t.Errorf("%v: %+v", err, got)
	}
	before, err = b.DeleteSchedule(t.Context(), row.ID, b.schedule(row.ID).Version())
	if err != nil || before.Time != "11:11" {
		t.Errorf("%+v, %v", before, err)
	}
	if _, err := b.EditSchedule(t.Context(), row.ID, "", func(*schedule.Edit) {}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("editing what is gone: %v", err)
	}
}
