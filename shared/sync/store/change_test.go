package store_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store/storetest"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// pages reads the change list by page.
func (b *bench) pages(r run.Run) [][]uint64 {
	b.t.Helper()
	var all [][]uint64
	for n := range b.run(r.ID).PagesTotal {
		ids, err := b.Changes.Changed(b.t.Context(), r.ID, n+1)
		if err != nil {
			b.t.Fatal(err)
		}
		all = append(all, ids)
	}
	return all
}

func TestListCutsPagesInIDOrder(t *testing.T) {
	b := newBench(t)
	for _, id := range []uint64{9, 3, 7, 1, 5} {
		b.addReturn(id, inside)
	}
	b.addReturn(2, before)
	b.addReturn(4, to) // the end is not part of the window
	b.addReturn(6, from)
	r := b.begun()
	if n, err := b.list(r); n != 3 || err != nil {
		t.Fatalf("List = %d, %v", n, err)
	}
	if diff := cmp.Diff([][]uint64{{1, 3}, {5, 6}, {7, 9}}, b.pages(r)); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	if now := b.run(r.ID); now.State != run.Processing || now.PagesTotal != 3 {
		t.Errorf("run = %+v", now)
	}
}

// TestListNamesARootOnce lists roots that changed.sql names twice, in no order, and that are
// unconfirmed as well.
func TestListNamesARootOnce(t *testing.T) {
	b := newBench(t)
	for _, id := range []uint64{9, 3, 7, 1, 5} {
		b.addReturn(id, inside)
	}
	b.exec("INSERT INTO sync_recheck (entity, root_id, stamp, ids) VALUES (?, 3, 's', ''), (?, 4, 's', '')", b.def.Name, b.def.Name)
	var err error
	if b.def.Changed, err = entity.ParseQuery(`SELECT id AS _root FROM order_return WHERE updated_at >= :from AND updated_at < :to
		UNION ALL SELECT 8 - id FROM order_return WHERE id < 8`, "from", "to"); err != nil {
		t.Fatal(err)
	}
	r := b.begun()
	if n, err := b.list(r); n != 3 || err != nil {
		t.Fatalf("List = %d, %v", n, err)
	}
	if diff := cmp.Diff([][]uint64{{1, 3}, {4, 5}, {7, 9}}, b.pages(r)); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

func TestListFindsAnItemsOwnChange(t *testing.T) {
	b := newBench(t)
	b.addReturn(1, before)
	b.addReturn(2, before)
	b.exec("UPDATE order_return_item SET updated_at = ? WHERE order_return_id = 2", inside)
	r := b.begun()
	if _, err := b.list(r); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]uint64{{2}}, b.pages(r)); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

// TestListOfOneInstant holds the pages to their size when hundreds of rows have
// the same updated_at, across every page's edge.
func TestListOfOneInstant(t *testing.T) {
	b := newBench(t)
	b.def.PageSize = 100
	b.exec(`INSERT INTO order_return (id, account_slug, customer_return_number, customer_order_number, updated_at)
		SELECT seq.n, 'acme', CONCAT('RN-', seq.n), 'O', ? FROM (
			WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 650) SELECT n FROM numbers) seq`, inside)
	r := b.begun()
	if n, err := b.list(r); n != 7 || err != nil {
		t.Fatalf("List = %d, %v", n, err)
	}
	next := uint64(1)
	for i, ids := range b.pages(r) {
		if want := min(100, 650-100*i); len(ids) != want {
			t.Errorf("page %d has %d roots, want %d", i+1, len(ids), want)
		}
		for _, id := range ids {
			if id != next {
				t.Fatalf("page %d holds %d where %d was due", i+1, id, next)
			}
			next++
		}
	}
}

func TestListClosesAnEmptyRunAtOnce(t *testing.T) {
	b := newBench(t)
	b.addReturn(1, before)
	r := b.begun()
	if n, err := b.list(r); n != 0 || err != nil {
		t.Fatalf("List = %d, %v", n, err)
	}
	row, err := b.Claims.Newest(t.Context(), job)
	if err != nil || row.Status != claim.Free || !row.Watermark.Equal(to) || !row.RangeStart.Equal(from) {
		t.Errorf("claim = %+v, %v", row, err)
	}
	if now := b.run(r.ID); now.State != run.Synced || now.ClosedAt == nil {
		t.Errorf("run = %+v", now)
	}
	if n, err := b.list(r); n != 0 || err != nil {
		t.Errorf("a second List = %d, %v", n, err)
	}
}

