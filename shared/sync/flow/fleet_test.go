package flow_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store/storetest"
)

// newFleet returns a world of n entities, each of which syncs one position, and all of
// which were synced a while ago.
func newFleet(t *testing.T, n int) *world {
	t.Helper()
	w := newStock(t, n)
	from, to := "../../../testdata/entities/stock", t.TempDir()
	for i := 1; i <= n; i++ {
		name := ship(i)
		own := strings.NewReplacer("FROM stock_position WHERE", fmt.Sprintf("FROM stock_position WHERE id = %d AND", i), "FROM stock_lot WHERE", fmt.Sprintf("FROM stock_lot WHERE position_id = %d AND", i),
			"name: stock\n", "name: "+name+"\n", "index: stock\n", "index: "+name+"\n", "STOCK_JOB", "STOCK_JOB"+fmt.Sprint(i))
		if err := os.CopyFS(filepath.Join(to, name), os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"entity.yaml", "changed.sql"} {
			text, err := os.ReadFile(filepath.Join(from, file))
			if err == nil {
				err = os.WriteFile(filepath.Join(to, name, file), []byte(own.Replace(string(text))), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	defs, err := entity.Load(to)
	if err != nil {
		t.Fatal(err)
	}
	if w.def, err = entity.List(defs).Named("stock"); err != nil {
		t.Fatal(err)
	}
	for i := 2; i <= n; i++ {
		d, err := entity.List(defs).Named(ship(i))
		if err != nil {
			t.Fatal(err)
		}
		w.more = append(w.more, d)
	}
	w.age()
	w.synced()
	return w
}

// ship returns the name of the entity of a position.
func ship(position int) string {
	if position == 1 {
		return "stock"
	}
	return fmt.Sprint("stock", position)
}

// free fails the test unless every claim of the entities is free and its watermark is not
// older than the last tick.
func (w *world) free(began string) {
	w.t.Helper()
	for _, d := range w.entities() {
		row, err := w.Claims.Newest(w.t.Context(), d.JobType)
		if err != nil {
			w.t.Fatal(err)
		}
		if row.Status != claim.Free || row.Watermark == nil || row.Watermark.Format("2006-01-02 15:04:05.000000") < began {
			w.t.Errorf("%s: status %d, watermark %v, the tick was at %s", d.Name, row.Status, row.Watermark, began)
		}
	}
}

// now returns the database's clock.
func (w *world) now() string { return w.text("SELECT CAST(NOW(6) AS CHAR)") }

// TestIdleTickOfFiftyCostsTwelveStatements counts all that a tick over fifty entities
// sends to the database when nothing has changed.
func TestIdleTickOfFiftyCostsTwelveStatements(t *testing.T) {
	w := newFleet(t, 50)
	w.exec("UPDATE order_return_algolia_sync SET job_type = LOWER(job_type)") // as an owner's row may spell it
	w.synced()
	least, runs := 10000, w.text("SELECT COUNT(*) FROM sync_run")
	for range 3 {
		began, before := w.now(), w.questions()
		if err := errors.Join(w.tick(false), w.drain()); err != nil {
			t.Fatal(err)
		}
		least = min(least, w.questions()-before-1)
		w.free(began)
	}
	t.Logf("%d statements", least)
	if least > 12 {
		t.Errorf("an idle tick over fifty entities costs %d statements, want at most 12", least)
	}
	if got := w.text("SELECT COUNT(*) - ? FROM sync_run WHERE state = 'synced'", runs); got != "150" {
		t.Errorf("three ticks noted %s runs, want 150", got)
	}
}

// TestFleetOfAll plays ticks over entities that are in all kinds of states, and lets
// processes die at every step on the way. What changed reaches the index, whoever stands
// beside; one broken definition holds nobody up; no claim stays held.
func TestFleetOfAll(t *testing.T) {
	const members = 9
	dice := rand.New(rand.NewPCG(24, 50))
	w := newFleet(t, members)
	places := append([]string{"", "idle-closed", "windows-sent"}, steps...)
	died := map[string]bool{"": true}
	for round, place := range append(places, places...) {
		w.age()
		changed, busy := 0, []string(nil)
		for i := 1; i <= members; i++ {
			switch dice.IntN(8) {
			case 0: // a row has changed
				changed++
				w.exec("UPDATE stock_position SET sku = ?, updated_at = NOW(6) WHERE id = ?", fmt.Sprint("SKU-", round), i)
			case 1: // a child has changed
				changed++
				w.exec("UPDATE stock_lot SET quantity = quantity + 1, updated_at = NOW(6) WHERE position_id = ?", i)
			case 2: // a push of which nobody knows whether it arrived
				w.exec("INSERT IGNORE INTO sync_recheck (entity, root_id, stamp, ids) VALUES (?, ?, 'x', '')", ship(i), i)
			case 3: // a dead holder
				w.exec("UPDATE order_return_algolia_sync SET status = 2, token = ?, lease_until = NOW(6) - INTERVAL 1 SECOND WHERE job_type = ?", claim.NewToken(), "STOCK_JOB"+fmt.Sprint(i))
			case 4: // an entity that is new
				w.exec("DELETE FROM order_return_algolia_sync WHERE job_type = ?", "STOCK_JOB"+fmt.Sprint(i))
			case 5: // one that is being synced
				busy = append(busy, "STOCK_JOB"+fmt.Sprint(i))
				w.exec("UPDATE order_return_algolia_sync SET status = 2, token = ?, lease_until = NOW(6) + INTERVAL 1 HOUR WHERE job_type = ?", claim.NewToken(), busy[len(busy)-1])
			}
		}
		if place != "" {
			w.dieAt(place, 1)
		}
		err := w.tick(false)
		if err == nil {
			err = w.drain()
		}
		w.steps, w.queue.down = nil, nil
		if err != nil && !errors.Is(err, errDied) {
			t.Fatalf("%s: %v", place, err)
		}
		died[place] = died[place] || err != nil
		w.exec("UPDATE sync_page SET lease_until = NOW(6) - INTERVAL 1 SECOND WHERE state = 1")
		for _, job := range busy {
			w.exec("UPDATE order_return_algolia_sync SET lease_until = NOW(6) - INTERVAL 1 SECOND WHERE job_type = ?", job)
		}
		began := w.now()
		for range 2 { // the same tick, as the scheduler repeats it, and the next
			if err := errors.Join(w.tick(true), w.drain(), w.tick(false), w.drain()); err != nil {
				t.Fatalf("%s: %v", place, err)
			}
		}
		w.free(began)
		w.true()
		if t.Failed() {
			t.Fatalf("round %d, %q: %d changed", round, place, changed)
		}
	}
	if len(died) != len(places) {
		t.Errorf("nobody died at some of the %d places: %v", len(places), died)
	}
	if n := w.text("SELECT COUNT(*) FROM sync_run WHERE state NOT IN ('synced', 'interrupted')"); n != "0" {
		t.Errorf("%s runs are open or have failed", n)
	}
}

// TestBrokenDefinitionHoldsNobodyUp has one entity whose changed.sql asks for a column
// that is no longer there.
func TestBrokenDefinitionHoldsNobodyUp(t *testing.T) {
	w := newFleet(t, 4)
	var err error
	if w.more[1].Changed, err = entity.ParseQuery("SELECT id AS _root FROM stock_position WHERE changed_at >= :from AND changed_at < :to", "from", "to"); err != nil {
		t.Fatal(err)
	}
	w.exec("UPDATE stock_position SET sku = 'NEW', updated_at = NOW(6) WHERE id = 4")
	if err := errors.Join(w.tick(false), w.drain()); err != nil {
		t.Fatal(err)
	}
	w.true()
	for i, want := range map[int]run.State{1: run.Synced, 2: run.Synced, 3: run.Failed, 4: run.Synced} {
		list, err := w.Runs.Newest(t.Context(), ship(i), 1)
		if err != nil || list[0].State != want {
			t.Errorf("%s: %+v, %v; want %s", ship(i), list, err, want)
		}
	}
}

// TestSlowDefinitionHoldsNobodyUp has one entity whose table is locked for longer than
// the entities may be asked together.
func TestSlowDefinitionHoldsNobodyUp(t *testing.T) {
	w := newFleet(t, 3)
	w.cfg.RunLease = 4 * time.Second // a quarter of which is the time to ask
	w.exec("CREATE TABLE slow (id BIGINT PRIMARY KEY, updated_at DATETIME(6))")
	var err error
	if w.more[0].Changed, err = entity.ParseQuery("SELECT id AS _root FROM slow WHERE updated_at >= :from AND updated_at < :to", "from", "to"); err != nil {
		t.Fatal(err)
	}
	conn, err := w.SQL().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(t.Context(), "LOCK TABLES slow WRITE"); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = conn.ExecContext(t.Context(), "UNLOCK TABLES") }()
	began := w.now()
	if err := w.tick(false); err != nil {
		t.Fatal(err)
	}
	task, _ := w.queue.next()
	if err := w.deliver(task); err != nil {
		t.Fatal(err)
	}
	for _, own := range w.queue.all() {
		if !strings.Contains(own.Name, "-stock2-") {
			if err := w.deliver(own); err != nil {
				t.Errorf("%s: %v", own.Name, err)
			}
		}
	}
	w.more = w.more[1:]
	w.free(began)
}

// TestTicksRaceForClaims lets many ticks claim all entities at once: each claim is one
// tick's.
func TestTicksRaceForClaims(t *testing.T) {
	w := newFleet(t, 6)
	var rows []claim.Row
	for _, d := range w.entities() {
		row, err := w.Claims.Newest(t.Context(), d.JobType)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	const ticks = 8
	var taken [ticks][]bool
	var tokens [ticks][]string
	storetest.Together(ticks, func(n int) {
		some := rows[n%3:] // the ticks do not want the same
		grants := make([]store.Grant, len(some))
		for i := range grants {
			grants[i] = store.Grant{Token: claim.NewToken(), Lease: w.cfg.RunLease}
			tokens[n] = append(tokens[n], grants[i].Token)
		}
		var err error
		for {
			if taken[n], err = w.Claims.ClaimAll(t.Context(), some, grants); err == nil {
				return
			}
			t.Log(err)
		}
	})
	owners := map[int64]string{}
	for n := range ticks {
		for i, ok := range taken[n] {
			id := rows[n%3+i].ID
			if ok && owners[id] != "" {
				t.Errorf("claim %d was given twice", id)
			}
			if ok {
				owners[id] = tokens[n][i]
			}
		}
	}
	for _, r := range rows {
		if got := w.text("SELECT token FROM order_return_algolia_sync WHERE id = ?", r.ID); got != owners[r.ID] {
			t.Errorf("claim %d has the token %q, its taker %q", r.ID, got, owners[r.ID])
		}
	}
}
