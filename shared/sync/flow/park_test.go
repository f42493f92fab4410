package flow_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// parked returns the open parked records as id -> reason.
func (w *world) parked() map[string]string {
	w.t.Helper()
	list, err := w.Parked.Open(w.t.Context(), w.def.Name, 100)
	if err != nil {
		w.t.Fatal(err)
	}
	open := map[string]string{}
	for _, p := range list {
		open[p.ObjectID] = p.Reason
	}
	return open
}

// TestOneTooLargeAmongAThousand parks the one and delivers the others, and lets
// it through when its row has shrunk.
func TestOneTooLargeAmongAThousand(t *testing.T) {
	w := newStock(t, 0)
	w.def.PageSize = 1000
	for range 2 {
		w.exec(`INSERT INTO stock_position (account_slug, sku, location_code) SELECT 'acme', CONCAT('S', seq.n), 'DEL1' FROM (
			WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 500) SELECT n FROM numbers) seq`)
	}
	w.exec("INSERT INTO stock_lot (position_id, lot_number, quantity) SELECT id, 'L1', 1 FROM stock_position")
	var root, lot int
	if err := w.SQL().QueryRow("SELECT position_id, id FROM stock_lot ORDER BY id LIMIT 1 OFFSET 400").Scan(&root, &lot); err != nil {
		t.Fatal(err)
	}
	id := fmt.Sprintf("S%d-%d", root, lot)
	w.exec("UPDATE stock_lot SET note = REPEAT('x', 1100) WHERE id = ?", lot)
	r := w.sync()
	if want := (run.Counts{Found: 1000, Saved: 999, Parked: 1, Operations: 999}); r.Counts != want || r.State != run.Synced {
		t.Fatalf("run %s, %v, want %v", r.State, r.Counts, want)
	}
	if got := w.parked(); len(got) != 1 || got[id] != store.TooLarge {
		t.Errorf("parked: %v, want %s", got, id)
	}
	w.true(id)
	if r := w.sync(); r.Counts.Parked != 1 || r.Counts.Operations != 0 {
		t.Errorf("not changed since: %v", r.Counts)
	}
	w.exec("UPDATE stock_lot SET note = 'short' WHERE id = ?", lot)
	if r := w.synced(); r.Counts.Saved != 1 || len(w.parked()) != 0 {
		t.Errorf("after it shrank: %v, parked %v", r.Counts, w.parked())
	}
}

// TestTheLimitIsInBytesAndIncluded holds a record of exactly the limit.
func TestTheLimitIsInBytesAndIncluded(t *testing.T) {
	w := newStock(t, 1)
	w.synced()
	w.def.RecordLimit = len(w.truth()["S1-10"]) + len(`,"note":"क"`)
	w.exec("UPDATE stock_lot SET note = 'क' WHERE id = 10")
	if r := w.sync(); r.Counts.Saved != 1 {
		t.Errorf("at the limit: %v", r.Counts)
	}
	w.exec("UPDATE stock_lot SET note = 'कx' WHERE id = 10")
	if r := w.sync(); r.Counts.Parked != 1 {
		t.Errorf("a byte over the limit: %v", r.Counts)
	}
}

func TestRefusedRecordIsParkedAndItsNeighboursGo(t *testing.T) {
	w := newStock(t, 2)
	w.index.refuse = map[string]string{"S1-11": "no reason"}
	if r := w.sync(); r.State != run.Synced || r.Counts.Parked != 1 || r.Counts.Saved != 3 {
		t.Fatalf("run %s, %v", r.State, r.Counts)
	}
	if got := w.parked(); got["S1-11"] != store.Rejected || len(got) != 1 {
		t.Errorf("parked: %v", got)
	}
	w.true("S1-11")
	w.index.refuse = nil
	if r := w.sync(); r.Counts.Parked != 1 || r.Counts.Operations != 0 {
		t.Errorf("nothing changed, so nothing is retried: %v", r.Counts)
	}
	w.exec("UPDATE stock_lot SET quantity = 9 WHERE id = 11")
	if r := w.synced(); r.Counts.Saved != 1 || len(w.parked()) != 0 {
		t.Errorf("after its row changed: %v, parked %v", r.Counts, w.parked())
	}
}

func TestParkedRecordWhoseRowGoes(t *testing.T) {
	w := newStock(t, 2)
	w.exec("UPDATE stock_lot SET note = REPEAT('x', 2000) WHERE id = 10")
	w.sync()
	w.exec("DELETE FROM stock_lot WHERE id = 10")
	w.synced()
	if got := w.parked(); len(got) != 0 {
		t.Errorf("still parked: %v", got)
	}
}

// TestRowWithoutAJSONForm parks a row whose JSON column holds none.
func TestRowWithoutAJSONForm(t *testing.T) {
	w := newStock(t, 2)
	w.exec("ALTER TABLE stock_position MODIFY labels LONGTEXT NULL")
	w.exec("UPDATE stock_position SET labels = '[broken' WHERE id = 1")
	if r := w.sync(); r.State != run.Synced || r.Counts.Parked != 2 || r.Counts.Saved != 2 {
		t.Fatalf("run %s, %v: %s", r.State, r.Counts, r.LastError)
	}
	if got := w.parked(); got["S1-10"] != store.BadRow || got["S1-11"] != store.BadRow {
		t.Errorf("parked: %v", got)
	}
}

