package flow_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/join"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source/mysql"
)

// reader notes the roots whose rows are read, and those whose versions are.
type reader struct {
	*mysql.Source
	read, asked []uint64
}

// Rows implements flow.Rows.
func (r *reader) Rows(ctx context.Context, d entity.Definition, ids []uint64) (source.Rows, error) {
	r.read = append(r.read, ids...)
	return r.Source.Rows(ctx, d, ids)
}

// Versions implements flow.Rows.
func (r *reader) Versions(ctx context.Context, d entity.Definition, ids []uint64) (map[uint64]uint64, error) {
	r.asked = append(r.asked, ids...)
	return r.Source.Versions(ctx, d, ids)
}

// syncReading is synced, and returns which roots' rows were read.
func (w *world) syncReading() (run.Run, []uint64) {
	w.t.Helper()
	src := &reader{Source: w.src}
	r := w.syncFrom(src)
	return r, src.read
}

// syncFrom is synced with pages that read from src.
func (w *world) syncFrom(src *reader) run.Run {
	w.t.Helper()
	step := join.Process(&flow.Process{Source: src, Index: w.index, Config: w.cfg, Log: silent}, entity.List{w.def}, w.DB)
	if err := w.tick(false); err != nil {
		w.t.Fatal(err)
	}
	for t, ok := w.queue.next(); ok; t, ok = w.queue.next() {
		if t.Route == run.RouteWindow {
			if err := w.deliver(t); err != nil {
				w.t.Fatal(err)
			}
			continue
		}
		var task page.Task
		if err := json.Unmarshal(t.Body, &task); err != nil {
			w.t.Fatal(err)
		}
		if _, err := step.Run(w.t.Context(), task, time.Now()); err != nil {
			w.t.Fatal(err)
		}
	}
	w.true()
	r := w.last()
	if r.State != run.Synced {
		w.t.Fatalf("run %d is %s: %s", r.ID, r.State, r.LastError)
	}
	slices.Sort(src.read) // pages come in any order
	slices.Sort(src.asked)
	return r
}

// TestUnchangedRowsAreNotReadAgain syncs the same roots again and again: windows
// overlap, and rows that lie in two of them are read in the first.
func TestUnchangedRowsAreNotReadAgain(t *testing.T) {
	w := newStock(t, 3)
	w.def.TrustVersions = true
	for _, c := range []struct {
		name   string
		change func()
		want   string // roots read
		counts run.Counts
	}{
		{"everything is new", func() {}, "[1 2 3]", run.Counts{Found: 6, Saved: 6, Operations: 6}},
		{"nothing has changed", func() {}, "[]", run.Counts{Found: 6, Unchanged: 6}},
		{"a child has changed", func() { w.exec("UPDATE stock_lot SET quantity = 99 WHERE id = 20") }, "[2]", run.Counts{Found: 6, Saved: 1, Unchanged: 5, Operations: 1}},
		{"a child is gone", func() {
			w.exec("DELETE FROM stock_lot WHERE id = 10")
			w.exec("UPDATE stock_position SET shelf = 'A' WHERE id = 1")
		}, "[1]", run.Counts{Found: 6, Saved: 1, Deleted: 1, Unchanged: 4, Operations: 2}},
		{"the ledger's row has format 1", func() {
			w.exec("UPDATE sync_ledger SET records = CONCAT(CHAR(1), SUBSTRING(records, 10)) WHERE root_id = 3")
		}, "[3]", run.Counts{Found: 5, Unchanged: 5}},
		{"a root is unconfirmed", func() {
			w.exec("INSERT INTO sync_recheck (entity, root_id, stamp, ids) VALUES ('stock', 2, 's', CHAR(1))")
		}, "[2 3]", run.Counts{Found: 5, Saved: 2, Unchanged: 3, Operations: 2}},
		{"versions are not to be trusted", func() { w.def.TrustVersions = false }, "[1 2 3]", run.Counts{Found: 5, Unchanged: 5}},
		{"the definition has changed", func() { w.def.TrustVersions, w.def.RecordLimit = true, w.def.RecordLimit+1 }, "[1 2 3]", run.Counts{Found: 5, Unchanged: 5}},
	} {
		c.change()
		r, read := w.syncReading()
		if got := fmt.Sprint(read); got != c.want && (c.want != "[]" || len(read) > 0) {
			t.Errorf("%s: the rows of %s were read; want %s", c.name, got, c.want)
		}
		if r.Counts != c.counts {
			t.Errorf("%s: %v; want %v", c.name, r.Counts, c.counts)
		}
	}
}

// TestJobsReadUnchangedRows changes a row and keeps its version: a window skips it, and
// a job, which people start because they doubt the ledger, reads and pushes it.
func TestJobsReadUnchangedRows(t *testing.T) {
	w := newStock(t, 2)
	w.def.TrustVersions = true
	w.synced()
	w.exec("UPDATE stock_lot SET quantity = 99, updated_at = updated_at WHERE id = 10")
	if got, want := w.sync().Counts, (run.Counts{Found: 4, Unchanged: 4}); got != want {
		t.Errorf("a window: %v; want %v", got, want)
	}
	if got := w.settled(w.roots(1).ID).Counts; got.Saved != 1 || got.Unchanged != 1 {
		t.Errorf("a job: %v; want 1 saved, 1 unchanged", got)
	}
}
