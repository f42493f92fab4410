package flow_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// steps are all places where a process can die.
var steps = []string{
	"claimed", "window-sent", "begun", "listed", "page-sent", "pages-sent",
	"page-taken", "page-read", "journaled", "sent", "pushed", "page-ended", "published", "closed",
}

// accounted are the steps after which a page of the run has been accounted for.
var accounted = map[string]bool{"page-ended": true, "published": true, "closed": true}

// dieAt makes the process die when it comes to a step for the nth time. A death
// on a goroutine that sends pages shows itself as a queue that is gone.
func (w *world) dieAt(step string, nth int32) {
	var seen atomic.Int32
	w.steps = func(at string) {
		if at != step || seen.Add(1) != nth {
			return
		}
		if step == "page-sent" {
			w.queue.mu.Lock()
			defer w.queue.mu.Unlock()
			w.queue.down = errDied
			return
		}
		panic(died(step))
	}
}

// TestDeathAtEveryStep lets a process die at every step, the first and the
// second time that it comes there. While it is dead, what it was carrying is
// taken back: a quantity is set back to what it was, a new lot is deleted hard
// and a soft delete is undone. Then the task is delivered again, or lost so that
// the next tick takes over. Either way the index must end true to the database.
func TestDeathAtEveryStep(t *testing.T) {
	for _, mode := range []string{"delivered again", "lost"} {
		t.Run(mode, func(t *testing.T) {
			w := newStock(t, 3)
			w.age()
			w.cfg.EnqueueSenders = 1
			w.exec("UPDATE stock_position SET updated_at = NOW(6)")
			w.synced()
			lot := 1000
			for _, step := range steps {
				for nth := int32(1); nth <= 2; nth++ {
					lot++
					w.dieRound(death{step: step, nth: nth, lost: mode == "lost", lot: lot})
				}
			}
		})
	}
}

// TestDeathOverKeys is TestDeathAtEveryStep where roots are texts that get numbers of ours.
func TestDeathOverKeys(t *testing.T) {
	w := newStock(t, 3)
	w.keyed()
	w.age()
	w.cfg.EnqueueSenders = 1
	w.exec("UPDATE stock_position SET updated_at = NOW(6)")
	w.synced()
	for i, step := range steps {
		w.dieRound(death{step: step, nth: 1, lost: i%2 == 0, lot: 1001 + i})
	}
}

// keyed makes the positions' roots texts.
func (w *world) keyed() {
	w.t.Helper()
	from, to := "../../../testdata/entities/stock", filepath.Join(w.t.TempDir(), "stock")
	texts := strings.NewReplacer("SELECT id AS _root", "SELECT CONCAT('pos ', id) AS _root", "SELECT position_id FROM", "SELECT CONCAT('POS ', position_id) FROM", "p.id                            AS _root", "CONCAT('pos ', p.id) AS _root", "WHERE p.id IN", "WHERE CONCAT('pos ', p.id) IN", "name: stock\n", "name: stock\nrootType: text\n")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		w.t.Fatal(err)
	}
	for _, name := range []string{"entity.yaml", "changed.sql", "rows.sql"} {
		text, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), []byte(texts.Replace(string(text))), 0o600)
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
	defs, err := entity.Load(filepath.Dir(to))
	if err == nil {
		w.def, err = entity.List(defs).Named("stock")
	}
	if err != nil || !w.def.Keyed() {
		w.t.Fatal(err)
	}
	w.src = w.src.Numbered(w.Keys)
}

// death is one way to die.
type death struct {
	step string
	nth  int32
	lost bool
	lot  int // a lot that nobody else has
}

// dieRound plays one death and its recovery.
func (w *world) dieRound(d death) {
	w.t.Helper()
	w.age()
	w.exec("UPDATE stock_lot SET quantity = quantity + 1000 WHERE position_id = 1")
	w.exec("UPDATE stock_position SET deleted_at = NOW(6) WHERE id = 2")
	w.exec("INSERT INTO stock_lot (id, position_id, lot_number, quantity) VALUES (?, 3, 'NEW', 1)", d.lot)

	w.dieAt(d.step, d.nth)
	err := w.tick(false)
	if err == nil {
		err = w.drain()
	}
	w.steps, w.queue.down = nil, nil
	if !errors.Is(err, errDied) && d.nth == 1 {
		w.t.Fatalf("%s: nobody died: %v", d.step, err)
	}

	w.exec("UPDATE stock_lot SET quantity = quantity - 1000 WHERE position_id = 1")
	w.exec("UPDATE stock_position SET deleted_at = NULL WHERE id = 2")
	w.exec("DELETE FROM stock_lot WHERE id = ?", d.lot)
	if accounted[d.step] || d.nth > 1 {
		w.exec("UPDATE stock_position SET updated_at = NOW(6) WHERE id = 3") // a hard delete of what was accounted for leaves no trace
	} else if d.lost {
		w.age() // only the journals say that anything was pushed
	}
	w.recover(d)
	if r := w.last(); r.State != run.Synced || !r.Counts.Balanced() {
		w.t.Fatalf("%s/%d: run %d is %s with %v: %s", d.step, d.nth, r.ID, r.State, r.Counts, r.LastError)
	}
	if accounted[d.step] || d.nth > 1 {
		w.sync()
	}
	if w.t.Run(fmt.Sprint(d.step, " ", d.nth), func(t *testing.T) {
		own := *w
		own.t = t
		own.true()
	}); w.t.Failed() {
		w.t.FailNow()
	}
}

// recover lets leases run out and goes on: with the same tasks, or without.
func (w *world) recover(d death) {
	w.t.Helper()
	w.exec("UPDATE sync_page SET lease_until = NOW(6) - INTERVAL 1 SECOND WHERE state = 1")
	if !d.lost {
		if err := errors.Join(w.tick(true), w.drain()); err != nil {
			w.t.Fatalf("%s/%d: %v", d.step, d.nth, err)
		}
		return
	}
	w.queue.all()
	w.exec("UPDATE order_return_algolia_sync SET lease_until = NOW(6) - INTERVAL 1 SECOND WHERE status <> 0")
	w.sync()
}

// age dates all rows back behind every window.
func (w *world) age() {
	w.exec("UPDATE stock_position SET updated_at = NOW(6) - INTERVAL 1 DAY")
	w.exec("UPDATE stock_lot SET updated_at = NOW(6) - INTERVAL 1 DAY")
}
