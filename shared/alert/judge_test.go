package alert

import (
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/judge"
)

const (
	offlineTitle = "Sync application offline"
	absentTitle  = "returns failed: nothing synced in 24 hours"
	behindTitle  = "returns: the index is behind"
)

// TestAHealthyYearIsQuiet ticks through a year with idle nights: signs of life
// come, the watermark moves, and no message is sent.
func TestAHealthyYearIsQuiet(t *testing.T) {
	w := newWorld(t)
	w.live(365*24*time.Hour, w.ticks)
	w.expect("a year")
}

// TestOneOfflineAlertAnOutage has an outage each month of a year: each is reported
// once, late enough to be one and soon enough to help, and each end is reported once.
func TestOneOfflineAlertAnOutage(t *testing.T) {
	w := newWorld(t)
	for month := range 12 {
		w.live(24*time.Hour, w.ticks)
		w.expect("well")
		silence := w.Beats[App].At
		for w.log == nil {
			w.live(5*time.Minute, nil)
		}
		if after := w.Now.Sub(silence); after <= 40*time.Minute || after > 50*time.Minute {
			t.Errorf("month %d: told after %v of silence", month, after)
		}
		if w.Beats[App].Alive {
			t.Error("alive was not reset")
		}
		w.live(time.Duration(month)*36*time.Hour, nil)
		w.expect("an outage", offlineTitle)
		w.live(time.Hour, w.ticks)
		w.expect("back", "over: "+offlineTitle)
	}
}

// TestThresholdIsABoundary is 30 minutes and grace: silence of exactly the
// threshold is none, a second more is.
func TestThresholdIsABoundary(t *testing.T) {
	for silence, want := range map[time.Duration]standing{
		30 * time.Minute: fine, 40 * time.Minute: fine, 40*time.Minute + time.Second: holds,
	} {
		f := Facts{Now: began.Add(silence), Beats: map[string]Heartbeat{App: {Alive: true, At: began, Since: began}}}
		if got := rules().offline(f, rules().judged(f)).standing; got != want {
			t.Errorf("silent for %v: %d, want %d", silence, got, want)
		}
	}
}

// TestANewInstallationIsNotOffline never alerts before the first sign of life.
func TestANewInstallationIsNotOffline(t *testing.T) {
	w := newWorld(t)
	w.live(30*24*time.Hour, nil)
	w.expect("a month before the first tick")
}

// TestAWatcherThatWasBlindIsNotOffline lets database, application and watcher
// be away together. When the watcher sees again it waits for as long as it always
// does, and an application that comes back by then was never called offline.
func TestAWatcherThatWasBlindIsNotOffline(t *testing.T) {
	w := newWorld(t)
	w.live(24*time.Hour, w.ticks)
	w.Now = w.Now.Add(3 * time.Hour)
	w.live(14*time.Minute, nil)
	w.expect("the watcher sees again, the application is late")
	w.live(24*time.Hour, w.ticks)
	w.expect("both are back")
	w.Now = w.Now.Add(3 * time.Hour)
	w.live(2*time.Hour, nil)
	w.expect("the application is not back", offlineTitle)
}

// TestAbsenceIsReportedOnceAfterADay stops syncing while the application lives.
func TestAbsenceIsReportedOnceAfterADay(t *testing.T) {
	w := newWorld(t)
	w.live(24*time.Hour, w.ticks)
	stopped := *w.entity().Watermark
	w.live(40*time.Minute, w.beats)
	w.expect("behind first", behindTitle)
	for w.log == nil {
		w.live(5*time.Minute, w.beats)
	}
	if after := w.Now.Sub(stopped); after < 24*time.Hour || after > 24*time.Hour+10*time.Minute {
		t.Errorf("told after %v", after)
	}
	w.live(10*24*time.Hour, w.beats)
	w.expect("ten days more", absentTitle)
	w.live(time.Hour, w.ticks)
	w.expect("synced again", "over: "+absentTitle, "over: "+behindTitle)
	w.live(25*time.Hour, w.beats)
	w.expect("it fails again, it is told again", behindTitle, absentTitle)
}

// TestNotWhileOffline leaves a long outage to the offline alert, and waits a
// day after it before it speaks of absence.
func TestNotWhileOffline(t *testing.T) {
	w := newWorld(t)
	w.live(24*time.Hour, w.ticks)
	w.live(7*24*time.Hour, nil)
	w.expect("a week offline", offlineTitle)
	w.live(20*time.Minute, w.beats)
	w.expect("back", "over: "+offlineTitle)
	w.live(23*time.Hour, w.beats)
	w.expect("behind after half an hour online", behindTitle)
	w.live(2*time.Hour, w.beats)
	w.expect("a day online", absentTitle)
}

