package flow_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// times returns a hook that runs fn before the first n pushes.
func times(n int, fn func()) func([]destination.Op) error {
	var mu sync.Mutex
	return func([]destination.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if n--; n >= 0 {
			fn()
		}
		return nil
	}
}

// TestRowsThatMoveDuringThePush changes rows while they are on their way. What
// the page ends with is what the database ends with.
func TestRowsThatMoveDuringThePush(t *testing.T) {
	moves := map[string]string{
		"an edit":                  "UPDATE stock_lot SET quantity = quantity + 1 WHERE id = 10",
		"a soft delete":            "UPDATE stock_position SET deleted_at = NOW(6) WHERE id = 1",
		"a child that goes":        "DELETE FROM stock_lot WHERE id = 10",
		"a child that comes":       "INSERT INTO stock_lot (position_id, lot_number, quantity) VALUES (1, 'NEW', 1)",
		"all goes":                 "DELETE FROM stock_position WHERE id = 1",
		"what was deleted is back": "UPDATE stock_position SET deleted_at = NULL WHERE id = 2",
		"it grows too large":       "UPDATE stock_lot SET note = REPEAT('x', 2000) WHERE id = 10",
	}
	for name, statement := range moves {
		t.Run(name, func(t *testing.T) {
			w := newStock(t, 2)
			w.synced()
			w.exec("UPDATE stock_lot SET quantity = quantity + 100")
			w.exec("UPDATE stock_position SET deleted_at = NOW(6) WHERE id = 2")
			w.index.interfere(times(1, func() { w.exec(statement) }), nil)
			r := w.sync()
			if r.State != run.Synced || !r.Counts.Balanced() {
				t.Fatalf("run %s, %v", r.State, r.Counts)
			}
			if r.Counts.Parked > 0 {
				w.true("S1-10")
				return
			}
			w.true()
		})
	}
}

// TestRereadOfHistory changes rows that have long been as they are while a
// first sync pushes them. Only those that changed lately are asked for their
// versions, after each push, and what the sync ends with is what the database ends
// with.
func TestRereadOfHistory(t *testing.T) {
	for name, c := range map[string]struct{ early, during, asked, read string }{
		"nothing":              {during: "DO 0", asked: "[]", read: "[1 2 3]"},
		"an edit":              {during: "UPDATE stock_lot SET quantity = quantity + 1 WHERE id = 10", asked: "[1 1]", read: "[1 1 2 3]"},
		"a soft delete":        {during: "UPDATE stock_position SET deleted_at = NOW(6) WHERE id = 2", asked: "[2 2]", read: "[1 2 2 3]"},
		"a child that comes":   {during: "INSERT INTO stock_lot (position_id, lot_number, quantity) VALUES (3, 'NEW', 1)", asked: "[3 3]", read: "[1 2 3 3]"},
		"an edit back to this": {during: "UPDATE stock_lot SET updated_at = NOW(6) WHERE id = 10", asked: "[1]", read: "[1 1 2 3]"},
		"one that began long before and ends now": {
			early: "UPDATE stock_lot SET quantity = 77, updated_at = NOW(6) - INTERVAL 9 MINUTE WHERE id = 20", during: "COMMIT", asked: "[2 2]", read: "[1 2 2 3]",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newStock(t, 3)
			w.def.TrustVersions, w.def.PageSize = true, 3
			w.exec("UPDATE stock_position SET updated_at = NOW(6) - INTERVAL 1 DAY")
			w.exec("UPDATE stock_lot SET updated_at = NOW(6) - INTERVAL 1 DAY")
			writer, err := w.SQL().Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = writer.Close() }()
			write := func(statement string) {
				if _, err := writer.ExecContext(t.Context(), statement); err != nil {
					t.Error(err)
				}
			}
			if c.early != "" {
				write("BEGIN")
				write(c.early)
			}
			w.index.interfere(times(1, func() { write(c.during) }), nil)
			src := &reader{Source: w.src}
			w.syncFrom(src)
			if asked, read := fmt.Sprint(src.asked), fmt.Sprint(src.read); asked != c.asked || read != c.read {
				t.Errorf("versions of %s, rows of %s; want %s and %s", asked, read, c.asked, c.read)
			}
		})
	}
}

