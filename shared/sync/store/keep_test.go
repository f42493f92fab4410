package store_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// write finishes a page of a fresh run with an outcome.
func (b *bench) write(o store.Outcome) {
	b.t.Helper()
	b.exec("UPDATE sync_page SET state = 2")
	r := b.begun()
	b.exec("UPDATE order_return_item SET updated_at = ?", inside)
	if _, err := b.list(r); err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.Pages.Finish(b.t.Context(), b.take(r, 1), o); err != nil {
		b.t.Fatal(err)
	}
	if err := b.Runs.Fail(b.t.Context(), b.run(r.ID), "only one page was played"); err != nil {
		b.t.Fatal(err)
	}
}

// entries returns the entries of the ledger's rows.
func (b *bench) entries(entity string, roots []uint64) (map[uint64][]ledger.Entry, error) {
	rows, err := b.Ledger.Known(b.t.Context(), entity, roots)
	found := make(map[uint64][]ledger.Entry, len(rows))
	for root, r := range rows {
		found[root] = r.Entries
	}
	return found, err
}

func TestLedgerRoundTrip(t *testing.T) {
	b := newBench(t)
	b.addReturn(1, inside)
	rows := make([]store.LedgerRow, 2500) // more than one statement writes
	want := map[uint64][]ledger.Entry{}
	roots := make([]uint64, len(rows))
	for i := range rows {
		id := 1<<63 + uint64(i) // beyond a signed number
		e := []ledger.Entry{{ID: fmt.Sprint("R-", i), Hash: ledger.Hasher{}.Of([]byte{byte(i)})}, {ID: "é'\\", Parked: true}}
		rows[i], roots[i], want[id] = store.LedgerRow{Root: id, Entries: e}, id, e
	}
	b.write(store.Outcome{Ledger: rows})
	got, err := b.entries(b.def.Name, roots)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("ledger (-want +got):\n%s", diff)
	}
	if other, err := b.entries("other", roots); err != nil || len(other) != 0 {
		t.Errorf("another entity sees %d rows, %v", len(other), err)
	}
	rows[0].Entries, rows[1].Entries = nil, []ledger.Entry{{ID: "new"}}
	b.write(store.Outcome{Ledger: rows[:2]})
	got, err = b.entries(b.def.Name, roots[:3])
	delete(want, roots[0])
	want[roots[1]] = rows[1].Entries
	if diff := cmp.Diff(map[uint64][]ledger.Entry{roots[1]: want[roots[1]], roots[2]: want[roots[2]]}, got); err != nil || diff != "" {
		t.Errorf("after a second write, %v (-want +got):\n%s", err, diff)
	}
}

// TestLedgerInBulk writes as many rows as statements are kept for, some fewer, and
// some more: first where there are none but one, of another run, then over them.
func TestLedgerInBulk(t *testing.T) {
	for _, n := range []int{374, 375, 499, 500, 501, 900} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			b := newBench(t)
			b.addReturn(1, inside)
			rows, roots := make([]store.LedgerRow, n), make([]uint64, n)
			for i := range rows {
				roots[i] = uint64(i + 1)
				rows[i] = store.LedgerRow{Root: roots[i], Version: 5, Entries: []ledger.Entry{{ID: fmt.Sprint("R", i)}}}
			}
			b.exec("INSERT INTO sync_ledger (entity, root_id, run_id, records) VALUES (?, ?, 99, '')", b.def.Name, n)
			for range 2 {
				b.write(store.Outcome{Ledger: rows})
				known, err := b.Ledger.Known(t.Context(), b.def.Name, roots)
				if err != nil || len(known) != n {
					t.Fatalf("%d rows, %v", len(known), err)
				}
				for i, r := range rows {
					if diff := cmp.Diff(r, known[r.Root], cmpopts.IgnoreFields(r, "Run")); diff != "" {
						t.Fatalf("row %d (-want +got):\n%s", i, diff)
					}
					rows[i] = known[r.Root]
					rows[i].Version, rows[i].Entries = 6, []ledger.Entry{{ID: fmt.Sprint("S", i)}}
				}
			}
			doubts, err := b.Ledger.Doubts(t.Context(), b.def.Name, roots)
			if err != nil || len(doubts) != 1 || !doubts[uint64(n)].Whole {
				t.Errorf("in doubt are %d, %v; want the last, which another run had written", len(doubts), err)
			}
		})
	}
}

