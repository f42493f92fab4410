package schedule_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
)

// daily is a row of every day.
func daily(name, clock string) schedule.Edit {
	return schedule.Edit{Name: name, Run: "Daily", Time: clock, Timezone: hours(0)}
}

// every is a row of an Interval.
func every(name, length string) schedule.Edit {
	return schedule.Edit{Name: name, Run: "Interval", Time: length}
}

// TestAYearOfSchedules lets one year pass over schedules of all kinds, looked at
// once an hour, with every trigger delivered twice: each start comes at its minute,
// once. Summer time, which begins and ends in that year almost everywhere, is
// never applied.
func TestAYearOfSchedules(t *testing.T) {
	w := newWorld(t)
	w.pollStep, w.twice = time.Hour, true
	edits := []schedule.Edit{
		{Run: "Daily", Time: "23:30", Timezone: hours(-7)}, {Run: "Daily", Time: "00:10", Timezone: hours(14)},
		{Run: "Daily", Time: "02:30", Timezone: hours(-8)}, {Run: "Weekly", Time: "00:15", Timezone: hours(5.75), Weekday: "Sunday"},
		{Run: "Weekly", Time: "23:50", Timezone: hours(-12), Weekday: "Saturday"}, {Run: "Interval", Time: "01:30"},
		{Run: "Interval", Time: "07:00"}, {Run: "Interval", Time: "00:50"}, {Run: "Interval", Time: "23:55"},
	}
	for _, e := range edits {
		w.add(e)
	}
	end := epoch.AddDate(1, 0, 0)
	w.run(end)
	for i, e := range edits {
		var want []time.Time
		weekday, err := schedule.ParseWeekday(e.Weekday)
		switch {
		case err != nil:
			t.Fatal(err)
		case e.Run == "Interval":
			var h, m int
			if _, err := fmt.Sscanf(e.Time, "%d:%d", &h, &m); err != nil {
				t.Fatal(err)
			}
			length := time.Duration(h*60+m) * time.Minute
			for at := epoch.Add(length); !at.After(end); at = at.Add(length) {
				want = append(want, at)
			}
		default:
			want = calendar(e, weekday, epoch.Add(time.Minute), end)
		}
		if diff := cmp.Diff(want, w.times(int64(i+1))); diff != "" {
			t.Errorf("%+v: %d starts, want %d (-want +got):\n%.2000s", e, len(w.times(int64(i+1))), len(want), diff)
		}
	}
	keys := map[string]bool{}
	for _, s := range w.starts {
		key := fmt.Sprint(s.ID, s.Key)
		if keys[key] {
			t.Errorf("%s came twice", key)
		}
		keys[key] = true
	}
}

func TestTheZoneIsAFixedDistance(t *testing.T) {
	w := newWorld(t)
	pdt := w.add(schedule.Edit{Run: "Daily", Time: "23:30"}) // no zone: -7
	line := w.add(schedule.Edit{Run: "Daily", Time: "00:10", Timezone: hours(14)})
	w.after(24 * time.Hour)
	w.wantTimes(pdt, at(0, "06:30")) // 23:30 of the day before, there
	w.wantTimes(line, at(0, "10:10"))
	if want := "30 6 * * *"; w.jobs["sync-schedule-1"].Cron != want {
		t.Errorf("cron %q, want %q", w.jobs["sync-schedule-1"].Cron, want)
	}
}

// TestTheWeekdayIsTheZones has days that are another day in UTC.
func TestTheWeekdayIsTheZones(t *testing.T) {
	w := newWorld(t)
	east := w.add(schedule.Edit{Run: "Weekly", Time: "01:00", Timezone: hours(5.5), Weekday: "Friday"})
	west := w.add(schedule.Edit{Run: "Weekly", Time: "22:00", Timezone: hours(-9.5), Weekday: "Friday"})
	monday := w.add(schedule.Edit{Run: "Weekly", Time: "12:00", Timezone: hours(0)})
	w.after(7 * 24 * time.Hour)
	w.wantTimes(east, at(2, "19:30")) // Thursday in UTC
	w.wantTimes(west, at(4, "07:30")) // Saturday in UTC
	w.wantTimes(monday, at(6, "12:00"))
}

