package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/robfig/cron/v3"

	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
)

// parsed returns what a good row asks for.
func parsed(t *testing.T, e schedule.Edit) schedule.Spec {
	t.Helper()
	if e.TargetKind == "" {
		e.TargetKind, e.Target = "entity", "returns"
	}
	s, err := schedule.Row{ID: 1, Edit: e}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// calendar returns the starts in [from, to) of a Daily or Weekly schedule by
// counting dates of the zone, as a person with a calendar would.
func calendar(e schedule.Edit, weekday time.Weekday, from, to time.Time) (starts []time.Time) {
	zone := time.FixedZone("row", int(*e.Timezone*3600))
	var hour, minute int
	if _, err := fmt.Sscanf(e.Time, "%d:%d", &hour, &minute); err != nil {
		panic(err)
	}
	for d := from.In(zone).AddDate(0, 0, -2); d.Before(to.AddDate(0, 0, 2)); d = d.AddDate(0, 0, 1) {
		at := time.Date(d.Year(), d.Month(), d.Day(), hour, minute, 0, 0, zone)
		if (e.Run == "Daily" || at.Weekday() == weekday) && !at.Before(from) && at.Before(to) {
			starts = append(starts, at.UTC())
		}
	}
	return starts
}

// triggers returns the ticks in [from, to) of a cron expression in UTC.
func triggers(t *testing.T, text string, from, to time.Time) (ticks []time.Time) {
	t.Helper()
	c, err := cron.ParseStandard("CRON_TZ=Etc/UTC " + text)
	if err != nil {
		t.Fatal(err)
	}
	for at := c.Next(from.Add(-time.Second)); at.Before(to); at = c.Next(at) {
		ticks = append(ticks, at)
	}
	return ticks
}

// TestFireTimesAgreeWithACalendar compares three ways to the same times, over
// four years with a leap day, every zone of a quarter of an hour and random
// times: what the calendar says, what Next says, and when the job triggers.
func TestFireTimesAgreeWithACalendar(t *testing.T) {
	dice := rand.New(rand.NewPCG(7, 7))
	from := time.Date(2026, 12, 31, 20, 0, 0, 0, time.UTC)
	compared := 0
	for quarter := -48; quarter <= 56; quarter++ {
		for _, run := range []string{"Daily", "Weekly"} {
			weekday := time.Weekday(dice.IntN(7))
			e := schedule.Edit{Run: run, Time: fmt.Sprintf("%02d:%02d", dice.IntN(24), dice.IntN(60)), Timezone: hours(float64(quarter) / 4), Weekday: weekday.String()}
			from := from.Add(time.Duration(dice.IntN(1440)) * time.Minute)
			to := from.AddDate(4, 0, 0)
			want := calendar(e, weekday, from, to)
			s := parsed(t, e)
			var got []time.Time
			for at := s.Next(schedule.State{}, from.Add(-time.Minute)); at.Before(to); at = s.Next(schedule.State{LastFired: at}, at) {
				got = append(got, at)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%+v: Next (-calendar +got):\n%s", e, diff)
			}
			if diff := cmp.Diff(want, triggers(t, s.Cron(schedule.State{}), from, to)); diff != "" {
				t.Fatalf("%+v: cron %s (-calendar +got):\n%s", e, s.Cron(schedule.State{}), diff)
			}
			compared += len(want)
		}
	}
	t.Logf("%d starts agree", compared)
}

// TestEveryIntervalIsExact goes through all lengths that can be written: every
// start must lie on a trigger of the job, whenever the counting began, and no cron
// expression may trigger on more than the grid that the length and a day share.
func TestEveryIntervalIsExact(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 9))
	for minutes := 1; minutes < 24*60; minutes++ {
		s := parsed(t, schedule.Edit{Run: "Interval", Time: fmt.Sprintf("%02d:%02d", minutes/60, minutes%60)})
		length := time.Duration(minutes) * time.Minute
		anchor := time.Date(2028, 2, 28, dice.IntN(24), dice.IntN(60), dice.IntN(60), 0, time.UTC)
		st := schedule.State{Anchor: anchor}
		c, err := cron.ParseStandard("CRON_TZ=Etc/UTC " + s.Cron(st))
		if err != nil {
			t.Fatal(err)
		}
		begin := anchor.Truncate(time.Minute)
		for n := 1; n <= 50; n++ {
			want := begin.Add(time.Duration(n) * length)
			if at := s.Next(st, st.LastFired); !at.Equal(want) {
				t.Fatalf("%d minutes from %v: start %d at %v, want %v", minutes, anchor, n, at, want)
			}
			if tick := c.Next(want.Add(-time.Second)); !tick.Equal(want) {
				t.Fatalf("%d minutes from %v: no trigger of %q at %v", minutes, anchor, s.Cron(st), want)
			}
			st.LastFired = want
			if again := s.Cron(st); again != s.Cron(schedule.State{Anchor: anchor}) {
				t.Fatalf("%d minutes from %v: the job changes to %q by its own starts", minutes, anchor, again)
			}
		}
	}
	for text, want := range map[string]string{
		"01:30": "7-59/30 * * * *", "00:30": "7-59/30 * * * *", "00:07": "* * * * *", "01:00": "7 * * * *",
		"02:00": "7 0-23/2 * * *", "12:00": "7 10-23/12 * * *", "05:00": "7 * * * *",
	} {
		s := parsed(t, schedule.Edit{Run: "Interval", Time: text})
		if got := s.Cron(schedule.State{Anchor: at(0, "10:07")}); got != want {
			t.Errorf("an interval of %s triggers at %q, want %q", text, got, want)
		}
	}
}

// TestDueIsNextSeenFromBehind holds the two questions to each other on random
// states.
func TestDueIsNextSeenFromBehind(t *testing.T) {
	dice := rand.New(rand.NewPCG(3, 3))
	for range 20000 {
		e := schedule.Edit{
			Run: []string{"Daily", "Weekly", "Interval"}[dice.IntN(3)], Time: fmt.Sprintf("%02d:%02d", dice.IntN(24), 1+dice.IntN(59)),
			Timezone: hours(float64(dice.IntN(105)-48) / 4), Weekday: time.Weekday(dice.IntN(7)).String(),
		}
		s := parsed(t, e)
		st := schedule.State{Anchor: epoch.Add(time.Duration(dice.IntN(1e6)) * time.Second)}
		if dice.IntN(2) == 0 {
			st.LastFired = s.Next(schedule.State{}, st.Anchor.Add(time.Duration(dice.IntN(1e6))*time.Second))
		}
		now := st.Anchor.Add(time.Duration(dice.IntN(3e6)) * time.Second)
		first := s.Next(st, st.Anchor)
		due, ok := s.Due(st, now)
		if ok != !first.After(now) {
			t.Fatalf("%+v at %v: due %v is %v, the first start is %v", s, now, due, ok, first)
		}
		if ok && (due.After(now) || due.Before(first)) {
			t.Fatalf("%+v at %v: due is %v, the first start is %v", s, now, due, first)
		}
	}
}
