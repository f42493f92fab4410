package schedule_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
)

// TestWhatWasMissedIsMadeUpForOnce keeps the function away over due times: when
// it is back the newest start is made up for, reported, and the rhythm is kept.
func TestWhatWasMissedIsMadeUpForOnce(t *testing.T) {
	w := newWorld(t)
	day, odd := w.add(daily("d", "12:00")), w.add(every("i", "00:30"))
	w.run(at(0, "11:45"))
	w.log, w.starts, w.away = nil, nil, true
	w.run(at(3, "14:10").Add(time.Second))
	w.away = false
	w.run(at(3, "14:40"))
	w.wantTimes(day, at(3, "14:11"))
	w.wantTimes(odd, at(3, "14:11"), at(3, "14:30"))
	w.wantLog("schedule 1 was made up for: its start of 2026-12-04T12:00:00Z was missed", "schedule 2 was made up for: its start of 2026-12-04T14:00:00Z was missed")
	w.run(at(4, "12:30"))
	w.wantTimes(day, at(3, "14:11"), at(4, "12:00"))
}

// TestALateKnockIsGivenTime looks at the table between a due time and its trigger:
// that is no missed start yet.
func TestALateKnockIsGivenTime(t *testing.T) {
	w := newWorld(t)
	id := w.add(daily("d", "12:00"))
	w.run(at(0, "11:59"))
	for _, late := range []time.Duration{0, time.Minute, 2*time.Minute - time.Second} {
		w.now = at(0, "12:00").Add(late)
		if _, err := w.reconcile(); err != nil {
			t.Fatal(err)
		}
		w.wantTimes(id)
	}
	w.now = at(0, "12:02")
	if _, err := w.reconcile(); err != nil {
		t.Fatal(err)
	}
	w.wantTimes(id, at(0, "12:02"))
}

// TestAStartThatFailedIsTriedAgainWithItsKey has the target refuse for a while.
func TestAStartThatFailedIsTriedAgainWithItsKey(t *testing.T) {
	w := newWorld(t)
	id := w.add(daily("d", "12:00"))
	w.run(at(0, "11:00"))
	w.failing = fault.New(fault.Retry, "queue-refuses", "down")
	w.run(at(0, "12:20").Add(time.Second))
	w.failing = nil
	w.run(at(1, "11:00"))
	w.wantTimes(id, at(0, "12:21"))
	if key := w.starts[0].Key; key != "schedule-2026-12-01T12:00:00Z" {
		t.Errorf("key %s", key)
	}
}

// TestAStarterThatDiesIsReplaced takes an occurrence and never ends it.
func TestAStarterThatDiesIsReplaced(t *testing.T) {
	w := newWorld(t)
	id := w.add(daily("d", "12:00"))
	w.run(at(0, "11:59"))
	row := w.rows[id]
	took, err := w.Fire(t.Context(), schedule.Firing{ID: id, Applied: row.Applied, Occurrence: at(0, "12:00"), Now: at(0, "12:00"), Lease: 2 * time.Minute})
	if err != nil || !took {
		t.Fatal(took, err)
	}
	w.run(at(1, "11:00"))
	w.wantTimes(id, at(0, "12:02"))
}

// TestAHopelessStartIsToldAndOver has a target that cannot be started: trying
// each minute for ever would help nobody.
func TestAHopelessStartIsToldAndOver(t *testing.T) {
	w := newWorld(t)
	id := w.add(daily("d", "12:00"))
	w.run(at(0, "11:00"))
	w.log = nil
	w.failing = fault.New(fault.NotFound, "unknown-entity", "there is no entity")
	w.run(at(0, "14:00"))
	w.wantLog("schedule 1 could not start entity target1: there is no entity")
	w.failing = nil
	w.run(at(1, "13:00"))
	w.wantTimes(id, at(1, "12:00"))
}

// TestDuplicatedRows copies a row with all its columns, as a spreadsheet's user
// does: the copy is a schedule of its own, and the two starts of one target at
// one time have one key, by which the second starts nothing.
func TestDuplicatedRows(t *testing.T) {
	w := newWorld(t)
	id := w.add(daily("d", "12:00"))
	w.run(at(0, "13:00"))
	w.log = nil
	w.serial++
	twin := w.serial
	w.rows[twin] = &memoryRow{Row: w.rows[id].Row}
	w.rows[twin].ID = twin
	w.run(at(1, "13:00"))
	w.wantLog(`schedule 2 was added: "d" starts entity target1 daily at 12:00 UTC+00:00`)
	w.wantTimes(id, at(0, "12:00"), at(1, "12:00"))
	w.wantTimes(twin, at(1, "12:00"))
	if last := w.starts[len(w.starts)-2:]; last[0].Key != last[1].Key {
		t.Errorf("%v", last)
	}
	w.serial++
	later := w.serial
	w.rows[later] = &memoryRow{Row: w.rows[id].Row}
	w.rows[later].ID, w.rows[later].Time = later, "14:00" // today still: the copy has started nothing yet
	w.run(at(1, "15:00"))
	w.wantTimes(later, at(1, "14:00"))
	delete(w.rows, id)
	w.run(at(2, "13:00"))
	w.wantTimes(id, at(0, "12:00"), at(1, "12:00"))
	w.wantTimes(twin, at(1, "12:00"), at(2, "12:00"))
}