// TestBeginAndListFromTwins plays many deliveries of one window task at once.
func TestBeginAndListFromTwins(t *testing.T) {
	b := newBench(t)
	for id := range 7 {
		b.addReturn(uint64(id+1), inside)
	}
	task := claim.TaskOf(b.claimed())
	const twins = 16
	var runs [twins]run.Run
	storetest.Together(twins, func(i int) {
		row, err := b.Claims.Claimed(t.Context(), task, time.Hour)
		if err != nil {
			t.Error(err)
			return
		}
		w := window.Window{From: from, To: to.Add(time.Duration(i) * time.Second)} // each has its own idea of now
		if runs[i], err = b.Runs.Begin(t.Context(), b.def.Name, row, w); err != nil {
			t.Error(err)
			return
		}
		if n, err := b.list(runs[i]); err != nil || n != 4 {
			t.Errorf("List = %d, %v", n, err)
		}
	})
	for _, r := range runs {
		if r.ID != runs[0].ID || r.Window != runs[0].Window {
			t.Fatalf("twins see different runs: %v and %v", r, runs[0])
		}
	}
	if diff := cmp.Diff([][]uint64{{1, 2}, {3, 4}, {5, 6}, {7}}, b.pages(runs[0])); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	if n := b.number("SELECT COUNT(*) FROM sync_run"); n != 1 {
		t.Errorf("%d runs", n)
	}
}

// TestListMergesUnconfirmedRoots lists more roots than one statement reads or writes, with
// unconfirmed ones between them, among them and at both ends of all ids.
func TestListMergesUnconfirmedRoots(t *testing.T) {
	b := newBench(t)
	b.exec(`INSERT INTO order_return (id, account_slug, customer_return_number, customer_order_number, updated_at)
		SELECT 3 * seq.n, 'acme', CONCAT('RN-', seq.n), 'O', ? FROM (
			WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 990) SELECT n FROM numbers) seq`, inside)
	unconfirmed := []uint64{0, math.MaxUint64}
	for n := range uint64(1500) {
		unconfirmed = append(unconfirmed, 500+2*n)
	}
	var want []uint64
	for n := range uint64(990) {
		want = append(want, 3*(n+1))
	}
	want = append(want, unconfirmed...)
	slices.Sort(want)
	want = slices.Compact(want)
	values, args := sqldb.Values(unconfirmed, func(root uint64) []any { return []any{b.def.Name, root, "s", ""} })
	b.exec("INSERT INTO sync_recheck (entity, root_id, stamp, ids) VALUES "+values, args...)
	for _, b.def.PageSize = range []int{1, 700} {
		r := b.begun()
		if _, err := b.list(r); err != nil {
			t.Fatal(err)
		}
		pages := b.pages(r)
		for i, p := range pages {
			if len(p) != b.def.PageSize && i < len(pages)-1 {
				t.Errorf("page %d has %d roots, want %d", i+1, len(p), b.def.PageSize)
			}
		}
		if diff := cmp.Diff(want, slices.Concat(pages...)); diff != "" {
			t.Errorf("the list (-want +got):\n%s", diff)
		}
		if n := b.number("SELECT SUM(roots) FROM sync_page WHERE run_id = ?", r.ID); n != int64(len(want)) {
			t.Errorf("the pages say that they have %d roots, want %d", n, len(want))
		}
		if err := b.Runs.Fail(t.Context(), b.run(r.ID), "next, please"); err != nil {
			t.Fatal(err)
		}
	}
}

// counted returns a lister of so many roots, which ends with an error.
func counted(n uint64, err error) rootlist.Lister {
	return func(_ context.Context, add func([]uint64) error) (rootlist.Listed, error) {
		var roots []uint64
		for root := range n {
			roots = append(roots, root)
		}
		return rootlist.Listed{}, errors.Join(add(roots), err)
	}
}