// TestRereadOfAWindow asks for the versions of all that was pushed: most of a
// usual window's roots have changed lately.
func TestRereadOfAWindow(t *testing.T) {
	w := newStock(t, 3)
	w.def.TrustVersions, w.def.PageSize = true, 3
	w.syncReading()
	w.exec("UPDATE stock_lot SET quantity = quantity + 100")
	w.index.interfere(times(1, func() { w.exec("DELETE FROM stock_lot WHERE id = 10") }), nil)
	src := &reader{Source: w.src}
	w.syncFrom(src)
	// Once before the rows are read, once after the push, once after the second push.
	if asked, read := fmt.Sprint(src.asked), fmt.Sprint(src.read); asked != "[1 1 1 2 2 3 3]" || read != "[1 1 2 3]" {
		t.Errorf("versions of %s, rows of %s", asked, read)
	}
}

// TestRowThatNeverRests moves a row at every push. The page ends all the same,
// and a later run finds the row at rest although nothing in it changed since.
func TestRowThatNeverRests(t *testing.T) {
	w := newStock(t, 2)
	w.synced()
	w.exec("UPDATE stock_lot SET quantity = 50 WHERE id = 10")
	w.index.interfere(times(100, func() { w.exec("UPDATE stock_lot SET quantity = quantity + 1 WHERE id = 10") }), nil)
	if r := w.sync(); r.State != run.Synced {
		t.Fatalf("run %s: %s", r.State, r.LastError)
	}
	w.index.interfere(nil, nil)
	w.age()
	w.synced()
}

// TestParkedDuringTheSecondPush has a parked record that shrinks, is pushed, and
// meanwhile grows too large again: it is parked, and must be listed as parked.
func TestParkedDuringTheSecondPush(t *testing.T) {
	w := newStock(t, 1)
	w.exec("UPDATE stock_lot SET note = REPEAT('x', 2000) WHERE id = 10")
	w.sync()
	w.exec("UPDATE stock_lot SET note = 'short' WHERE id = 10")
	w.index.interfere(times(1, func() { w.exec("UPDATE stock_lot SET note = REPEAT('y', 3000) WHERE id = 10") }), nil)
	if r := w.sync(); r.Counts.Parked != 1 {
		t.Fatalf("account %v, want one parked", r.Counts)
	}
	list, err := w.Parked.Open(t.Context(), w.def.Name, 10)
	if err != nil || len(list) != 1 {
		t.Errorf("the run counts one parked record, the list of parked records has %v, %v", list, err)
	}
}

// TestRunLeaseEndsWhileAPageIsPushed lets the next tick come while a slow push
// of a page is under way and the claim's lease has run out: no page had ended
// for a while, so nobody had renewed it. The holder's page lease is alive, so
// nobody may push beside it, or its older content may land last.
func TestRunLeaseEndsWhileAPageIsPushed(t *testing.T) {
	w := newStock(t, 2)
	w.synced()
	w.exec("UPDATE stock_lot SET quantity = 100 WHERE id = 10")
	if err := w.tick(false); err != nil {
		t.Fatal(err)
	}
	window, _ := w.queue.next()
	if err := w.deliver(window); err != nil {
		t.Fatal(err)
	}
	w.exec("UPDATE order_return_algolia_sync SET lease_until = NOW(6) - INTERVAL 1 SECOND")
	var entered atomic.Bool
	w.index.interfere(func([]destination.Op) error {
		if entered.Swap(true) {
			return nil
		}
		w.exec("UPDATE stock_lot SET quantity = 200 WHERE id = 10")
		if err := errors.Join(w.tick(false), w.drain()); err != nil {
			t.Error(err)
		}
		return nil
	}, nil)
	page, _ := w.queue.next()
	if err := w.deliver(page); err != nil && fault.KindOf(err) != fault.Superseded {
		t.Fatal(err)
	}
	w.index.interfere(nil, nil)
	w.age()
	w.sync()
	w.true()
}

// TestPushThatEndsBadlyAndLandsLate is a request whose answer is lost, so that
// the page is put back, and that the index applies after the next attempt's.
func TestPushThatEndsBadlyAndLandsLate(t *testing.T) {
	w := newStock(t, 1)
	w.synced()
	w.exec("UPDATE stock_lot SET quantity = 100 WHERE id = 10")
	var late []destination.Op
	w.index.interfere(func(ops []destination.Op) error {
		if late != nil {
			return nil
		}
		for _, op := range ops {
			late = append(late, destination.Op{ID: op.ID, Body: slices.Clone(op.Body)})
		}
		w.exec("UPDATE stock_lot SET quantity = 200 WHERE id = 10")
		return fault.New(fault.Retry, "index-unreachable", "no answer")
	}, nil)
	w.sync()
	w.index.apply(late, &destination.Result{})
	w.age()
	w.synced()
}