func TestAnIntervalOfNothingIsRejectedAndTheOthersContinue(t *testing.T) {
	w := newWorld(t)
	bad, good := w.add(every("busy", "00:00")), w.add(every("calm", "00:30"))
	w.after(time.Hour)
	w.wantTimes(bad)
	w.wantTimes(good, at(0, "00:30"), at(0, "01:00"))
	if m := w.rows[bad].Message; !strings.Contains(m, "is its length") {
		t.Errorf("the row says %q", m)
	}
	if w.jobs["sync-schedule-1"] != nil {
		t.Error("the rejected row has a job")
	}
	w.wantLog(`schedule 1 ("busy") is rejected: `+w.rows[bad].Message, `schedule 2 was added: "calm" starts entity target2 every 00:30 hours`)
	w.edit(bad, func(e *schedule.Edit) { e.Time = "00:20" })
	w.after(time.Hour)
	w.wantTimes(bad, at(0, "01:21"), at(0, "01:41")) // seen at 01:01
	if m := w.rows[bad].Message; m != "" {
		t.Errorf("the corrected row says %q", m)
	}
}

// TestAnIntervalCountsFromTheLastStart restarts the function, whose memory is
// nothing, and looks for the same starts.
func TestAnIntervalCountsFromTheLastStart(t *testing.T) {
	w := newWorld(t)
	w.after(7 * time.Minute) // the world is not on the hour
	id := w.add(every("odd", "01:30"))
	w.after(95 * time.Minute)
	w.wantTimes(id, at(0, "01:38"))
	w.away = true
	w.after(30 * time.Minute) // down and up again before the next is due
	w.away = false
	w.after(2 * time.Hour)
	w.wantTimes(id, at(0, "01:38"), at(0, "03:08"))
	w.edit(id, func(e *schedule.Edit) { e.Time = "00:40" }) // at 04:12, more than that after the last start
	w.run(at(0, "05:00"))
	w.wantTimes(id, at(0, "01:38"), at(0, "03:08"), at(0, "04:13"), at(0, "04:28"))
}

func TestDisableStopsRunsAtOnce(t *testing.T) {
	w := newWorld(t)
	id := w.add(daily("d", "12:00"))
	w.run(at(0, "11:59").Add(30 * time.Second))
	w.edit(id, func(e *schedule.Edit) { e.Disabled = true }) // the job triggers before the function reads the table
	w.after(24 * time.Hour)
	w.wantTimes(id)
	if !w.jobs["sync-schedule-1"].Paused {
		t.Error("the job is not paused")
	}
}

// TestDisabledDuringARunLetsItFinish starts a target that takes long: the
// start is not taken back, and what came of it is kept.
func TestDisabledDuringARunLetsItFinish(t *testing.T) {
	w := newWorld(t)
	id := w.add(every("i", "00:10"))
	w.run(at(0, "00:05"))
	slow := func(ctx context.Context, s schedule.Spec, key string) (string, error) {
		w.edit(id, func(e *schedule.Edit) { e.Disabled = true })
		if _, err := w.reconcile(); err != nil {
			t.Fatal(err)
		}
		if ctx.Err() != nil {
			t.Error("the start was cut off")
		}
		return w.start(ctx, s, key)
	}
	w.now = at(0, "00:10")
	f := &schedule.Firer{Table: w, Kinds: kinds(slow), Log: w.logs()}
	done, err := f.Fire(t.Context(), schedule.Trigger{ID: id, At: w.now, Now: w.now})
	if err != nil || !done.Started || !w.rows[id].LastFired.Equal(w.now) {
		t.Errorf("%+v, %v, last fired %v", done, err, w.rows[id].LastFired)
	}
}

