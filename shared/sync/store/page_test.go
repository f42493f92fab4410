package store_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store/storetest"
)

func TestTakePageHasOneHolder(t *testing.T) {
	b := newBench(t)
	r := b.listed(2)
	var won atomic.Int32
	storetest.Together(20, func(int) {
		p, err := b.Pages.TakePage(t.Context(), page.Task{RunID: r.ID, Page: 1}, claim.NewToken(), time.Hour)
		switch {
		case err == nil && p.State == page.Taken:
			won.Add(1)
		case fault.KindOf(err) != fault.Retry || fault.CodeOf(err) != "page-held":
			t.Errorf("a loser got state %d, %v", p.State, err)
		}
	})
	if won.Load() != 1 {
		t.Errorf("%d holders", won.Load())
	}
}

// TestTakePageNeverAnswersPending hunts the moment in which a twin puts its page
// back between another's attempt and its look: an answer without an error would
// end that delivery while the page is still to be done.
func TestTakePageNeverAnswersPending(t *testing.T) {
	b := newBench(t)
	r := b.listed(2)
	task := page.Task{RunID: r.ID, Page: 1}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var seen atomic.Int32
	storetest.Together(4, func(int) {
		for ctx.Err() == nil && seen.Load() == 0 {
			p, err := b.Pages.TakePage(ctx, task, claim.NewToken(), time.Hour)
			if err == nil && p.State != page.Taken {
				seen.Add(1)
			}
			if err == nil {
				_ = b.Pages.PutBack(ctx, p, "")
			}
		}
	})
	if seen.Load() > 0 {
		t.Error("TakePage answered a page that is neither held nor ended, without an error")
	}
}

func TestTakePageAgainAfterItsLease(t *testing.T) {
	b := newBench(t)
	r := b.listed(2)
	dead := b.take(r, 1)
	if err := b.Pages.WriteJournal(t.Context(), dead, ledger.Journal{1: {"R1-10"}}); err != nil {
		t.Fatal(err)
	}
	b.exec("UPDATE sync_page SET lease_until = NOW(6) - INTERVAL 1 SECOND")
	heir := b.take(r, 1)
	if diff := cmp.Diff(ledger.Journal{1: {"R1-10"}}, heir.Journal); diff != "" || heir.Attempts != 2 {
		t.Errorf("the heir has attempts %d and journal (-want +got):\n%s", heir.Attempts, diff)
	}
	wantKind(t, b.Pages.WriteJournal(t.Context(), dead, ledger.Journal{2: {"R2-20"}}), fault.Superseded)
	_, err := b.Pages.Finish(t.Context(), dead, store.Outcome{
		Counts: run.Counts{Found: 1, Saved: 1},
		Ledger: []store.LedgerRow{{Root: 1, Entries: []ledger.Entry{{ID: "R1-10"}}}},
	})
	wantKind(t, err, fault.Superseded)
	if err := b.Pages.PutBack(t.Context(), dead, "late"); err != nil {
		t.Error(err)
	}
	_, err = b.Pages.GiveUp(t.Context(), dead, "late")
	wantKind(t, err, fault.Superseded)
	if n := b.number("SELECT COUNT(*) FROM sync_page WHERE page = 1 AND state = 1 AND token = ?", heir.Token); n != 1 {
		t.Error("the dead holder moved the heir's page")
	}
	if n := b.number("SELECT COUNT(*) FROM sync_ledger"); n != 0 {
		t.Error("the dead holder wrote the ledger")
	}
	if now := b.run(r.ID); now.PagesDone+now.PagesFailed != 0 || now.Counts != (run.Counts{}) {
		t.Errorf("the dead holder wrote the run: %+v", now)
	}
	b.finish(heir, 2)
}

