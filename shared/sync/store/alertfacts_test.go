package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/heartbeat"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// TestAlertFacts reads what the tables say.
func TestAlertFacts(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	if f, err := b.Facts.AlertFacts(ctx, []entity.Definition{b.def}); err != nil || !f.Entities[0].Known.IsZero() || f.Entities[0].Watermark != nil {
		t.Fatalf("before the first tick: %+v, %v", f, err)
	}
	r := b.finished(1)
	if err := b.Runs.Publish(ctx, r); err != nil {
		t.Fatal(err)
	}
	synced := r.ID
	for range 2 {
		r = b.begun()
		if err := b.Runs.Fail(ctx, r, "no"); err != nil {
			t.Fatal(err)
		}
	}
	b.exec("INSERT INTO sync_run (entity, kind, state, claim_id, claim_token, window_from, window_to, closed_at, operations) VALUES ('returns', 'repair', 'failed', 1, 'x', NOW(6), NOW(6), NOW(6), 30)")
	b.exec("INSERT INTO sync_parked (entity, object_id, root_id, run_id, reason, detail, bytes) VALUES ('returns', 'R1-1', 1, 1, 'TOO_LARGE', '', 1)")
	if err := heartbeat.New(b.Pool()).Beat(ctx, alert.App); err != nil {
		t.Fatal(err)
	}
	f, err := b.Facts.AlertFacts(ctx, []entity.Definition{b.def})
	if err != nil {
		t.Fatal(err)
	}
	e := f.Entities[0]
	if e.Runs.Synced.Run != synced || e.Runs.Failed.Run != r.ID || e.Runs.FailedInRow != 2 || e.Runs.Interrupted.Run != 0 {
		t.Errorf("history %+v", e.Runs)
	}
	if e.Known.IsZero() || !e.Watermark.Equal(to) || e.Parked != 1 || e.ParkedAt == nil || f.Spent.Month != 32 || f.Spent.Day != 32 || !f.Beats[alert.App].Alive {
		t.Errorf("facts %+v", f)
	}
}

// TestTheRunLogReportsEachRun plays runs of every end and reads the log.
func TestTheRunLogReportsEachRun(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	empty := b.begun()
	if pages, err := b.list(empty); err != nil || pages != 0 {
		t.Fatal(pages, err)
	}
	r := b.listed(1)
	p := b.take(r, 1)
	_, err := b.Pages.Finish(ctx, p, store.Outcome{Roots: 1, Counts: run.Counts{Found: 1, Parked: 1}, Parked: []store.Parked{{ObjectID: "R1-1", Root: 1, Reason: store.TooLarge}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Runs.Publish(ctx, b.run(r.ID)); err != nil {
		t.Fatal(err)
	}
	failed := b.begun()
	if _, err := b.list(failed); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Pages.GiveUp(ctx, b.take(failed, 1), "the index is away"); err != nil {
		t.Fatal(err)
	}
	if err := b.Runs.Fail(ctx, failed, "page 1 is given up"); err != nil {
		t.Fatal(err)
	}
	dead := b.begun()
	b.exec("UPDATE order_return_algolia_sync SET lease_until = NOW(6) - INTERVAL 1 SECOND")
	row, err := b.Claims.Newest(ctx, job)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := b.Claims.TakeOver(ctx, row, store.Grant{Token: claim.NewToken(), Lease: time.Hour}); err != nil || !ok {
		t.Fatal(ok, err)
	}
	list, err := runlog.New(b.Pool()).ReadLog(ctx, runlog.Filter{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	type line struct {
		Severity runlog.Severity
		Run      int64
		Message  string
	}
	var got []line
	for _, e := range list {
		if e.Subject != "returns" || e.At.IsZero() {
			t.Errorf("%+v", e)
		}
		got = append(got, line{e.Severity, e.RunID, e.Message})
	}
	want := []line{
		{runlog.Info, r.ID, "the run began over [2026-03-01T00:00:00Z, 2026-03-02T00:00:00Z): pages to work: 1"},
		{runlog.Warning, r.ID, "page 1 kept records out of the index: 1; see why with returnsync parked list"},
		{runlog.Info, r.ID, "the run is synced: found 1 = saved 0 + deleted 0 + unchanged 0 + parked 1 (0 operations)"},
		{runlog.Info, failed.ID, "the run began over [2026-03-01T00:00:00Z, 2026-03-02T00:00:00Z): pages to work: 1"},
		{runlog.Warning, failed.ID, "page 1 is given up after 1 attempts: the index is away"},
		{runlog.Error, failed.ID, "the run failed: page 1 is given up"},
		{runlog.Warning, dead.ID, "the run was interrupted: the lease ran out; the next tick took over"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	pages, err := b.Pages.OfRun(ctx, failed.ID, 10)
	if err != nil || len(pages) != 1 || pages[0].State != page.Failed || pages[0].LastError != "the index is away" {
		t.Errorf("pages %+v, %v", pages, err)
	}
}