func TestEnabledAgainReplaysNothing(t *testing.T) {
	w := newWorld(t)
	day, odd := w.add(daily("d", "12:00")), w.add(every("i", "01:30"))
	w.run(at(0, "00:30"))
	disable := func(on bool) {
		for _, id := range []int64{day, odd} {
			w.edit(id, func(e *schedule.Edit) { e.Disabled = on })
		}
	}
	disable(true)
	w.run(at(5, "13:00"))
	disable(false)
	w.run(at(6, "12:30"))
	w.wantTimes(day, at(6, "12:00"))
	first := w.times(odd)[0]
	if want := at(5, "14:31"); !first.Equal(want) { // seen in the minute after 13:00, one interval later
		t.Errorf("the first start is at %v, want %v", first, want)
	}
}

// TestEachChangeIsToldOnce edits rows in every way and counts the records.
func TestEachChangeIsToldOnce(t *testing.T) {
	w := newWorld(t)
	id := w.add(daily("d", "12:00"))
	w.after(5 * time.Minute)
	w.wantLog(`schedule 1 was added: "d" starts entity target1 daily at 12:00 UTC+00:00`)
	w.edit(id, func(e *schedule.Edit) { e.Time = "13:00" })
	w.after(5 * time.Minute)
	w.wantLog(`schedule 1 was changed: "d" starts entity target1 daily at 12:00 UTC+00:00 -> "d" starts entity target1 daily at 13:00 UTC+00:00`)
	w.edit(id, func(e *schedule.Edit) { // saves that change nothing
		e.Run, e.Time, e.Name, e.TargetKind = "daily", " 13:00", "d ", "ENTITY"
		e.Weekday, e.Description = "Friday", "of no weight"
	})
	w.after(5 * time.Minute)
	w.wantLog()
	w.edit(id, func(e *schedule.Edit) { e.Disabled = true })
	w.after(5 * time.Minute)
	w.wantLog(`schedule 1 was changed: "d" starts entity target1 daily at 13:00 UTC+00:00 -> "d" starts entity target1 daily at 13:00 UTC+00:00, disabled`)
	w.edit(id, func(e *schedule.Edit) { e.Disabled = false; e.Timezone = nil; e.Target = "nobody" })
	w.after(5 * time.Minute)
	if len(w.log) != 2 || !strings.Contains(w.log[0], "there is no entity nobody; until the row is corrected") || !strings.Contains(w.log[1], ", disabled -> ") {
		t.Errorf("%q", w.log)
	}
	w.log = nil
	delete(w.rows, id)
	w.after(5 * time.Minute)
	w.wantLog(`schedule 1 was deleted: "d" starts entity target1 daily at 13:00 UTC+00:00`)
	if len(w.jobs) != 0 {
		t.Errorf("jobs are left: %v", w.jobs)
	}
}

func TestTheFirstLookIsNoChange(t *testing.T) {
	w := newWorld(t)
	w.polled = false
	w.add(daily("a", "12:00"))
	w.add(daily("b", "25:00"))
	w.after(5 * time.Minute)
	w.wantLog(`schedule 2 ("b") is rejected: ` + w.rows[2].Message)
	w.add(daily("c", "12:00"))
	w.after(5 * time.Minute)
	w.wantLog(`schedule 3 was added: "c" starts entity target3 daily at 12:00 UTC+00:00`)
}

// TestAnEditTakesEffectWithinTwoMinutes edits at every second of a minute.
func TestAnEditTakesEffectWithinTwoMinutes(t *testing.T) {
	w := newWorld(t)
	id := w.add(daily("d", "12:00"))
	w.run(at(0, "01:00"))
	for second := range 60 {
		w.after(61*time.Second + time.Duration(second%2)*time.Minute)
		clock := fmt.Sprintf("15:%02d", second)
		w.edit(id, func(e *schedule.Edit) { e.Time = clock })
		edited := w.now
		for w.jobs["sync-schedule-1"].Cron != fmt.Sprintf("%d 15 * * *", second) {
			w.after(time.Second)
		}
		if took := w.now.Sub(edited); took > 2*time.Minute || len(w.log) == 0 || !strings.Contains(w.log[len(w.log)-1], clock) {
			t.Fatalf("an edit took %v; the log says %q", took, w.log)
		}
	}
}

