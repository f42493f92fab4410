package flow_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store/storetest"
)

// newFleet returns a world of n entities, of which so many sync one position each and the
// others have none. All were synced a while ago.
func newFleet(t *testing.T, n, filled int) *world {
	t.Helper()
	w := newStock(t, filled)
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

// ticked plays a tick and takes its window task, with the claims that the task names.
func (w *world) ticked() (queue.Task, []claim.Task) {
	w.t.Helper()
	if err := w.tick(false); err != nil {
		w.t.Fatal(err)
	}
	task, _ := w.queue.next()
	tasks, err := claim.ParseTasks(task.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return task, tasks
}

// now returns the database's clock.
func (w *world) now() string { return w.text("SELECT CAST(NOW(6) AS CHAR)") }

// TestIdleTickOfFiftyCostsTwelveStatements counts all that a tick over fifty entities
// sends to the database when nothing has changed. Ten have no records and never had.
func TestIdleTickOfFiftyCostsTwelveStatements(t *testing.T) {
	w := newFleet(t, 50, 40)
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
// processes die at every step on the way. What changed reaches the index, whatever state
// the other entities are in, and no claim stays held.
func TestFleetOfAll(t *testing.T) {
	const members = 9
	dice := rand.New(rand.NewPCG(24, 50))
	w := newFleet(t, members, members)
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
	w := newFleet(t, 4, 4)
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
	w := newFleet(t, 3, 3)
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
	task, _ := w.ticked()
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

// oneUnreadable are definitions of which one cannot be read.
type oneUnreadable struct{ flow.JobTypes }

// Job implements flow.JobTypes.
func (o oneUnreadable) Job(ctx context.Context, jobType string) (entity.Definition, error) {
	if jobType == "STOCK_JOB3" {
		return entity.Definition{}, errors.New("the stored definition cannot be read")
	}
	return o.JobTypes.Job(ctx, jobType)
}

// TestUnreadableDefinitionHoldsNobodyUp has a task name one claim twice, too.
func TestUnreadableDefinitionHoldsNobodyUp(t *testing.T) {
	w := newFleet(t, 4, 4)
	_, tasks := w.ticked()
	step := w.window()
	step.Definitions = oneUnreadable{step.Definitions}
	if got, err := step.Play(t.Context(), append(tasks, tasks[0])); err != nil || got != (flow.Looked{Idle: 3, Sent: 1}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestQueueThatRefusesLosesNoTask has the queue refuse the tasks of single claims, as before
// a right reaches it.
func TestQueueThatRefusesLosesNoTask(t *testing.T) {
	w := newFleet(t, 3, 3)
	w.exec("UPDATE stock_position SET sku = 'NEW', updated_at = NOW(6)")
	task, _ := w.ticked()
	w.queue.down = fault.New(fault.Misconfigured, "queue-refuses", "no right to enqueue")
	if err := w.deliver(task); !fault.Retryable(err) {
		t.Errorf("the task is dropped: %v", err)
	}
	w.queue.down = nil
	if err := errors.Join(w.deliver(task), w.drain()); err != nil {
		t.Fatal(err)
	}
	w.true()
}

// TestLockedClaimHoldsNobodyUp has somebody lock the row of one entity, which is free, or
// being synced, while the others are claimed and closed.
func TestLockedClaimHoldsNobodyUp(t *testing.T) {
	for _, busy := range []bool{false, true} {
		t.Run(fmt.Sprint("busy ", busy), func(t *testing.T) {
			w := newFleet(t, 6, 6)
			if busy {
				w.exec("UPDATE order_return_algolia_sync SET status = 2, token = ?, lease_until = NOW(6) + INTERVAL 1 HOUR WHERE job_type = 'STOCK_JOB2'", claim.NewToken())
			}
			tx, err := w.SQL().BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback() }()
			if _, err := tx.ExecContext(t.Context(), "UPDATE order_return_algolia_sync SET created_at = created_at - INTERVAL 1 SECOND WHERE job_type = 'STOCK_JOB2'"); err != nil {
				t.Fatal(err)
			}
			began := w.now()
			if err := errors.Join(w.tick(false), w.drain()); err != nil {
				t.Fatal(err)
			}
			w.more = w.more[1:]
			w.free(began)
		})
	}
}

// TestTickOfManyEntities has more entities than one task names.
func TestTickOfManyEntities(t *testing.T) {
	w := newFleet(t, 2*claim.Most+1, 2*claim.Most+1)
	w.exec("UPDATE stock_position SET sku = 'NEW', updated_at = NOW(6) WHERE id IN (1, ?, ?, ?)", claim.Most, claim.Most+1, 2*claim.Most+1)
	began := w.now()
	if err := w.tick(false); err != nil {
		t.Fatal(err)
	}
	if n := len(w.queue.list); n != 3 {
		t.Errorf("%d tasks, want 3", n)
	}
	if err := w.drain(); err != nil {
		t.Fatal(err)
	}
	w.free(began)
	w.true()
}

// TestTicksRaceForClaims lets many ticks claim all entities at once: each claim is one
// tick's.
func TestTicksRaceForClaims(t *testing.T) {
	w := newFleet(t, 6, 6)
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

// TestClaimsOfATickAreWritten looks at what a tick writes for several claims, and lets the
// same tick come again.
func TestClaimsOfATickAreWritten(t *testing.T) {
	w := newFleet(t, 3, 3)
	if err := w.tick(false); err != nil {
		t.Fatal(err)
	}
	if n := w.text(`SELECT COUNT(*) FROM order_return_algolia_sync WHERE status = 1 AND occurrence_key = ?
		AND lease_until > NOW(6) + INTERVAL 50 MINUTE AND lease_until <= NOW(6) + INTERVAL 60 MINUTE`, fmt.Sprint("tick-", w.ticks)); n != "3" {
		t.Errorf("%s claims have the tick's key and lease, want 3", n)
	}
	if err := w.drain(); err != nil {
		t.Fatal(err)
	}
	started, err := w.cron().Run(t.Context(), flow.Tick{Occurrence: fmt.Sprint("tick-", w.ticks)})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range started {
		if s.Decision != claim.Duplicate.String() {
			t.Errorf("%s: the same tick said %q", s.Entity, s.Decision)
		}
	}
}

// overtaken are runs of which another tick takes one over before they are closed.
type overtaken struct {
	flow.WindowRuns
	first func()
}

// CloseIdle implements flow.WindowRuns.
func (o overtaken) CloseIdle(ctx context.Context, idle []claim.Idle) (int64, int64, error) {
	o.first()
	return o.WindowRuns.CloseIdle(ctx, idle)
}

// TestTakenOverAmongIdle has one of several idle claims taken over after the entities were
// asked: the watermarks do not pass what was asked about, and the claim
// stays its new holder's.
func TestTakenOverAmongIdle(t *testing.T) {
	w := newFleet(t, 3, 3)
	_, tasks := w.ticked()
	token, asked := claim.NewToken(), w.now()
	step := w.window()
	step.Runs = overtaken{step.Runs, func() {
		w.exec("UPDATE order_return_algolia_sync SET token = ? WHERE job_type = 'STOCK_JOB2'", token)
	}}
	got, err := step.Play(t.Context(), tasks)
	if err != nil || got != (flow.Looked{Idle: 2}) {
		t.Errorf("%+v, %v", got, err)
	}
	if n := w.text("SELECT COUNT(*) FROM order_return_algolia_sync WHERE token = ? AND status = 1", token); n != "1" {
		t.Error("the claim of the new holder was given back")
	}
	if n := w.text("SELECT COUNT(*) FROM sync_run WHERE claim_token = ?", token); n != "0" {
		t.Error("the new holder got a run that it did not begin")
	}
	if n := w.text("SELECT COUNT(*) FROM order_return_algolia_sync WHERE date_range_end > ?", asked); n != "0" {
		t.Errorf("%s watermarks have passed what was asked about", n)
	}
}

// TestRunUnderWayAmongIdle has one of several claims begin its run after they were asked.
func TestRunUnderWayAmongIdle(t *testing.T) {
	w := newFleet(t, 3, 3)
	_, tasks := w.ticked()
	step, once := w.window(), true
	step.Runs = overtaken{step.Runs, func() {
		if once {
			once = false
			w.exec(`INSERT INTO sync_run (entity, kind, state, claim_id, claim_token, window_from, window_to)
				SELECT 'stock2', 'window', 'windowing', id, token, NOW(6), NOW(6) FROM order_return_algolia_sync WHERE job_type = 'STOCK_JOB2'`)
		}
	}}
	for range 2 { // also when the task comes again
		if _, err := step.Play(t.Context(), tasks); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.drain(); err != nil {
		t.Fatal(err)
	}
	if n := w.text("SELECT COUNT(*) FROM sync_run WHERE entity = 'stock2' AND state = ?", string(run.Synced)); n != "2" {
		t.Errorf("%s synced runs, want the first and the one that was begun", n)
	}
	if n := w.text("SELECT COUNT(*) FROM order_return_algolia_sync WHERE status = 0"); n != "3" {
		t.Errorf("%s are free, want 3", n)
	}
}

// TestConcludeLeavesAnothersClaim concludes the noted run of a claim that was taken over,
// and a run that is not synced.
func TestConcludeLeavesAnothersClaim(t *testing.T) {
	w := newFleet(t, 2, 2)
	if err := w.tick(false); err != nil {
		t.Fatal(err)
	}
	for job, change := range map[string]string{
		"STOCK_JOB1": "UPDATE order_return_algolia_sync SET token = REVERSE(token) WHERE job_type = 'STOCK_JOB1'",
		"STOCK_JOB2": "UPDATE sync_run SET state = 'windowing' WHERE entity = 'STOCK_JOB2'",
	} {
		token := w.text("SELECT token FROM order_return_algolia_sync WHERE job_type = ?", job)
		w.exec(`INSERT INTO sync_run (entity, kind, state, claim_id, claim_token, window_from, window_to)
			SELECT job_type, 'window', 'synced', id, token, NOW(6), NOW(6) FROM order_return_algolia_sync WHERE job_type = ?`, job)
		w.exec(change)
		if err := w.Runs.Conclude(t.Context(), run.Run{Token: token}); fault.KindOf(err) != fault.Superseded {
			t.Errorf("%s: %v", job, err)
		}
	}
	if n := w.text("SELECT COUNT(*) FROM order_return_algolia_sync WHERE status = 1"); n != "2" {
		t.Errorf("%s claims are held, want 2", n)
	}
}