func TestTakePageOfWhatIsNotThere(t *testing.T) {
	b := newBench(t)
	r := b.listed(2)
	for name, task := range map[string]page.Task{"run": {RunID: r.ID + 1, Page: 1}, "page": {RunID: r.ID, Page: 2}} {
		_, err := b.Pages.TakePage(t.Context(), task, claim.NewToken(), time.Hour)
		t.Run(name, func(t *testing.T) { wantKind(t, err, fault.NotFound) })
	}
	b.finish(b.take(r, 1), 2)
	if p, err := b.Pages.TakePage(t.Context(), page.Task{RunID: r.ID, Page: 1}, claim.NewToken(), time.Hour); err != nil || p.State != page.Done {
		t.Errorf("a done page: state %d, %v", p.State, err)
	}
	if err := b.Runs.Publish(t.Context(), b.run(r.ID)); err != nil {
		t.Fatal(err)
	}
	_, err := b.Pages.TakePage(t.Context(), page.Task{RunID: r.ID, Page: 1}, claim.NewToken(), time.Hour)
	wantKind(t, err, fault.Superseded)
}

func TestPutBackFreesThePageAndKeepsItsJournal(t *testing.T) {
	b := newBench(t)
	r := b.listed(2)
	p := b.take(r, 1)
	if err := b.Pages.WriteJournal(t.Context(), p, ledger.Journal{1: {"R1-10"}}); err != nil {
		t.Fatal(err)
	}
	if err := b.Pages.PutBack(t.Context(), p, "the index is away"); err != nil {
		t.Fatal(err)
	}
	if again := b.take(r, 1); again.Attempts != 2 || len(again.Journal) != 1 {
		t.Errorf("taken again: %+v", again)
	}
	if got := b.text("SELECT last_error FROM sync_page"); got != "the index is away" {
		t.Errorf("last error %q", got)
	}
}

// TestReasonsOfAnyText stores reasons that are cut to the column's width and
// hold what MySQL does not take for text.
func TestReasonsOfAnyText(t *testing.T) {
	b := newBench(t)
	r := b.listed(4)
	reasons := map[string]string{
		"cut within a letter": "x" + strings.Repeat("क", 1000),
		"not text":            "\xff\xfe broken \xf0\x9f",
		"four-byte letters":   strings.Repeat("😀", 600),
		"a quote":             `it's "quoted" \ and ; --`,
	}
	for name, reason := range reasons {
		t.Run(name, func(t *testing.T) {
			if err := b.Pages.PutBack(t.Context(), b.take(r, 1), reason); err != nil {
				t.Errorf("PutBack: %v", err)
			}
			b.exec("UPDATE sync_page SET state = 0")
			p := b.take(r, 2)
			o := store.Outcome{Counts: run.Counts{Found: 1, Parked: 1}, Parked: []store.Parked{{ObjectID: "R1-10", Root: 1, Reason: store.Rejected, Detail: reason}}}
			if _, err := b.Pages.Finish(t.Context(), p, o); err != nil {
				t.Errorf("Finish with a parked record: %v", err)
			}
			b.exec("UPDATE sync_page SET state = 0")
		})
	}
}

func TestGiveUpFailsThePageOnce(t *testing.T) {
	b := newBench(t)
	r := b.listed(4)
	p := b.take(r, 1)
	now, err := b.Pages.GiveUp(t.Context(), p, "eight times in vain")
	if err != nil || now.PagesFailed != 1 || now.LastError != "eight times in vain" || now.Settled() {
		t.Fatalf("GiveUp = %+v, %v", now, err)
	}
	_, err = b.Pages.GiveUp(t.Context(), p, "again")
	wantKind(t, err, fault.Superseded)
	now = b.finish(b.take(r, 2), 2)
	if !now.Settled() || now.PagesFailed != 1 {
		t.Errorf("the run is %+v; want it settled with a failed page", now)
	}
	if err := b.Runs.Publish(t.Context(), now); fault.CodeOf(err) != "unbalanced" {
		t.Errorf("a run with a failed page was published: %v", err)
	}
}

func TestEndedContextIsAnOutage(t *testing.T) {
	b := newBench(t)
	r := b.listed(2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := b.Pages.TakePage(ctx, page.Task{RunID: r.ID, Page: 1}, claim.NewToken(), time.Hour)
	wantKind(t, err, fault.Retry)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the cause is lost: %v", err)
	}
}
