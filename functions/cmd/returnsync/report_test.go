package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/returnsync/internal/syncs"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// night is the moment of every report here.
var night = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

// before returns a time so long before night.
func before(d time.Duration) *time.Time {
	at := night.Add(-d)
	return &at
}

// row returns a claim with a watermark so long ago.
func row(status claim.Status, behind time.Duration, lease *time.Time) *claim.Row {
	return &claim.Row{ID: 1, Status: status, Watermark: before(behind), LeaseUntil: lease, Now: night}
}

// ended returns a run that has ended.
func ended(state run.State, reason string) *run.Run {
	return &run.Run{
		ID: 41, Entity: "returns", State: state, Window: window.Window{From: *before(time.Hour), To: *before(5 * time.Minute)},
		PagesTotal: 3, PagesDone: 3, Counts: run.Counts{Found: 10, Saved: 4, Deleted: 1, Unchanged: 4, Parked: 1, Operations: 5},
		LastError: reason, CreatedAt: *before(5 * time.Minute), ClosedAt: before(4*time.Minute + 48*time.Second),
	}
}

// underWay returns a run that has not ended.
func underWay(done, failed int) *run.Run {
	return &run.Run{ID: 42, Entity: "returns", State: run.Processing, PagesTotal: 9, PagesDone: done, PagesFailed: failed,
		Counts: run.Counts{Found: 7, Saved: 7, Operations: 7}, CreatedAt: *before(90 * time.Second)}
}

// nights are the situations that an operator may find.
func nights() map[string]store.Status {
	return map[string]store.Status{
		"well":        {Claim: row(claim.Free, 5*time.Minute, nil), Last: ended(run.Synced, ""), Operations: store.Operations{Day: 5, Month: 120, Total: 5967}},
		"never":       {},
		"first":       {Claim: &claim.Row{Status: claim.Claimed, LeaseUntil: before(-20 * time.Minute), Now: night}, Current: &run.Run{ID: 1, State: run.Windowing, CreatedAt: *before(time.Second)}},
		"running":     {Claim: row(claim.Processing, 16*time.Minute, before(-18*time.Minute)), Current: underWay(4, 0), Last: ended(run.Synced, ""), Doubts: 2},
		"late":        {Claim: row(claim.Free, 50*time.Hour, nil), Last: ended(run.Synced, "")},
		"catching-up": {Claim: row(claim.Processing, 3*time.Hour, before(-time.Minute)), Current: underWay(8, 1)},
		"dead":        {Claim: row(claim.Processing, 35*time.Minute, before(8*time.Minute)), Current: underWay(4, 0), Last: ended(run.Synced, "")},
		"failing":     {Claim: row(claim.Free, 4*time.Hour, nil), Last: ended(run.Interrupted, "")},
		"failed":      {Claim: row(claim.Free, 20*time.Minute, nil), Last: ended(run.Failed, "page 2 ran out of attempts:\n\x1b[31mindex is full"), Parked: 12},
	}
}

// nightLimits are the limits of every report here.
func nightLimits() judge.Limits {
	return judge.Limits{StaleAfter: 30 * time.Minute, AbsentAfter: 24 * time.Hour, FailedRuns: 1, CheckedWithin: 5 * time.Minute, BudgetPercent: 90, PageAttempts: 8}
}

// factsOf returns the facts of a situation, with an index that is right.
func factsOf(s store.Status) judge.Entity {
	e := judge.Entity{Name: "returns", Plan: judge.Every(15 * time.Minute), Parked: s.Parked, Index: &judge.Index{At: night, Exists: true}}
	if s.Claim != nil {
		e.Watermark, e.Expired = s.Claim.Watermark, s.Claim.Status != claim.Free && claim.Decide(*s.Claim, "") == claim.TakeOver
	}
	if s.Current != nil {
		e.Running = &judge.Running{Run: s.Current.ID, PagesFailed: s.Current.PagesFailed}
	}
	if s.Last != nil {
		end := judge.Ending{Run: s.Last.ID, At: *s.Last.ClosedAt, Error: s.Last.LastError}
		*map[run.State]*judge.Ending{run.Synced: &e.Runs.Synced, run.Failed: &e.Runs.Failed, run.Interrupted: &e.Runs.Interrupted}[s.Last.State] = end
		e.Runs.FailedInRow = 1
	}
	return e
}

func TestReportForPeople(t *testing.T) {
	for name, s := range nights() {
		t.Run(name, func(t *testing.T) {
			s.Now = night
			e := health.Of(entity.Definition{Name: "returns", Index: "es_prod"}, s)
			r := health.Report{Now: night, Schema: health.Schema{Have: 8, Want: 8}, Entities: []health.Entity{e}, Attention: nightLimits().Findings(judge.Facts{Now: night, Entities: []judge.Entity{factsOf(s)}})}
			var text strings.Builder
			if err := syncs.PrintStatus(&text, r); err != nil {
				t.Fatal(err)
			}
			golden(t, "status-"+name+".golden", text.String())
		})
	}
}

func TestSchemaTodo(t *testing.T) {
	cases := []struct {
		have, want int64
		do         string
	}{{8, 8, ""}, {0, 8, "run: returnsync migrate"}, {9, 8, "install the newer returnsync"}}
	for _, c := range cases {
		got := ""
		if todo := health.SchemaTodo(c.have, c.want); todo != nil {
			got = todo.Do
		}
		if diff := cmp.Diff(c.do, got); diff != "" {
			t.Errorf("%d of %d: %s", c.have, c.want, diff)
		}
	}
}

func TestAge(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 59900 * time.Millisecond: "59s", time.Minute: "1m00s", 59*time.Minute + 59*time.Second: "59m59s",
		time.Hour: "1h00m", 47*time.Hour + 59*time.Minute: "47h59m", 49 * time.Hour: "2d01h",
	} {
		if got := cli.Age(d); got != want {
			t.Errorf("cli.Age(%v) = %s, want %s", d, got, want)
		}
	}
}

func FuzzOneLine(f *testing.F) {
	f.Add("a\nb\x1b[2J\u202e\xff c")
	f.Fuzz(func(t *testing.T, s string) {
		if got := cli.OneLine(s); strings.ContainsAny(got, "\n\r\t\x1b\u202e") {
			t.Errorf("%q", got)
		}
	})
}