// TestUncertainPushIsPushedAgain is the same within one push, which the index
// reports as uncertain.
func TestUncertainPushIsPushedAgain(t *testing.T) {
	w := newStock(t, 2)
	w.synced()
	w.exec("UPDATE stock_lot SET quantity = 100 WHERE id = 10")
	w.index.interfere(nil, func(ops []destination.Op, r *destination.Result) error {
		r.Uncertain = append(r.Uncertain, ops[0].ID)
		return nil
	})
	if r := w.sync(); r.State != run.Synced {
		t.Fatalf("run %s", r.State)
	}
	w.index.interfere(nil, nil)
	w.index.apply([]destination.Op{{ID: "S1-10", Body: []byte(`{"objectID":"S1-10","lot":"stale"}`)}}, &destination.Result{})
	w.age()
	r := w.synced()
	if r.Counts.Saved != 2 {
		t.Errorf("%v: want the root in doubt sent again", r.Counts)
	}
	w.age()
	if r := w.synced(); r.Counts.Found != 0 {
		t.Errorf("%v: the doubt was not settled", r.Counts)
	}
}

// TestTwoHoldersOfOnePage has two processes on the same roots at once: the lease
// of the first ran out while it pushes. The last push is followed by a re-read.
func TestTwoHoldersOfOnePage(t *testing.T) {
	w := newStock(t, 2)
	w.synced()
	w.exec("UPDATE stock_lot SET quantity = 100")
	if err := w.tick(false); err != nil {
		t.Fatal(err)
	}
	window, _ := w.queue.next()
	if err := w.deliver(window); err != nil {
		t.Fatal(err)
	}
	page, _ := w.queue.next()
	var entered atomic.Bool
	w.index.interfere(nil, func([]destination.Op, *destination.Result) error {
		if entered.Swap(true) {
			return nil
		}
		w.exec("UPDATE stock_lot SET quantity = 300")
		w.exec("UPDATE sync_page SET lease_until = NOW(6) - INTERVAL 1 SECOND WHERE state = 1")
		if err := w.deliver(page); err != nil {
			t.Errorf("the heir: %v", err)
		}
		return nil
	})
	err := w.deliver(page)
	wantKind(t, err, fault.Superseded)
	if r := w.last(); r.State != run.Synced || !r.Counts.Balanced() {
		t.Errorf("run %s, %v", r.State, r.Counts)
	}
	w.true()
}

// TestWorkEndsBeforeItsLease holds a page until its lease is nearly over.
func TestWorkEndsBeforeItsLease(t *testing.T) {
	w := newStock(t, 1)
	w.cfg.PageLease = 4 * time.Second
	if err := w.tick(false); err != nil {
		t.Fatal(err)
	}
	window, _ := w.queue.next()
	if err := w.deliver(window); err != nil {
		t.Fatal(err)
	}
	slow := &slowIndex{index: w.index}
	began := time.Now()
	err := w.deliverTo(slow, w.queue.all()[0])
	wantKind(t, err, fault.Retry)
	if slow.end.IsZero() || slow.end.Sub(began) >= w.cfg.PageLease { // the deadline, which a slow machine does not move
		t.Errorf("work may go on until %v, past a lease from %v", slow.end, began)
	}
	if got := w.text("SELECT state FROM sync_page"); got != "0" {
		t.Errorf("the page is left in state %s, want it put back", got)
	}
}

// slowIndex is an index that answers only when its caller gives up.
type slowIndex struct {
	*index
	end time.Time // the caller's deadline
}

// Push implements destination.Index.
func (s *slowIndex) Push(ctx context.Context, _ string, _ []destination.Op) (destination.Result, error) {
	s.end, _ = ctx.Deadline()
	<-ctx.Done()
	return destination.Result{}, fault.Wrap(ctx.Err(), fault.Retry, "index-unreachable", "no answer in time")
}

var _ destination.Index = (*slowIndex)(nil)

var _ queue.Sender = (*tasks)(nil)
