package flow_test

import (
	"errors"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// questions returns how many statements the server has been sent, this one among
// them.
func (w *world) questions() int {
	w.t.Helper()
	var name string
	var n int
	if err := w.SQL().QueryRow("SHOW GLOBAL STATUS LIKE 'Questions'").Scan(&name, &n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// TestIdleTickCostsSixStatements counts all that a tick sends to the database
// when nothing has changed, in all steps together.
func TestIdleTickCostsSixStatements(t *testing.T) {
	w := aged(t, 50)
	w.synced() // connections are open
	w.synced()
	least := 1000 // on a server that others use as well, they only add
	for range 5 {
		before := w.questions()
		if err := errors.Join(w.tick(false), w.drain()); err != nil {
			t.Fatal(err)
		}
		least = min(least, w.questions()-before-1)
	}
	if least > 6 {
		t.Errorf("an idle tick costs %d statements, want at most 6", least)
	}
	r := w.last()
	asOf, err := w.Claims.AsOf(t.Context(), w.def.JobType)
	if err != nil || r.State != run.Synced || r.PagesTotal != 0 || !asOf.Equal(r.Window.To) || r.ClosedAt == nil {
		t.Errorf("%s, %d pages, as of %v, %v; want to %v", r.State, r.PagesTotal, asOf, err, r.Window.To)
	}
}

// TestIdleTickIsNoOtherTick has something to do that a careless look would miss.
func TestIdleTickIsNoOtherTick(t *testing.T) {
	for name, statement := range map[string]string{
		"a row":                    "UPDATE stock_position SET updated_at = NOW(6) WHERE id = 1",
		"a child":                  "UPDATE stock_lot SET quantity = 77, updated_at = NOW(6) WHERE id = 10",
		"a row within the overlap": "UPDATE stock_position SET updated_at = NOW(6) - INTERVAL 5 MINUTE WHERE id = 1",
		"a root in doubt":          "INSERT INTO sync_recheck (entity, root_id, stamp, ids) VALUES ('stock', 1, 'x', '')",
	} {
		t.Run(name, func(t *testing.T) {
			w := aged(t, 3)
			w.synced()
			w.exec(statement)
			if r := w.synced(); r.PagesTotal == 0 {
				t.Error("it was taken for an idle tick")
			}
		})
	}
}

// TestIdleTickCutShort lets the process die between noting the run and giving the
// claim back. The task that comes again gives it back.
func TestIdleTickCutShort(t *testing.T) {
	w := aged(t, 3)
	w.synced()
	if err := w.tick(false); err != nil {
		t.Fatal(err)
	}
	task, _ := w.queue.next()
	w.exec(`INSERT INTO sync_run (entity, kind, state, claim_id, claim_token, window_from, window_to, closed_at)
		SELECT 'stock', 'window', 'synced', id, token, NOW(6) - INTERVAL 1 HOUR, NOW(6), NOW(6) FROM order_return_algolia_sync WHERE status = 1`)
	if err := w.deliver(task); err != nil {
		t.Fatal(err)
	}
	asOf, err := w.Claims.AsOf(t.Context(), w.def.JobType)
	if err != nil || !asOf.Equal(w.last().Window.To) {
		t.Errorf("as of %v, %v", asOf, err)
	}
	if err := w.deliver(task); fault.KindOf(err) != fault.Superseded {
		t.Errorf("the same task once more: %v", err)
	}
	time.Sleep(time.Millisecond)
	w.synced()
}
