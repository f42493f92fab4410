package store_test

import (
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store/storetest"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

func TestBootstrapMakesOneRow(t *testing.T) {
	b := newBench(t)
	var ids [50]int64
	storetest.Together(50, func(i int) {
		row, err := b.Claims.Newest(t.Context(), job)
		if err != nil {
			t.Error(err)
		}
		ids[i] = row.ID
	})
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("callers got different rows: %v", ids)
		}
	}
	if n := b.number("SELECT COUNT(*) FROM order_return_algolia_sync"); n != 1 {
		t.Errorf("%d rows", n)
	}
}

func TestNewestIsByCreatedAtThenID(t *testing.T) {
	b := newBench(t)
	b.exec(`INSERT INTO order_return_algolia_sync (id, job_type, created_at) VALUES
		(1, 'RETURN_JOB', '2026-01-03'), (2, 'RETURN_JOB', '2026-01-05'), (3, 'RETURN_JOB', '2026-01-05'),
		(4, 'RETURN_JOB', '2026-01-04'), (5, 'OTHER_JOB', '2026-01-09')`)
	if row, err := b.Claims.Newest(t.Context(), job); err != nil || row.ID != 3 {
		t.Errorf("newest is row %d, %v; want 3", row.ID, err)
	}
}

func TestClaimHasOneWinner(t *testing.T) {
	b := newBench(t)
	row, err := b.Claims.Newest(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	var won atomic.Int32
	var winner atomic.Value
	storetest.Together(50, func(int) {
		g := store.Grant{Token: claim.NewToken(), Occurrence: "tick", Lease: time.Hour}
		ok, err := b.Claims.Claim(t.Context(), row, g)
		if err != nil {
			t.Error(err)
		}
		if ok {
			won.Add(1)
			winner.Store(g.Token)
		}
	})
	if won.Load() != 1 {
		t.Fatalf("%d winners", won.Load())
	}
	now, err := b.Claims.Newest(t.Context(), job)
	if err != nil || now.Token != winner.Load() || now.Status != claim.Claimed || now.Occurrence != "tick" {
		t.Errorf("row after the claim: %+v, %v", now, err)
	}
	if left := now.LeaseUntil.Sub(now.Now); left < 50*time.Minute || left > time.Hour {
		t.Errorf("the lease is %v long", left)
	}
}

// TestStaleReaderCannotClaim reads the row, loses a whole sync to another, and
// then claims by what it read.
func TestStaleReaderCannotClaim(t *testing.T) {
	b := newBench(t)
	old, err := b.Claims.Newest(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	r := b.begun()
	if _, err := b.list(r); err != nil {
		t.Fatal(err)
	}
	if ok, err := b.Claims.Claim(t.Context(), old, store.Grant{Token: claim.NewToken(), Lease: time.Hour}); ok || err != nil {
		t.Errorf("a row read before another's whole sync was claimed: %v, %v", ok, err)
	}
}

// expire makes the claim's lease run out.
func (b *bench) expire() claim.Row {
	b.t.Helper()
	b.exec("UPDATE order_return_algolia_sync SET lease_until = NOW(6) - INTERVAL 1 SECOND")
	row, err := b.Claims.Newest(b.t.Context(), job)
	if err != nil {
		b.t.Fatal(err)
	}
	return row
}

func TestTakeOverHasOneWinnerAndBuriesTheDead(t *testing.T) {
	b := newBench(t)
	r := b.listed(6)
	b.finish(b.take(r, 1), 2)
	held := b.take(r, 2)
	if err := b.Pages.WriteJournal(t.Context(), held, ledger.Journal{3: {"R3-30"}, 4: {"R4-40", "R4-41"}}); err != nil {
		t.Fatal(err)
	}
	row := b.expire()
	var won atomic.Int32
	storetest.Together(50, func(int) {
		dead, ok, err := b.Claims.TakeOver(t.Context(), row, store.Grant{Token: claim.NewToken(), Lease: time.Hour})
		if err != nil {
			t.Error(err)
		}
		if ok {
			won.Add(1)
			if dead != r.ID {
				t.Errorf("the dead run is %d, want %d", dead, r.ID)
			}
		}
	})
	if won.Load() != 1 {
		t.Fatalf("%d winners", won.Load())
	}
	if now := b.run(r.ID); now.State != run.Interrupted || now.ClosedAt == nil {
		t.Errorf("the dead run is %+v", now)
	}
	if got := b.text("SELECT GROUP_CONCAT(state ORDER BY page) FROM sync_page"); got != "2,4,4" {
		t.Errorf("page states %s, want done, abandoned, abandoned", got)
	}
	doubts, err := b.Ledger.Doubts(t.Context(), b.def.Name, []uint64{1, 2, 3, 4, 5})
	if err != nil || len(doubts) != 2 || len(doubts[3].IDs) != 1 || len(doubts[4].IDs) != 2 {
		t.Errorf("doubts = %v, %v", doubts, err)
	}
	_, err = b.Pages.Finish(t.Context(), held, store.Outcome{})
	wantKind(t, err, fault.Superseded)
	wantKind(t, b.Pages.WriteJournal(t.Context(), held, ledger.Journal{}), fault.Superseded)
}

func TestTakeOverLeavesTheLivingAlone(t *testing.T) {
	b := newBench(t)
	r := b.begun()
	row, err := b.Claims.Newest(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := b.Claims.TakeOver(t.Context(), row, store.Grant{Token: claim.NewToken(), Lease: time.Hour}); ok || err != nil {
		t.Errorf("TakeOver = %v, %v on a live lease", ok, err)
	}
	if now := b.run(r.ID); now.State != run.Windowing {
		t.Errorf("the living run is %s", now.State)
	}
}

func TestRenewProlongsOnlyTheHoldersLease(t *testing.T) {
	b := newBench(t)
	r := b.begun()
	b.exec("UPDATE order_return_algolia_sync SET lease_until = NOW(6) + INTERVAL 1 MINUTE")
	left := func() int64 {
		return b.number("SELECT TIMESTAMPDIFF(MINUTE, NOW(6), lease_until) FROM order_return_algolia_sync")
	}
	if err := b.Claims.Renew(t.Context(), r.ClaimID, "somebody else's", time.Hour); err != nil || left() > 1 {
		t.Errorf("a stranger renewed the lease: %d minutes, %v", left(), err)
	}
	if err := b.Claims.Renew(t.Context(), r.ClaimID, r.Token, time.Hour); err != nil || left() < 50 {
		t.Errorf("the lease has %d minutes left, %v", left(), err)
	}
}

// TestBeginAfterTakeOver lets a window task stall between taking its claim and
// beginning its run, while another tick takes the claim over. The run that it
// would begin belongs to nobody and would never close.
func TestBeginAfterTakeOver(t *testing.T) {
	b := newBench(t)
	stalled, err := b.Claims.Claimed(t.Context(), claim.TaskOf(b.claimed()), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := b.Claims.TakeOver(t.Context(), b.expire(), store.Grant{Token: claim.NewToken(), Lease: time.Hour}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	_, err = b.Runs.Begin(t.Context(), b.def.Name, stalled, window.Window{From: from, To: to})
	wantKind(t, err, fault.Superseded)
	if n := b.number("SELECT COUNT(*) FROM sync_run"); n != 0 {
		t.Errorf("%d runs were begun for a claim that has ended", n)
	}
}

func TestClaimedRefusesATaskOfAnotherClaim(t *testing.T) {
	b := newBench(t)
	task := claim.TaskOf(b.claimed())
	task.Token = claim.NewToken()
	_, err := b.Claims.Claimed(t.Context(), task, time.Hour)
	wantKind(t, err, fault.Superseded)
}

func TestAsOf(t *testing.T) {
	b := newBench(t)
	if at, err := b.Claims.AsOf(t.Context(), job); at != nil || err != nil {
		t.Errorf("before the first run AsOf = %v, %v", at, err)
	}
	if n := b.number("SELECT COUNT(*) FROM order_return_algolia_sync"); n != 0 {
		t.Errorf("reading AsOf made %d rows", n)
	}
	r := b.finished(2)
	if err := b.Runs.Publish(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if at, err := b.Claims.AsOf(t.Context(), job); err != nil || at == nil || !at.Equal(to) {
		t.Errorf("AsOf = %v, %v; want %v", at, err, to)
	}
}