func TestParkedRoundTrip(t *testing.T) {
	b := newBench(t)
	b.addReturn(1, inside)
	one := store.Parked{ObjectID: "R1-10", Root: 1, Reason: store.TooLarge, Detail: "11000 bytes", Bytes: 11_000}
	two := store.Parked{ObjectID: "R1-11", Root: 1, Reason: store.Rejected, Detail: "said no"}
	b.write(store.Outcome{Counts: run.Counts{Found: 2, Parked: 2}, Parked: []store.Parked{one, two}})
	b.write(store.Outcome{Counts: run.Counts{Found: 1, Parked: 1}, Parked: []store.Parked{one}})
	one.Attempts, two.Attempts, one.Run, two.Run = 2, 1, 2, 1
	open := func() []store.Parked {
		t.Helper()
		list, err := b.Parked.Open(t.Context(), b.def.Name, 10)
		if n, countErr := b.Parked.Count(t.Context(), b.def.Name); err != nil || countErr != nil || int(n) != len(list) {
			t.Fatalf("%d listed, %d counted, %v, %v", len(list), n, err, countErr)
		}
		return list
	}
	seen := cmpopts.IgnoreFields(store.Parked{}, "FirstSeen", "LastSeen")
	if diff := cmp.Diff([]store.Parked{one, two}, open(), seen); diff != "" {
		t.Errorf("parked (-want +got):\n%s", diff)
	}
	b.write(store.Outcome{Counts: run.Counts{Found: 1, Saved: 1}, Resolved: []string{"R1-10"}})
	if diff := cmp.Diff([]store.Parked{two}, open(), seen); diff != "" {
		t.Errorf("after one was saved (-want +got):\n%s", diff)
	}
	b.write(store.Outcome{Counts: run.Counts{Found: 1, Parked: 1}, Parked: []store.Parked{one}})
	if list := open(); len(list) != 2 {
		t.Errorf("parked again: %v", list)
	}
}

