package flow_test

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

func TestStraightPath(t *testing.T) {
	w := newStock(t, 5)
	r := w.synced()
	if want := (run.Counts{Found: 10, Saved: 10, Operations: 10}); r.Counts != want || r.PagesTotal != 3 {
		t.Errorf("%d pages, %v; want 3, %v", r.PagesTotal, r.Counts, want)
	}
	if w.index.waited != r.LastTaskID || r.LastTaskID == 0 {
		t.Errorf("waited for task %d, the run's last is %d", w.index.waited, r.LastTaskID)
	}
	asOf, err := w.Claims.AsOf(t.Context(), w.def.JobType)
	if err != nil || !asOf.Equal(r.Window.To) {
		t.Errorf("as of %v, %v; want %v", asOf, err, r.Window.To)
	}
}

func TestSecondRunOverTheSameGroundSavesNothing(t *testing.T) {
	w := newStock(t, 5)
	first := w.synced()
	sent := w.index.pushed()
	r := w.synced()
	if want := (run.Counts{Found: 10, Unchanged: 10}); r.Counts != want || w.index.pushed() != sent {
		t.Errorf("%v and %d more sent; want %v and none", r.Counts, w.index.pushed()-sent, want)
	}
	if want := first.Window.To.Add(-w.def.Overlap); !r.Window.From.Equal(want) {
		t.Errorf("the second window begins at %v, want %v", r.Window.From, want)
	}
}

func TestTickAgainDoesNothing(t *testing.T) {
	w := newStock(t, 1)
	w.synced()
	if err := w.tick(true); err != nil {
		t.Fatal(err)
	}
	if n := len(w.queue.all()); n != 0 {
		t.Errorf("the same tick sent %d tasks", n)
	}
}

func TestTickWhileRunningDoesNothing(t *testing.T) {
	w := newStock(t, 3)
	if err := w.tick(false); err != nil {
		t.Fatal(err)
	}
	window, _ := w.queue.next()
	if err := w.deliver(window); err != nil {
		t.Fatal(err)
	}
	pages := len(w.queue.list)
	if err := w.tick(false); err != nil || len(w.queue.list) != pages {
		t.Errorf("a tick meanwhile: %v, %d tasks", err, len(w.queue.list)-pages)
	}
	if err := w.drain(); err != nil {
		t.Fatal(err)
	}
	w.true()
}

// TestEveryTaskTwiceInAnyOrder delivers each task several times, later ones in
// front of earlier ones, and at once.
func TestEveryTaskTwiceInAnyOrder(t *testing.T) {
	w := newStock(t, 9)
	for round := range 3 {
		w.exec("UPDATE stock_lot SET quantity = quantity + 1")
		if err := w.tick(false); err != nil {
			t.Fatal(err)
		}
		window, _ := w.queue.next()
		w.atOnce([]queue.Task{window, window, window})
		pages := w.queue.all()
		if len(pages) != 5 {
			t.Fatalf("round %d: %d page tasks, want 5", round, len(pages))
		}
		many := append(append([]queue.Task{window}, pages...), pages...)
		rand.Shuffle(len(many), func(a, b int) { many[a], many[b] = many[b], many[a] })
		w.atOnce(many)
		r := w.last()
		if r.State != run.Synced || r.Counts.Saved != 18 || r.Counts.Found != 18 {
			t.Fatalf("round %d: run %s, %v", round, r.State, r.Counts)
		}
		w.true()
	}
}

// atOnce delivers tasks concurrently, each until its answer is final.
func (w *world) atOnce(list []queue.Task) {
	w.t.Helper()
	var wait sync.WaitGroup
	for _, task := range list {
		wait.Go(func() {
			for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
				if err := w.deliver(task); err == nil || !fault.Retryable(err) {
					return
				}
			}
			w.t.Errorf("task %s never came to an end", task.Name)
		})
	}
	wait.Wait()
}