// TestAnOutageDoesNotEndAnAlert keeps what was open before an outage open
// until something is synced.
func TestAnOutageDoesNotEndAnAlert(t *testing.T) {
	w := newWorld(t)
	w.live(24*time.Hour, w.ticks)
	w.live(30*time.Hour, w.beats)
	w.expect("absent", behindTitle, absentTitle)
	w.live(5*time.Hour, nil)
	w.expect("offline", offlineTitle)
	w.live(5*time.Hour, w.beats)
	w.expect("online, still nothing synced", "over: "+offlineTitle)
	w.live(time.Hour, w.ticks)
	w.expect("synced", "over: "+absentTitle, "over: "+behindTitle)
}

// weekly is due on Mondays at 06:30.
type weekly struct{}

func (weekly) Active() bool          { return true }
func (weekly) Period() time.Duration { return 7 * 24 * time.Hour }
func (weekly) Due(at time.Time) time.Time {
	due := time.Date(at.Year(), at.Month(), at.Day(), 6, 30, 0, 0, time.UTC)
	for due.After(at) || due.Weekday() != time.Monday {
		due = due.AddDate(0, 0, -1)
	}
	return due
}

// TestAWeeklyScheduleDoesNotAlertDaily syncs every Monday for a year, then
// misses one: that is reported a day after it was due.
func TestAWeeklyScheduleDoesNotAlertDaily(t *testing.T) {
	w := newWorld(t)
	w.entity().Plan = weekly{}
	mondays := func() {
		w.beats()
		if w.Now.Weekday() == time.Monday && w.Now.Hour() == 6 && w.Now.Minute() == 30 {
			w.tick()
		}
	}
	w.live(364*24*time.Hour, mondays)
	w.expect("a year of Mondays")
	missed := weekly{}.Due(w.Now).AddDate(0, 0, 7)
	for w.log == nil {
		w.live(5*time.Minute, w.beats)
	}
	if after := w.Now.Sub(missed); after < 24*time.Hour || after > 24*time.Hour+10*time.Minute {
		t.Errorf("told %v after it was due", after)
	}
	w.live(5*24*time.Hour, w.beats)
	w.expect("the missed Monday", absentTitle)
	w.live(9*24*time.Hour, mondays)
	w.expect("the next Monday", "over: "+absentTitle)
}

// TestQuietForWhatIsDisabled says nothing of an entity that is disabled, and
// ends what was open about it without a word.
func TestQuietForWhatIsDisabled(t *testing.T) {
	w := newWorld(t)
	w.live(24*time.Hour, w.ticks)
	plan := w.entity().Plan
	w.entity().Plan = judge.Never{}
	w.entity().Parked = 7
	w.ends(&w.entity().Runs.Failed)
	w.live(30*24*time.Hour, w.beats)
	w.expect("a month disabled")
	w.entity().Plan, w.entity().Parked = plan, 0
	w.tick()
	w.live(2*time.Hour, w.beats)
	w.log = nil
	if len(w.open) == 0 {
		t.Fatal("nothing is open")
	}
	w.entity().Plan = judge.Never{}
	w.live(time.Hour, w.beats)
	w.expect("disabled while open")
	if len(w.open) != 0 {
		t.Errorf("still open: %v", w.open)
	}
}

// TestANewEntityHasItsOwnClock begins to count at an entity's first tick.
func TestANewEntityHasItsOwnClock(t *testing.T) {
	w := newWorld(t)
	w.live(48*time.Hour, w.beats)
	w.expect("not known yet")
	w.entity().Known = w.Now
	w.live(31*time.Minute, w.beats)
	w.expect("known for half an hour")
	w.live(10*time.Minute, w.beats)
	w.expect("never synced for two periods", behindTitle)
	w.live(24*time.Hour, w.beats)
	w.expect("never synced for a day", absentTitle)
}

// TestARunThatFailedIsToldOnce reports a failed run even if it is over before
// anybody looks, and not again while more fail.
func TestARunThatFailedIsToldOnce(t *testing.T) {
	w := newWorld(t)
	w.live(time.Hour, w.ticks)
	e := w.entity()
	w.ends(&e.Runs.Failed)
	w.Now = w.Now.Add(time.Minute)
	w.tick()
	w.live(time.Hour, w.ticks)
	w.expect("came and went", "returns: a sync failed", "over: returns: a sync failed")
	for range 5 {
		w.ends(&e.Runs.Failed)
		e.Runs.FailedInRow++
		w.live(5*time.Minute, nil)
	}
	w.expect("five in a row", "returns: a sync failed")
	w.tick()
	w.live(5*time.Minute, nil)
	w.expect("synced", "over: returns: a sync failed")
}