func TestDoubtsMergeAndSettleOnlyWhatWasSeen(t *testing.T) {
	b := newBench(t)
	b.addReturn(1, inside)
	doubts := func() map[uint64]store.Doubt {
		t.Helper()
		d, err := b.Ledger.Doubts(t.Context(), b.def.Name, []uint64{1, 2, 3})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	b.write(store.Outcome{Unconfirmed: ledger.Journal{1: {"a"}, 2: {"x"}}})
	older := doubts()
	b.write(store.Outcome{Unconfirmed: ledger.Journal{1: {"b", "a"}, 3: nil}})
	want := map[uint64]store.Doubt{1: {IDs: []string{"a", "b"}, Whole: true}, 2: {IDs: []string{"x"}, Whole: true}, 3: {Whole: true}}
	sorted := cmpopts.SortSlices(func(a, b string) bool { return a < b })
	if diff := cmp.Diff(want, doubts(), cmpopts.IgnoreFields(store.Doubt{}, "Stamp"), cmpopts.EquateEmpty(), sorted); diff != "" {
		t.Errorf("merged (-want +got):\n%s", diff)
	}
	b.write(store.Outcome{Settled: older})
	left := doubts()
	if _, ok := left[2]; ok || len(left) != 2 {
		t.Errorf("settling what was seen left %v; want the newer doubts about 1 and 3", left)
	}
	b.write(store.Outcome{Settled: left, Unconfirmed: ledger.Journal{1: {"c"}}})
	if now := doubts(); len(now) != 1 || len(now[1].IDs) == 0 {
		t.Errorf("a page that settles a doubt and leaves a new one left %v", now)
	}
}

// TestDoubtOfManyRoots marks more roots as unconfirmed than one statement takes.
func TestDoubtOfManyRoots(t *testing.T) {
	b := newBench(t)
	b.addReturn(1, inside)
	j, roots := ledger.Journal{}, []uint64{}
	for i := range uint64(2500) {
		j.Add(i+1, fmt.Sprint("R", i))
		roots = append(roots, i+1)
	}
	b.write(store.Outcome{Unconfirmed: j})
	all, err := b.Ledger.Doubts(t.Context(), b.def.Name, roots)
	if err != nil || len(all) != len(roots) {
		t.Fatalf("%d doubts, %v", len(all), err)
	}
	b.write(store.Outcome{Settled: all})
	if n := b.number("SELECT COUNT(*) FROM sync_recheck"); n != 0 {
		t.Errorf("%d doubts were not settled", n)
	}
}

// closeOld publishes a run over n returns and dates it 30 days back.
func (b *bench) closeOld(n int) run.Run {
	b.t.Helper()
	b.exec("DELETE FROM order_return_item")
	b.exec("DELETE FROM order_return")
	r := b.finished(n)
	if err := b.Runs.Publish(b.t.Context(), r); err != nil {
		b.t.Fatal(err)
	}
	b.exec("UPDATE sync_run SET closed_at = NOW(6) - INTERVAL 30 DAY WHERE id = ?", r.ID)
	return r
}

func TestPruneIsBounded(t *testing.T) {
	b := newBench(t)
	r := b.closeOld(2)
	for chunk := range 25 {
		b.exec(`INSERT INTO sync_change (run_id, page, root_id) SELECT ?, 1, ? + seq.n FROM (
			WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 999) SELECT n FROM numbers) seq`, r.ID, 1000*(chunk+1))
	}
	b.exec(`INSERT INTO sync_page (run_id, page, roots) SELECT ?, 1 + seq.n, 1 FROM (
		WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 999) SELECT n FROM numbers) seq`, r.ID)
	b.exec("INSERT INTO sync_page (run_id, page, roots) SELECT run_id, 1000 + page, 1 FROM sync_page UNION ALL SELECT run_id, 2000 + page, 1 FROM sync_page")
	left := func(table string) int64 { return b.number("SELECT COUNT(*) FROM " + table) }
	if err := b.Changes.Prune(t.Context(), b.def.Name, 7); err != nil || left("sync_change") < 4000 || left("sync_change") > 10_000 || left("sync_page") != 3000 {
		t.Fatalf("the first call left %d changes and %d pages, %v", left("sync_change"), left("sync_page"), err)
	}
	if err := b.Changes.Prune(t.Context(), b.def.Name, 7); err != nil || left("sync_change") != 0 || left("sync_page") < 500 || left("sync_page") > 2500 {
		t.Fatalf("the second call left %d changes and %d pages, %v", left("sync_change"), left("sync_page"), err)
	}
	if err := b.Changes.Prune(t.Context(), b.def.Name, 7); err != nil {
		t.Fatal(err)
	}
	if left("sync_change") != 0 || left("sync_page") != 0 || left("sync_run") != 1 {
		t.Errorf("left: %d changes, %d pages, %d runs", left("sync_change"), left("sync_page"), left("sync_run"))
	}
}

func TestPruneKeepsWhatIsYoungOrOpen(t *testing.T) {
	b := newBench(t)
	b.finished(2)
	if err := b.Changes.Prune(t.Context(), b.def.Name, 0); err != nil || b.number("SELECT COUNT(*) FROM sync_page") != 1 {
		t.Errorf("an open run lost its pages, %v", err)
	}
	r := b.run(1)
	if err := b.Runs.Publish(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := b.Changes.Prune(t.Context(), b.def.Name, 7); err != nil || b.number("SELECT COUNT(*) FROM sync_page") != 1 {
		t.Errorf("a young run lost its pages, %v", err)
	}
}

// TestPruneIsNotHeldUpByOthers has an older run of another entity, and one that
// never closed, before the run that is to be pruned.
func TestPruneIsNotHeldUpByOthers(t *testing.T) {
	b := newBench(t)
	r := b.closeOld(2)
	b.exec("INSERT INTO sync_run (id, entity, state, claim_id, claim_token, window_from, window_to) VALUES (1000, ?, 'processing', 1, 'a', NOW(), NOW())", b.def.Name)
	b.exec("INSERT INTO sync_run (id, entity, state, claim_id, claim_token, window_from, window_to, closed_at) VALUES (1001, 'other', 'synced', 1, 'b', NOW(), NOW(), NOW() - INTERVAL 90 DAY)")
	b.exec("INSERT INTO sync_page (run_id, page, roots) VALUES (1000, 1, 1), (1001, 1, 1)")
	b.exec("UPDATE sync_run SET id = 2000 WHERE id = ?", r.ID)
	b.exec("UPDATE sync_page SET run_id = 2000 WHERE run_id = ?", r.ID)
	b.exec("UPDATE sync_change SET run_id = 2000 WHERE run_id = ?", r.ID)
	if err := b.Changes.Prune(t.Context(), b.def.Name, 7); err != nil {
		t.Fatal(err)
	}
	if n := b.number("SELECT COUNT(*) FROM sync_page WHERE run_id = 2000"); n != 0 {
		t.Error("an old run was not pruned because an older one of somebody else's still has pages")
	}
	if n := b.number("SELECT COUNT(*) FROM sync_page"); n != 2 {
		t.Errorf("%d pages of the others are left, want 2", n)
	}
}