func TestDeletes(t *testing.T) {
	w := newStock(t, 3)
	w.synced()
	steps := []struct {
		name, sql string
		want      run.Counts
	}{
		{"soft delete", "UPDATE stock_position SET deleted_at = NOW(6) WHERE id = 1", run.Counts{Found: 6, Deleted: 2, Unchanged: 4, Operations: 2}},
		{"an edit while deleted", "UPDATE stock_lot SET quantity = 77 WHERE position_id = 1", run.Counts{Found: 4, Unchanged: 4}},
		{"restore", "UPDATE stock_position SET deleted_at = NULL WHERE id = 1", run.Counts{Found: 6, Saved: 2, Unchanged: 4, Operations: 2}},
		{"a child is gone", "DELETE FROM stock_lot WHERE id = 10", run.Counts{Found: 6, Deleted: 1, Unchanged: 5, Operations: 1}},
		{"a child is back", "INSERT INTO stock_lot (id, position_id, lot_number, quantity) VALUES (10, 1, 'L1', 1)", run.Counts{Found: 6, Saved: 1, Unchanged: 5, Operations: 1}},
	}
	for _, s := range steps {
		w.exec(s.sql)
		if r := w.synced(); r.Counts != s.want {
			t.Errorf("%s: %v, want %v", s.name, r.Counts, s.want)
		}
	}
	w.exec("DELETE FROM stock_position WHERE id = 2")
	w.exec("INSERT INTO stock_position (id, account_slug, sku, location_code) VALUES (2, 'acme', 'again', 'BOM1')")
	if r := w.synced(); r.Counts.Saved != 2 {
		t.Errorf("deleted and created again in one window: %v", r.Counts)
	}
}

func TestEmptyWindowMovesAsOf(t *testing.T) {
	w := newStock(t, 0)
	r := w.synced()
	if r.PagesTotal != 0 {
		t.Errorf("%d pages of nothing", r.PagesTotal)
	}
	again := w.synced()
	if !again.Window.To.After(r.Window.To) {
		t.Errorf("as of stays at %v", r.Window.To)
	}
}

// TestNewEntityWaitsForOldInstances delivers the window of an entity first to an instance
// that does not know the entity yet. The queue delivers the task again, and once the
// instance knows the entity, the window is synced. A page of no run is dropped.
func TestNewEntityWaitsForOldInstances(t *testing.T) {
	w := newStock(t, 1)
	if err := w.tick(false); err != nil {
		t.Fatal(err)
	}
	task, _ := w.queue.next()
	known := w.def.JobType
	w.def.JobType = "ANOTHER_JOB"
	wantKind(t, w.deliver(task), fault.Retry)
	w.def.JobType = known
	if err := errors.Join(w.deliver(task), w.drain()); err != nil {
		t.Fatal(err)
	}
	if r := w.last(); r.State != run.Synced || r.Counts.Saved != 2 {
		t.Errorf("%s, %v", r.State, r.Counts)
	}
	wantKind(t, w.deliver(queue.Task{Route: run.RoutePage, Body: []byte(`{"runId":9,"page":1}`)}), fault.NotFound)
}

// TestQueueOutage loses the queue at the tick and then at the pages.
func TestQueueOutage(t *testing.T) {
	w := newStock(t, 5)
	w.queue.down = fault.New(fault.Retry, "queue-refuses", "no queue")
	wantKind(t, w.tick(false), fault.Retry)
	w.queue.down = nil
	if err := w.tick(true); err != nil {
		t.Fatal(err)
	}
	window, ok := w.queue.next()
	if !ok {
		t.Fatal("the repeated tick did not send the claim's task")
	}
	w.queue.down = errors.New("down")
	if err := w.deliver(window); err == nil || !fault.Retryable(err) {
		t.Errorf("a window whose pages could not be sent: %v", err)
	}
	w.queue.down = nil
	if err := errors.Join(w.deliver(window), w.drain()); err != nil {
		t.Fatal(err)
	}
	if r := w.last(); r.State != run.Synced {
		t.Errorf("run %s", r.State)
	}
	w.true()
}
