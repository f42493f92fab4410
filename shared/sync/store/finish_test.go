package store_test

import (
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store/storetest"
)

func TestFinishRefusesAnAccountThatDoesNotAddUp(t *testing.T) {
	b := newBench(t)
	r := b.listed(2)
	p := b.take(r, 1)
	for name, c := range map[string]run.Counts{
		"one lost":     {Found: 3, Saved: 1, Deleted: 1},
		"one too many": {Found: 1, Saved: 1, Parked: 1},
		"not found":    {Unchanged: 1},
	} {
		_, err := b.Pages.Finish(t.Context(), p, store.Outcome{Counts: c, Ledger: []store.LedgerRow{{Root: 1, Entries: []ledger.Entry{{ID: "x"}}}}})
		if fault.CodeOf(err) != "unbalanced" || !fault.Retryable(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := b.number("SELECT COUNT(*) FROM sync_ledger"); n != 0 {
		t.Error("an account that was refused wrote the ledger")
	}
	b.finish(p, 2)
}

// TestFinishOfManyPagesAtOnce lets all pages of a run write its one row at once.
func TestFinishOfManyPagesAtOnce(t *testing.T) {
	b := newBench(t)
	const pages = 16
	r := b.listed(2 * pages)
	var settled atomic.Int32
	storetest.Together(pages, func(i int) {
		p, err := b.Pages.TakePage(t.Context(), page.Task{RunID: r.ID, Page: i + 1}, claim.NewToken(), time.Hour)
		if err != nil {
			t.Error(err)
			return
		}
		o := store.Outcome{Roots: 2, Counts: run.Counts{Found: 5, Saved: 2, Deleted: 1, Unchanged: 1, Parked: 1, Operations: 3}, TaskID: int64(i)}
		o.Ledger = []store.LedgerRow{{Root: uint64(i), Entries: []ledger.Entry{{ID: "x"}}}}
		now, err := b.Pages.Finish(t.Context(), p, o)
		if err != nil {
			t.Error(err)
		}
		if now.Settled() {
			settled.Add(1)
		}
	})
	want := run.Counts{Found: 5 * pages, Saved: 2 * pages, Deleted: pages, Unchanged: pages, Parked: pages, Operations: 3 * pages}
	if now := b.run(r.ID); now.Counts != want || now.PagesDone != pages || now.LastTaskID != pages-1 {
		t.Errorf("run = %+v, want %v", now, want)
	}
	if settled.Load() == 0 {
		t.Error("nobody saw the run settled, so nobody would close it")
	}
	if err := b.Runs.Publish(t.Context(), b.run(r.ID)); err != nil {
		t.Error(err)
	}
}

func TestPublishMovesTheWatermarkOnce(t *testing.T) {
	b := newBench(t)
	r := b.finished(3)
	var closed, late atomic.Int32
	storetest.Together(8, func(int) {
		switch err := b.Runs.Publish(t.Context(), r); {
		case err == nil:
			closed.Add(1)
		case fault.KindOf(err) == fault.Superseded:
			late.Add(1)
		default:
			t.Error(err)
		}
	})
	if closed.Load() != 1 || late.Load() != 7 {
		t.Errorf("%d closed the run and %d were told that it is closed", closed.Load(), late.Load())
	}
	row, err := b.Claims.Newest(t.Context(), job)
	if err != nil || row.Status != claim.Free || !row.Watermark.Equal(to) || !row.RangeStart.Equal(from) || row.LeaseUntil != nil {
		t.Errorf("claim = %+v, %v", row, err)
	}
}

// TestPublishRefusesABrokenAccount breaks each term of the account in turn.
func TestPublishRefusesABrokenAccount(t *testing.T) {
	b := newBench(t)
	r := b.finished(4)
	breaks := map[string][2]string{
		"run found":        {"UPDATE sync_run SET found = found + 1", "UPDATE sync_run SET found = found - 1"},
		"run saved":        {"UPDATE sync_run SET saved = saved - 1", "UPDATE sync_run SET saved = saved + 1"},
		"run deleted":      {"UPDATE sync_run SET deleted = deleted + 1", "UPDATE sync_run SET deleted = deleted - 1"},
		"run unchanged":    {"UPDATE sync_run SET unchanged = unchanged + 1", "UPDATE sync_run SET unchanged = unchanged - 1"},
		"run parked":       {"UPDATE sync_run SET parked = parked + 1", "UPDATE sync_run SET parked = parked - 1"},
		"run pages done":   {"UPDATE sync_run SET pages_done = pages_done - 1", "UPDATE sync_run SET pages_done = pages_done + 1"},
		"run pages total":  {"UPDATE sync_run SET pages_total = pages_total + 1", "UPDATE sync_run SET pages_total = pages_total - 1"},
		"run pages failed": {"UPDATE sync_run SET pages_failed = 1", "UPDATE sync_run SET pages_failed = 0"},
		"page found":       {"UPDATE sync_page SET found = found + 1 WHERE page = 1", "UPDATE sync_page SET found = found - 1 WHERE page = 1"},
		"page saved":       {"UPDATE sync_page SET saved = saved - 1 WHERE page = 2", "UPDATE sync_page SET saved = saved + 1 WHERE page = 2"},
		"page deleted":     {"UPDATE sync_page SET deleted = 1 WHERE page = 2", "UPDATE sync_page SET deleted = 0 WHERE page = 2"},
		"page unchanged":   {"UPDATE sync_page SET unchanged = 1 WHERE page = 2", "UPDATE sync_page SET unchanged = 0 WHERE page = 2"},
		"page parked":      {"UPDATE sync_page SET parked = 1 WHERE page = 2", "UPDATE sync_page SET parked = 0 WHERE page = 2"},
		"page pending":     {"UPDATE sync_page SET state = 0 WHERE page = 1", "UPDATE sync_page SET state = 2 WHERE page = 1"},
		"page failed":      {"UPDATE sync_page SET state = 3 WHERE page = 1", "UPDATE sync_page SET state = 2 WHERE page = 1"},
		"page moved away":  {"UPDATE sync_page SET run_id = 999 WHERE page = 2", "UPDATE sync_page SET run_id = 1 WHERE page = 2"},
		"root lost":        {"UPDATE sync_page SET worked = worked - 1 WHERE page = 2", "UPDATE sync_page SET worked = worked + 1 WHERE page = 2"},
		"root too many":    {"UPDATE sync_page SET worked = worked + 1 WHERE page = 1", "UPDATE sync_page SET worked = worked - 1 WHERE page = 1"},
		"both unbalanced": {"UPDATE sync_run r, sync_page p SET r.found = r.found + 1, p.found = p.found + 1 WHERE p.page = 1",
			"UPDATE sync_run r, sync_page p SET r.found = r.found - 1, p.found = p.found - 1 WHERE p.page = 1"},
	}
	for name, statements := range breaks {
		t.Run(name, func(t *testing.T) {
			b.exec(statements[0])
			if err := b.Runs.Publish(t.Context(), r); fault.CodeOf(err) != "unbalanced" {
				t.Errorf("Publish = %v, want it refused", err)
			}
			b.exec(statements[1])
			if row, err := b.Claims.Newest(t.Context(), job); err != nil || row.Watermark != nil || row.Status != claim.Processing {
				t.Errorf("claim = %+v, %v: the watermark or the claim moved", row, err)
			}
			if now := b.run(r.ID); now.State != run.Processing {
				t.Errorf("the run is %s", now.State)
			}
		})
	}
	if err := b.Runs.Publish(t.Context(), b.run(r.ID)); err != nil {
		t.Errorf("the mended run is refused: %v", err)
	}
}

func TestPublishForAClaimThatWasTakenOver(t *testing.T) {
	b := newBench(t)
	r := b.finished(2)
	if _, ok, err := b.Claims.TakeOver(t.Context(), b.expire(), store.Grant{Token: claim.NewToken(), Lease: time.Hour}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	wantKind(t, b.Runs.Publish(t.Context(), r), fault.Superseded)
	wantKind(t, b.Runs.Fail(t.Context(), r, "late"), fault.Superseded)
	row, err := b.Claims.Newest(t.Context(), job)
	if err != nil || row.Watermark != nil || row.Status != claim.Claimed {
		t.Errorf("claim = %+v, %v: the dead run wrote it", row, err)
	}
}

func TestFailFreesTheClaimAndLeavesTheWatermark(t *testing.T) {
	b := newBench(t)
	first := b.finished(2)
	if err := b.Runs.Publish(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	second := b.begun()
	if _, err := b.list(second); err != nil {
		t.Fatal(err)
	}
	p := b.take(second, 1)
	if err := b.Pages.WriteJournal(t.Context(), p, ledger.Journal{1: {"R1-10"}}); err != nil {
		t.Fatal(err)
	}
	if err := b.Runs.Fail(t.Context(), b.run(second.ID), "the sums do not agree"); err != nil {
		t.Fatal(err)
	}
	row, err := b.Claims.Newest(t.Context(), job)
	if err != nil || row.Status != claim.Free || !row.Watermark.Equal(to) {
		t.Errorf("claim = %+v, %v", row, err)
	}
	if now := b.run(second.ID); now.State != run.Failed || now.LastError != "the sums do not agree" || now.ClosedAt == nil {
		t.Errorf("run = %+v", now)
	}
	if doubts, err := b.Ledger.Doubts(t.Context(), b.def.Name, []uint64{1}); err != nil || len(doubts) != 1 {
		t.Errorf("doubts = %v, %v", doubts, err)
	}
	wantKind(t, b.Runs.Fail(t.Context(), second, "twice"), fault.Superseded)
	b.claimed() // the next tick may go on
}

// TestPublishNeedsItsClaim has a run whose claim is somebody else's: neither the
// run nor the watermark may move.
func TestPublishNeedsItsClaim(t *testing.T) {
	b := newBench(t)
	r := b.finished(2)
	b.exec("UPDATE order_return_algolia_sync SET token = 'somebody else'")
	wantKind(t, b.Runs.Publish(t.Context(), r), fault.Superseded)
	wantKind(t, b.Runs.Fail(t.Context(), r, "late"), fault.Superseded)
	row, err := b.Claims.Newest(t.Context(), job)
	if err != nil || row.Watermark != nil || row.Status == claim.Free {
		t.Errorf("claim = %+v, %v", row, err)
	}
	if now := b.run(r.ID); now.State != run.Processing {
		t.Errorf("the run is %s", now.State)
	}
}