// TestFailedRunsInARow speaks up only after as many failures as are asked for.
func TestFailedRunsInARow(t *testing.T) {
	w := newWorld(t)
	w.rules.FailedRuns = 3
	w.live(time.Hour, w.ticks)
	e := w.entity()
	fail := func() {
		w.ends(&e.Runs.Failed)
		e.Runs.FailedInRow++
		w.live(5*time.Minute, nil)
	}
	fail()
	fail()
	w.tick()
	w.live(5*time.Minute, nil)
	w.expect("two, then a sync")
	fail()
	fail()
	w.expect("two again")
	fail()
	fail()
	w.expect("three", "returns: 3 syncs in a row failed")
	w.tick()
	w.live(5*time.Minute, nil)
	w.expect("a sync", "over: returns: 3 syncs in a row failed")
}

// TestATakeoverIsToldOnce reports the first of many takeovers.
func TestATakeoverIsToldOnce(t *testing.T) {
	w := newWorld(t)
	w.live(time.Hour, w.ticks)
	const title = "returns: a sync went silent and was taken over"
	for range 3 {
		w.ends(&w.entity().Runs.Interrupted)
		w.live(5*time.Minute, nil)
	}
	w.expect("three takeovers", title)
	w.tick()
	w.live(3*24*time.Hour, w.ticks)
	w.expect("synced", "over: "+title)
}

// TestParkedRecordsAreToldOfDaily reports the first, and new ones at most once a
// day, and of the end.
func TestParkedRecordsAreToldOfDaily(t *testing.T) {
	w := newWorld(t)
	w.live(time.Hour, w.ticks)
	park := func(n int64) {
		at := w.Now
		w.entity().Parked, w.entity().ParkedAt = n, &at
	}
	park(1)
	w.live(time.Hour, w.ticks)
	w.expect("one", "returns: records kept out of the index: 1")
	park(3)
	w.live(22*time.Hour, w.ticks)
	w.expect("two more, the same day")
	w.live(2*time.Hour, w.ticks)
	w.expect("the next day", "returns: records kept out of the index: 3")
	w.live(5*24*time.Hour, w.ticks)
	w.expect("no new ones")
	w.entity().Parked, w.entity().ParkedAt = 0, nil
	w.live(time.Hour, w.ticks)
	w.expect("mended", "over: returns: records kept out of the index: 3")
}

// TestDriftIsToldUntilItIsMended keeps quiet where verifying has never looked.
func TestDriftIsToldUntilItIsMended(t *testing.T) {
	w := newWorld(t)
	w.live(time.Hour, w.ticks)
	w.expect("never verified")
	w.entity().Drift = &Differences{Count: 4, At: w.Now}
	w.live(3*24*time.Hour, w.ticks)
	w.expect("drift", "returns: source and index differ")
	w.entity().Drift = nil
	w.live(time.Hour, w.ticks)
	w.expect("not known")
	w.entity().Drift = &Differences{}
	w.live(time.Hour, w.ticks)
	w.expect("mended", "over: returns: source and index differ")
}

// TestTheBudgetDoesNotComeAndGo needs more than the threshold's edge to be right
// again, and judges the day's budget as well as the month's.
func TestTheBudgetDoesNotComeAndGo(t *testing.T) {
	w := newWorld(t)
	w.rules.OperationsMonth, w.rules.OperationsDay = 1000, 100
	w.live(time.Hour, w.ticks)
	for _, used := range []int64{899, 900, 890, 910, 860} {
		w.Spent.Month = used
		w.live(time.Hour, w.ticks)
	}
	w.expect("about the threshold", "The operations budget is nearly used up")
	w.Spent.Month = 850
	w.live(time.Hour, w.ticks)
	w.expect("below", "over: The operations budget is nearly used up")
	w.Spent.Day = 95
	w.live(time.Hour, w.ticks)
	w.expect("the day's", "The operations budget is nearly used up")
	w.rules.OperationsMonth, w.rules.OperationsDay = 0, 0
	w.live(time.Hour, w.ticks)
	w.expect("without a budget nobody is told")
}