// TestIndexThatRefusesEverything fails the run instead of parking the table; the
// watermark stays and the next tick heals.
func TestIndexThatRefusesEverything(t *testing.T) {
	w := newStock(t, 3)
	first := w.synced()
	w.exec("UPDATE stock_lot SET quantity = 5")
	w.index.interfere(func([]destination.Op) error {
		return fault.New(fault.Retry, "index-refuses-all", "refused more than 100 records")
	}, nil)
	r := w.sync()
	if r.State != run.Failed || r.PagesFailed != 2 || r.LastError == "" || len(w.parked()) != 0 {
		t.Fatalf("run %s, %d pages failed, %q, parked %v", r.State, r.PagesFailed, r.LastError, w.parked())
	}
	if got := w.text("SELECT GROUP_CONCAT(attempts) FROM sync_page WHERE run_id = ?", r.ID); got != "3,3" {
		t.Errorf("attempts: %s, want 3,3", got)
	}
	if asOf, err := w.Claims.AsOf(t.Context(), w.def.JobType); err != nil || !asOf.Equal(first.Window.To) {
		t.Errorf("as of %v, %v; want it to stay at %v", asOf, err, first.Window.To)
	}
	w.index.interfere(nil, nil)
	w.synced()
}

// TestThrottledIndex passes on how long the index asks to wait.
func TestThrottledIndex(t *testing.T) {
	w := newStock(t, 1)
	if err := w.tick(false); err != nil {
		t.Fatal(err)
	}
	window, _ := w.queue.next()
	if err := w.deliver(window); err != nil {
		t.Fatal(err)
	}
	w.index.interfere(func([]destination.Op) error {
		return fault.New(fault.Throttled, "index-throttles", "slow down").WithAfter(37 * time.Second)
	}, nil)
	page, _ := w.queue.next()
	err := w.deliver(page)
	wantKind(t, err, fault.Throttled)
	var f *fault.Error
	if !errors.As(err, &f) || f.After != 37*time.Second {
		t.Errorf("error %#v asks to wait %v, want 37s", err, f.After)
	}
	w.index.interfere(nil, nil)
	if err := w.deliver(page); err != nil {
		t.Fatal(err)
	}
	w.true()
}

// TestDefinitionThatGivesOneIDTwice is refused, not half synced.
func TestDefinitionThatGivesOneIDTwice(t *testing.T) {
	w := newStock(t, 1)
	w.exec("ALTER TABLE stock_lot DROP PRIMARY KEY, MODIFY id BIGINT UNSIGNED NOT NULL")
	w.exec("UPDATE stock_lot SET id = 10")
	if r := w.sync(); r.State != run.Failed {
		t.Errorf("run %s, %v", r.State, r.Counts)
	}
	if n := len(w.index.content()); n != 0 {
		t.Errorf("%d records were sent", n)
	}
}

// TestIDsOfAnyBytes parks records whose ids differ by a blank at their end alone, a long id
// and one that is too long. Each is listed by its own bytes, and the others go on.
func TestIDsOfAnyBytes(t *testing.T) {
	w := newStock(t, 4)
	w.rewrite("rows.sql", "CONCAT('S', p.id, '-', l.id)", "CONCAT('S', l.lot_number)")
	w.exec("ALTER TABLE stock_lot MODIFY lot_number VARCHAR(2000) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL")
	w.exec("UPDATE stock_lot SET lot_number = CONCAT('fine-', id)")
	for lot, id := range map[int]string{10: "x", 20: "x ", 30: strings.Repeat("n", 300), 40: strings.Repeat("n", record.MaxID)} {
		w.exec("UPDATE stock_lot SET lot_number = ?, note = REPEAT('n', 1100) WHERE id = ?", id, lot)
	}
	blank, long := "Sx"+" ", "S"+strings.Repeat("n", 300)
	want := map[string]string{"Sx": store.TooLarge, blank: store.TooLarge, long: store.TooLarge, source.Nameless(4): store.BadRow}
	for _, kind := range []string{"first", "second"} {
		if r := w.sync(); r.State != run.Synced || r.Counts.Found != 8 || r.Counts.Parked != 4 {
			t.Errorf("%s sync: %s, %v", kind, r.State, r.Counts)
		}
		if diff := cmp.Diff(want, w.parked()); diff != "" {
			t.Errorf("%s sync, parked (-want +got):\n%s", kind, diff)
		}
		w.exec("UPDATE stock_lot SET quantity = quantity + 1")
	}
	w.exec("UPDATE stock_lot SET note = 'short' WHERE id IN (20, 30)")
	w.sync()
	delete(want, blank)
	delete(want, long)
	if diff := cmp.Diff(want, w.parked()); diff != "" {
		t.Errorf("after two shrank, parked (-want +got):\n%s", diff)
	}
}