// TestListThatBreaksOffLeavesNothing lets the source fail when pages have been written.
func TestListThatBreaksOffLeavesNothing(t *testing.T) {
	b := newBench(t)
	b.def.PageSize = 1
	r := b.begun()
	broken := errors.New("the line went dead")
	_, err := b.Changes.List(t.Context(), r, b.def, counted(1500, broken))
	if !errors.Is(err, broken) || !fault.Retryable(err) {
		t.Errorf("error = %v", err)
	}
	if n := b.number("SELECT COUNT(*) FROM sync_page"); n != 0 {
		t.Errorf("%d pages stayed", n)
	}
	if n, err := b.Changes.List(t.Context(), r, b.def, counted(3, nil)); n != 3 || err != nil {
		t.Errorf("the retry gives %d pages, %v", n, err)
	}
}

// TestListSurvivesALostServer ends every connection, of the source and of our tables, when
// pages have been written.
func TestListSurvivesALostServer(t *testing.T) {
	b := newBench(t)
	b.def.PageSize = 1
	for id := range uint64(3) {
		b.addReturn(id+1, inside)
	}
	r := b.begun()
	_, err := b.Changes.List(t.Context(), r, b.def, func(ctx context.Context, add func([]uint64) error) (rootlist.Listed, error) {
		return b.src.EachChanged(ctx, b.def, map[string][]any{"from": {from}, "to": {to}}, func([]uint64) error {
			if _, err := counted(1500, nil)(ctx, add); err != nil {
				return err
			}
			for _, id := range b.connections() {
				b.exec("KILL ?", id)
			}
			return add([]uint64{5000})
		})
	})
	if err == nil || !fault.Retryable(err) {
		t.Errorf("error = %v", err)
	}
	if n := b.number("SELECT COUNT(*) FROM sync_page"); n != 0 {
		t.Errorf("%d pages stayed", n)
	}
	if n, err := b.list(r); n != 3 || err != nil {
		t.Errorf("the retry gives %d pages, %v", n, err)
	}
}

// connections returns the connections to the bench's database that are in a transaction
// or send rows.
func (b *bench) connections() []int64 {
	b.t.Helper()
	list, err := sqldb.Collect(b.t.Context(), b.SQL(), sqldb.Column[int64], "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()")
	if err != nil || len(list) < 2 {
		b.t.Fatalf("%d connections, %v", len(list), err)
	}
	return list
}

// TestListRefusesAnotherOrder has a lister whose roots do not come in order, within a page
// and from one page to the next.
func TestListRefusesAnotherOrder(t *testing.T) {
	b := newBench(t)
	r := b.begun()
	for _, roots := range [][]uint64{{2, 1}, {1, 3, 2}, {0, 1, 2, 3, 2}} {
		_, err := b.Changes.List(t.Context(), r, b.def, func(_ context.Context, add func([]uint64) error) (rootlist.Listed, error) {
			return rootlist.Listed{}, add(roots)
		})
		if fault.CodeOf(err) != "unordered-list" {
			t.Errorf("%d: %v", roots, err)
		}
	}
}

// TestADamagedListIsAnError damages a page's list: fewer roots must not be taken for all.
func TestADamagedListIsAnError(t *testing.T) {
	b := newBench(t)
	r := b.listed(2)
	for _, to := range []string{"CONCAT(listed, 'x')", "SUBSTRING(listed, 1, 3)", "''"} {
		b.exec("UPDATE sync_page SET listed = " + to)
		if roots, err := b.Changes.Changed(t.Context(), r.ID, 1); err == nil || !fault.Retryable(err) {
			t.Errorf("%s reads as %d, %v", to, roots, err)
		}
	}
}

// asOlder brings a run's list into the form of versions before migration 27.
func (b *bench) asOlder(r run.Run) {
	b.t.Helper()
	for i, roots := range b.pages(r) {
		for _, root := range roots {
			b.exec("INSERT INTO sync_change (run_id, page, root_id) VALUES (?, ?, ?)", r.ID, i+1, root)
		}
	}
	b.exec("UPDATE sync_page SET listed = NULL, first_root = NULL, last_root = NULL WHERE run_id = ?", r.ID)
}