// TestAnEntityThatIsNoMoreIsQuiet ends its alerts without a word.
func TestAnEntityThatIsNoMoreIsQuiet(t *testing.T) {
	w := newWorld(t)
	w.live(time.Hour, w.ticks)
	w.entity().Parked = 1
	w.live(time.Hour, w.ticks)
	w.log = nil
	w.Entities = nil
	w.live(time.Hour, func() { w.beat(App, 30*time.Minute) })
	w.expect("gone")
	if len(w.open) != 0 {
		t.Errorf("still open: %v", w.open)
	}
}

// TestEveryCauseIsComplete wants words, an anchor and a log record of each.
func TestEveryCauseIsComplete(t *testing.T) {
	r := rules()
	r.OperationsMonth = 10
	at := began
	e := Entity{Name: "returns", Plan: Every(time.Hour), Watermark: &at, Parked: 2, ParkedAt: &at, Drift: &Differences{Count: 3, At: at}}
	e.Runs.Failed.Run, e.Runs.Interrupted.Run = 5, 6
	f := Facts{Now: began.Add(49 * time.Hour), Entities: []Entity{e}, Spent: Spent{Month: 9}}
	said := map[Cause]Alert{}
	for _, a := range []Alert{r.sayOffline(f, Heartbeat{At: began}), r.sayAbsent(f, e), r.sayBehind(f, e), r.sayFailed(e), r.sayTakenOver(e), r.sayParked(e), r.sayDrift(e), r.sayIndex(e), r.sayOperations(f)} {
		said[a.Cause] = a
	}
	records, anchors := map[string]bool{}, map[string]bool{}
	for _, c := range Causes() {
		a := said[c]
		if a.Title == "" || a.Text == "" || a.Do == "" || a.Link != "https://docs.test#"+c.Anchor() || !strings.HasPrefix(c.Anchor(), "alert-") || c.LogRecord() == "" {
			t.Errorf("%s is not complete: %+v", c, a)
		}
		records[c.LogRecord()], anchors[c.Anchor()] = true, true
		t.Logf("%s\n    %s\n    %s\n    %s", a.Title, a.Text, a.Do, a.Link)
	}
	if len(records) != len(Causes()) || len(anchors) != len(Causes()) {
		t.Error("two causes share a log record or an anchor")
	}
	if LogOffline != "the heartbeat is missing" || LogBehind != "the index is behind" {
		t.Error("the deployment's metrics count other words")
	}
}

// TestASnoozedAlertIsSilentUntilItsTime sends the alert again after the snooze if it
// holds, and its end in any case.
func TestASnoozedAlertIsSilentUntilItsTime(t *testing.T) {
	w := newWorld(t)
	w.live(3*time.Hour, w.ticks)
	w.live(time.Hour, nil)
	w.expect("an outage", "Sync application offline")
	w.snooze(2 * time.Hour)
	w.live(2*time.Hour, nil)
	w.expect("snoozed")
	w.live(time.Hour, nil)
	w.expect("after the snooze", "still: Sync application offline")
	w.snooze(10 * time.Hour)
	w.live(time.Hour, w.ticks)
	w.expect("over during a snooze", "over: Sync application offline")
	w.live(12*time.Hour, w.ticks)
	w.expect("after the end of a snooze that is over")
}

// TestNewsWaitForTheEndOfASnooze sends news of parked records once, after the snooze.
func TestNewsWaitForTheEndOfASnooze(t *testing.T) {
	w := newWorld(t)
	w.live(time.Hour, w.ticks)
	park := func(n int64) {
		at := w.Now
		w.entity().Parked, w.entity().ParkedAt = n, &at
	}
	park(1)
	w.live(time.Hour, w.ticks)
	w.expect("one", "returns: records kept out of the index: 1")
	w.snooze(48 * time.Hour)
	w.live(25*time.Hour, w.ticks)
	park(3)
	w.live(22*time.Hour, w.ticks)
	w.expect("two more during a snooze")
	w.live(3*time.Hour, w.ticks)
	w.expect("after the snooze", "returns: records kept out of the index: 3")
}

func TestRulesAreChecked(t *testing.T) {
	good := rules()
	if err := good.Check(); err != nil || good.Hasty() {
		t.Error(err)
	}
	bad := Rules{}
	bad.OperationsDay = -1
	for _, name := range []string{"WATCH_OFFLINE_AFTER", "WATCH_ABSENT_AFTER", "WATCH_FAILED_RUNS", "WATCH_REPEAT", "OPERATIONS_DAY", "WATCH_BUDGET_PERCENT"} {
		if err := bad.Check(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named: %v", name, err)
		}
	}
	if hasty := (Rules{Limits: judge.Limits{OfflineAfter: 30 * time.Minute}}); !hasty.Hasty() {
		t.Error("30 minutes are as long as healthy silence")
	}
}