// TestOnlyOurJobsAreTouched puts others' beside them.
func TestOnlyOurJobsAreTouched(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"returnsUpdateCron", "sync-schedule-", "sync-schedule-07", "sync-schedule-x", "sync-schedule-+8", "my-sync-schedule-9"} {
		w.jobs[name] = &memoryJob{Job: schedule.Job{Name: name, Paused: true}, next: epoch.AddDate(1, 0, 0)}
	}
	w.jobs["sync-schedule-77"] = &memoryJob{Job: schedule.Job{Name: "sync-schedule-77", Description: "left behind", Paused: true}, next: epoch.AddDate(1, 0, 0)}
	w.after(time.Hour)
	if len(w.jobs) != 6 || w.jobs["sync-schedule-77"] != nil {
		t.Errorf("%v", w.jobs)
	}
	w.wantLog("schedule 77 was deleted: left behind")
}

// TestAJobThatWasTamperedWithIsMended changes, pauses and deletes a job behind
// the function's back.
func TestAJobThatWasTamperedWithIsMended(t *testing.T) {
	w := newWorld(t)
	id := w.add(daily("d", "12:00"))
	w.after(time.Minute)
	good := w.jobs["sync-schedule-1"].Job
	w.log = nil
	for _, tamper := range []func(j *memoryJob){
		func(j *memoryJob) { j.Cron = "* * * * *" }, func(j *memoryJob) { j.Paused = true }, func(j *memoryJob) { j.URL = "http://there" },
		func(j *memoryJob) { j.TimeZone = "Asia/Kolkata" }, func(*memoryJob) { delete(w.jobs, "sync-schedule-1") },
	} {
		tamper(w.jobs["sync-schedule-1"])
		if done, err := w.reconcile(); err != nil || done.Changed != 1 {
			t.Errorf("%+v, %v", done, err)
		}
		if diff := cmp.Diff(good, w.jobs["sync-schedule-1"].Job); diff != "" {
			t.Error(diff)
		}
	}
	if done, err := w.reconcile(); err != nil || done.Changed != 0 {
		t.Errorf("a second look changes something: %+v, %v", done, err)
	}
	w.wantLog()
	w.run(at(0, "13:00"))
	w.wantTimes(id, at(0, "12:00"))
}

// TestAForcedJobStartsBesideTheSchedule is a person's button: it starts now, and
// the schedule goes on as if nothing had been.
func TestAForcedJobStartsBesideTheSchedule(t *testing.T) {
	w := newWorld(t)
	id := w.add(every("i", "01:30"))
	w.run(at(0, "00:10"))
	for range 2 {
		done, err := w.firer().Fire(t.Context(), schedule.Trigger{ID: id, Now: w.now})
		if err != nil || !done.Started || done.Occurrence != nil {
			t.Errorf("%+v, %v", done, err)
		}
		w.now = w.now.Add(time.Second)
	}
	w.run(at(0, "02:00"))
	w.wantTimes(id, at(0, "00:10"), at(0, "00:10").Add(time.Second), at(0, "01:30"))
	if w.starts[0].Key == w.starts[1].Key {
		t.Error("two starts by hand have one key")
	}
	w.edit(id, func(e *schedule.Edit) { e.Disabled = true })
	if done, err := w.firer().Fire(t.Context(), schedule.Trigger{ID: id, Now: w.now}); err != nil || done.Started {
		t.Errorf("a disabled schedule: %+v, %v", done, err)
	}
	if done, err := w.firer().Fire(t.Context(), schedule.Trigger{ID: 99, Now: w.now}); err != nil || done.Started || !strings.Contains(done.Message, "deleted") {
		t.Errorf("a deleted schedule: %+v, %v", done, err)
	}
}

// TestClocksThatDiffer has the scheduler's clock ahead of ours, and a tick that
// comes long after its time.
func TestClocksThatDiffer(t *testing.T) {
	w := newWorld(t)
	id := w.add(daily("d", "12:00"))
	w.run(at(0, "11:59"))
	w.now = at(0, "12:00").Add(-20 * time.Second)
	done, err := w.firer().Fire(t.Context(), schedule.Trigger{ID: id, At: at(0, "12:00"), Now: w.now})
	if err != nil || !done.Started || !done.Occurrence.Equal(at(0, "12:00")) {
		t.Errorf("ahead: %+v, %v", done, err)
	}
	w.now = at(2, "18:00")
	done, err = w.firer().Fire(t.Context(), schedule.Trigger{ID: id, At: at(1, "12:00"), Now: w.now})
	if err != nil || !done.Started || !done.Occurrence.Equal(at(2, "12:00")) {
		t.Errorf("late: %+v, %v; the newest stands for all before it", done, err)
	}
	done, err = w.firer().Fire(t.Context(), schedule.Trigger{ID: id, At: at(2, "12:00"), Now: w.now})
	if err != nil || done.Started || !strings.Contains(done.Message, "2026-12-04T12:00:00Z") {
		t.Errorf("again: %+v, %v", done, err)
	}
}