// TestARunThatAnOlderVersionListed is worked, compared, searched and closed. Page 1 was
// worked by the older version.
func TestARunThatAnOlderVersionListed(t *testing.T) {
	b := newBench(t)
	r := b.listed(3)
	want := b.pages(r)
	b.asOlder(r)
	if diff := cmp.Diff(want, b.pages(r)); diff != "" {
		t.Fatalf("pages (-want +got):\n%s", diff)
	}
	b.finish(b.take(r, 1), 2)
	b.exec("UPDATE sync_page SET worked = 0 WHERE page = 1")
	r = b.finish(b.take(r, 2), 2)
	b.touches(r, 3, 4)
	b.exec("DELETE FROM sync_change WHERE root_id = 3")
	if err := b.Runs.Publish(t.Context(), r); fault.CodeOf(err) != "unbalanced" {
		t.Errorf("a root is lost, and Publish = %v", err)
	}
	b.exec("INSERT INTO sync_change (run_id, page, root_id) VALUES (?, 2, 3)", r.ID)
	if err := b.Runs.Publish(t.Context(), r); err != nil {
		t.Error(err)
	}
}

// touches demands that a run is found by a root of its list, and by no other root.
func (b *bench) touches(r run.Run, root, other uint64) {
	b.t.Helper()
	busy, err := b.Comparisons.Busy(b.t.Context(), b.def.Name, []uint64{other, root})
	if diff := cmp.Diff(map[uint64]bool{root: true}, busy); err != nil || diff != "" {
		b.t.Errorf("under work, %v (-want +got):\n%s", err, diff)
	}
	for id, want := range map[uint64]int{root: 1, other: 0} {
		runs, err := b.Runs.Touching(b.t.Context(), b.def.Name, id, 5)
		if err != nil || len(runs) != want || want == 1 && runs[0].ID != r.ID {
			b.t.Errorf("root %d: %d runs, %v; want %d", id, len(runs), err, want)
		}
	}
}

// TestARunIsFoundByItsRoots looks for roots on pages of a list with gaps.
func TestARunIsFoundByItsRoots(t *testing.T) {
	b := newBench(t)
	for _, id := range []uint64{1, 4, 6, 9, 11} {
		b.addReturn(id, inside)
	}
	r := b.begun()
	if _, err := b.list(r); err != nil {
		t.Fatal(err)
	}
	for root, other := range map[uint64]uint64{1: 2, 4: 0, 6: 7, 9: 5, 11: 12} {
		b.touches(r, root, other)
	}
}

// TestAnOlderVersionClosesNoPackedPage has an older process function finish a page. It finds
// no row of sync_change and takes the page for an empty one.
func TestAnOlderVersionClosesNoPackedPage(t *testing.T) {
	b := newBench(t)
	r := b.listed(3)
	b.finish(b.take(r, 1), 2)
	p := b.take(r, 2)
	b.exec("UPDATE sync_page SET state = 2, finished_at = NOW(6) WHERE run_id = ? AND page = 2 AND token = ?", r.ID, p.Token)
	b.exec("UPDATE sync_run SET pages_done = pages_done + 1 WHERE id = ?", r.ID)
	if err := b.Runs.Publish(t.Context(), b.run(r.ID)); fault.CodeOf(err) != "unbalanced" {
		t.Errorf("Publish = %v, want it refused", err)
	}
	if row, err := b.Claims.Newest(t.Context(), job); err != nil || row.Watermark != nil {
		t.Errorf("claim = %+v, %v: the watermark moved", row, err)
	}
}

// TestListNamesRootsInDoubt lists an unconfirmed root once, whether or not
// its rows changed.
func TestListNamesRootsInDoubt(t *testing.T) {
	b := newBench(t)
	b.addReturn(2, inside)
	b.exec("INSERT INTO sync_recheck (entity, root_id, stamp, ids) VALUES (?, 1, 's', ''), (?, 2, 's', ''), ('other', 3, 's', '')", b.def.Name, b.def.Name)
	r := b.begun()
	if _, err := b.list(r); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]uint64{{1, 2}}, b.pages(r)); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}