// TestAFailedPollKeepsTheLastGoodJobs takes the table and then the scheduler
// away.
func TestAFailedPollKeepsTheLastGoodJobs(t *testing.T) {
	w := newWorld(t)
	id := w.add(daily("d", "12:00"))
	w.run(at(0, "01:00"))
	before := len(w.jobs)
	w.broken = fault.New(fault.Retry, "state-unreachable", "down")
	w.run(at(0, "02:00"))
	if len(w.jobs) != before {
		t.Error("a table that cannot be read has cost jobs")
	}
	w.broken = nil
	w.refuses = errors.New("unavailable")
	w.edit(id, func(e *schedule.Edit) { e.Time = "13:00" })
	w.log = nil
	w.run(at(0, "03:00"))
	w.wantLog() // nothing has come into force
	w.refuses = nil
	w.run(at(1, "00:00"))
	w.wantTimes(id, at(0, "13:00"))
	if len(w.log) != 1 {
		t.Errorf("%q", w.log)
	}
}

func TestARejectedEditLeavesWhatWasInForce(t *testing.T) {
	w := newWorld(t)
	id := w.add(daily("d", "12:00"))
	w.run(at(0, "01:00"))
	w.edit(id, func(e *schedule.Edit) { e.Time = "8 pm" })
	w.run(at(1, "01:00"))
	w.wantTimes(id, at(0, "12:00"))
	if m := w.rows[id].Message; !strings.Contains(m, `time is "8 pm"`) || !strings.Contains(m, "daily at 12:00") {
		t.Errorf("the row says %q", m)
	}
	w.log = nil
	w.edit(id, func(e *schedule.Edit) { e.Disabled = true }) // stopping needs no good row
	w.run(at(3, "01:00"))
	w.wantTimes(id, at(0, "12:00"))
	if len(w.log) != 1 || !strings.HasSuffix(w.log[0], ", disabled") {
		t.Errorf("the run log says %q", w.log)
	}
}

func TestAnUnrelatedEditNeitherReanchorsNorRunsTwice(t *testing.T) {
	w := newWorld(t)
	day, odd := w.add(daily("d", "12:00")), w.add(every("i", "01:30"))
	for range 36 * 60 {
		w.after(time.Minute)
		for _, id := range []int64{day, odd} {
			w.edit(id, func(e *schedule.Edit) {
				e.Description, e.Weekday = w.now.String(), "Friday"
				e.Name = "renamed " + w.now.String()
				if id == odd {
					e.Timezone = hours(float64(w.now.Minute() % 10))
				}
			})
		}
	}
	w.wantTimes(day, at(0, "12:00"), at(1, "12:00"))
	if got := w.times(odd); len(got) != 24 || !got[0].Equal(at(0, "01:30")) || !got[23].Equal(at(1, "12:00")) {
		t.Errorf("%v", got)
	}
}

func TestATimeMovedBeforeNowRunsTomorrow(t *testing.T) {
	w := newWorld(t)
	id := w.add(daily("d", "12:00"))
	w.run(at(0, "10:00"))
	w.edit(id, func(e *schedule.Edit) { e.Time = "09:00" })
	w.run(at(1, "10:00"))
	w.wantTimes(id, at(1, "09:00"))
}

// TestATimeMovedLaterRunsOnceADate moves the time behind now, before and after
// the day's start.
func TestATimeMovedLaterRunsOnceADate(t *testing.T) {
	w := newWorld(t)
	id := w.add(daily("d", "12:00"))
	w.run(at(0, "10:00"))
	w.edit(id, func(e *schedule.Edit) { e.Time = "14:00" })
	w.run(at(0, "15:00"))
	w.wantTimes(id, at(0, "14:00"))
	w.edit(id, func(e *schedule.Edit) { e.Time = "16:00" })
	w.run(at(2, "00:00"))
	w.wantTimes(id, at(0, "14:00"), at(1, "16:00"))
	w.edit(id, func(e *schedule.Edit) { e.Timezone = hours(-12) }) // 16:00 there is 04:00 here, on the date that has not run
	w.run(at(3, "05:00"))
	w.wantTimes(id, at(0, "14:00"), at(1, "16:00"), at(3, "04:00"))
}
