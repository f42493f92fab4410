package judge_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// limits are the defaults.
func limits() judge.Limits {
	return judge.Limits{OfflineAfter: 40 * time.Minute, StaleAfter: 30 * time.Minute, AbsentAfter: 24 * time.Hour, FailedRuns: 1, CheckedWithin: 5 * time.Minute, BudgetPercent: 90, OperationsDay: 100, PageAttempts: 8}
}

// invented returns facts that dice choose; the application has been online and has
// known the entity for long.
func invented(dice *rand.Rand) judge.Facts {
	ago := func(most time.Duration) time.Time { return noon.Add(-time.Duration(dice.Int64N(int64(most)))) }
	maybe := func() bool { return dice.IntN(2) == 0 }
	e := judge.Entity{Name: "returns", Known: noon.AddDate(-1, 0, 0), Plan: judge.Every(15 * time.Minute), Expired: maybe()}
	if at := ago(48 * time.Hour); maybe() {
		e.Watermark = &at
	}
	e.Runs.Synced.Run, e.Runs.Failed.Run, e.Runs.Interrupted.Run = dice.Int64N(4), dice.Int64N(4), dice.Int64N(4)
	if e.Runs.Bad(e.Runs.Failed) {
		e.Runs.FailedInRow = 1
	}
	if maybe() {
		e.Parked = dice.Int64N(3)
	}
	if maybe() {
		e.Drift = &judge.Differences{Count: dice.Int64N(3)}
	}
	if maybe() {
		e.Running = &judge.Running{Run: 9, PagesFailed: dice.IntN(2)}
	}
	if maybe() {
		e.Index = &judge.Index{At: ago(10 * time.Minute), Exists: maybe(), Records: dice.Int64N(4), Least: 1, Most: 2}
		if maybe() {
			e.Index.Settings = []string{"attributesForFaceting"}
		}
		if dice.IntN(4) == 0 {
			e.Index.Problem = "refused"
		}
	}
	beat := judge.Heartbeat{Alive: true, At: noon, Since: noon.AddDate(-1, 0, 0)}
	app := beat
	if dice.IntN(4) == 0 {
		app.At = ago(time.Hour).Add(-time.Hour) // offline
	}
	return judge.Facts{Now: noon, Beats: map[string]judge.Heartbeat{judge.App: app, judge.Watcher: beat}, Entities: []judge.Entity{e}, Spent: judge.Spent{Day: dice.Int64N(110)}}
}

// TestTheSameFactsMeanTheSame compares, over many invented facts, what status and
// the console show with what alerts hold and with what searches call stale.
func TestTheSameFactsMeanTheSame(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	seen := map[judge.Kind]int{}
	for range 20_000 {
		f := invented(dice)
		var want, got []string
		late, offline := false, seen[judge.Offline]
		for _, one := range limits().Findings(f) {
			seen[one.Kind]++
			if one.Problem == "" || one.Do == "" {
				t.Fatalf("%+v says nothing", one)
			}
			// While the application is offline, that is the one alert about what is late.
			if cause, ok := alert.CauseOf(one.Kind); ok && (seen[judge.Offline] == offline || cause != alert.Behind && cause != alert.Absent) {
				want = append(want, alert.Key{Cause: cause, Entity: one.Entity}.String())
			}
			late = late || slices.Contains([]judge.Kind{judge.Behind, judge.Absent, judge.NeverSynced, judge.IndexRecords, judge.IndexSettings}, one.Kind) ||
				one.Kind == judge.IndexUnchecked && f.Entities[0].Index != nil
		}
		rules := alert.Rules{Limits: limits(), Repeat: 24 * time.Hour}
		for _, a := range rules.Judge(f, nil, map[alert.Key]int64{}).Holding {
			// A run that ended badly and was followed by a good one is reported once.
			bad := a.Cause == alert.RunFailed && !f.Entities[0].Runs.Bad(f.Entities[0].Runs.Failed) || a.Cause == alert.TakenOver && !f.Entities[0].Runs.Bad(f.Entities[0].Runs.Interrupted)
			if !bad {
				got = append(got, a.String())
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(slices.Compact(want), slices.Compact(got)) {
			t.Fatalf("findings want alerts %q, alerts hold %q: %+v", want, got, f.Entities[0])
		}
		if stale := limits().Stale(noon, f.Entities[0]); stale != (late || f.Entities[0].Watermark == nil) {
			t.Fatalf("stale is %v, findings say %v: %+v", stale, late, f.Entities[0])
		}
	}
	for _, k := range []judge.Kind{judge.Offline, judge.IndexRecords, judge.IndexSettings, judge.IndexUnchecked, judge.NeverSynced, judge.Absent, judge.Behind, judge.RunFailed, judge.TakenOver, judge.Parked, judge.Drift, judge.Operations} {
		if seen[k] == 0 {
			t.Errorf("no invented facts had %s", k)
		}
	}
}
