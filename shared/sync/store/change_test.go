package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source/mysql"
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
	if n, err := b.Changes.List(t.Context(), r, b.def, nil); n != 3 || err != nil {
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
	if n, err := b.Changes.List(t.Context(), r, b.def, nil); n != 3 || err != nil {
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
	if _, err := b.Changes.List(t.Context(), r, b.def, nil); err != nil {
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
	if n, err := b.Changes.List(t.Context(), r, b.def, nil); n != 7 || err != nil {
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
	if n, err := b.Changes.List(t.Context(), r, b.def, nil); n != 0 || err != nil {
		t.Fatalf("List = %d, %v", n, err)
	}
	row, err := b.Claims.Newest(t.Context(), job)
	if err != nil || row.Status != claim.Free || !row.Watermark.Equal(to) || !row.RangeStart.Equal(from) {
		t.Errorf("claim = %+v, %v", row, err)
	}
	if now := b.run(r.ID); now.State != run.Synced || now.ClosedAt == nil {
		t.Errorf("run = %+v", now)
	}
	if n, err := b.Changes.List(t.Context(), r, b.def, nil); n != 0 || err != nil {
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
		if n, err := b.Changes.List(t.Context(), runs[i], b.def, nil); err != nil || n != 4 {
			t.Errorf("List = %d, %v", n, err)
		}
	})
	for _, r := range runs {
		if r.ID != runs[0].ID || r.Window != runs[0].Window {
			t.Fatalf("twins see different runs: %v and %v", r, runs[0])
		}
	}
	if n := b.number("SELECT COUNT(*) FROM sync_change"); n != 7 {
		t.Errorf("the change list has %d entries, want 7", n)
	}
	if n := b.number("SELECT COUNT(*) FROM sync_run"); n != 1 {
		t.Errorf("%d runs", n)
	}
}

// TestListFromAForeignSource compares the list that a source on another server
// streams with the one that the database makes by itself.
func TestListFromAForeignSource(t *testing.T) {
	b := newBench(t)
	b.def.PageSize = 700
	b.exec(`INSERT INTO order_return (id, account_slug, customer_return_number, customer_order_number, updated_at)
		SELECT 3 * seq.n, 'acme', CONCAT('RN-', seq.n), 'O', ? FROM (
			WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 990) SELECT n FROM numbers) seq`, inside)
	for id := range 30 { // so that a batch of the stream ends within the list
		b.addReturn(uint64(10_000+id), inside)
	}
	src, err := mysql.Open(b.dsn, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	foreign := func(r run.Run) rootlist.Lister {
		return func(ctx context.Context, add func([]uint64) error) (rootlist.Listed, error) {
			return src.EachChanged(ctx, b.def, map[string][]any{"from": {r.Window.From}, "to": {r.Window.To}}, add)
		}
	}
	own := b.begun()
	if _, err := b.Changes.List(t.Context(), own, b.def, nil); err != nil {
		t.Fatal(err)
	}
	want := b.pages(own)
	if err := b.Runs.Fail(t.Context(), b.run(own.ID), "next, please"); err != nil {
		t.Fatal(err)
	}
	streamed := b.begun()
	if _, err := b.Changes.List(t.Context(), streamed, b.def, foreign(streamed)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, b.pages(streamed)); diff != "" {
		t.Errorf("the streamed list differs (-own +streamed):\n%s", diff)
	}
	if n := b.number("SELECT COUNT(*) FROM sync_change WHERE run_id = ?", streamed.ID); n != 1020 {
		t.Errorf("%d entries were kept, want 1020", n)
	}
}

// TestListThatBreaksOffLeavesNothing lets the foreign source fail half-way.
func TestListThatBreaksOffLeavesNothing(t *testing.T) {
	b := newBench(t)
	r := b.begun()
	broken := errors.New("the line went dead")
	_, err := b.Changes.List(t.Context(), r, b.def, func(_ context.Context, add func([]uint64) error) (rootlist.Listed, error) {
		return rootlist.Listed{}, errors.Join(add([]uint64{1, 2, 3}), broken)
	})
	if !errors.Is(err, broken) || !fault.Retryable(err) {
		t.Errorf("error = %v", err)
	}
	if n := b.number("SELECT COUNT(*) FROM sync_change"); n != 0 {
		t.Errorf("%d entries stayed", n)
	}
	n, err := b.Changes.List(t.Context(), r, b.def, func(_ context.Context, add func([]uint64) error) (rootlist.Listed, error) {
		return rootlist.Listed{}, add([]uint64{1, 2, 3})
	})
	if n != 2 || err != nil {
		t.Errorf("the retry gives %d pages, %v", n, err)
	}
}

// TestListNamesRootsInDoubt lists an unconfirmed root once, whether or not
// its rows changed.
func TestListNamesRootsInDoubt(t *testing.T) {
	b := newBench(t)
	b.addReturn(2, inside)
	b.exec("INSERT INTO sync_recheck (entity, root_id, stamp, ids) VALUES (?, 1, 's', ''), (?, 2, 's', ''), ('other', 3, 's', '')", b.def.Name, b.def.Name)
	r := b.begun()
	if _, err := b.Changes.List(t.Context(), r, b.def, nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]uint64{{1, 2}}, b.pages(r)); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}
