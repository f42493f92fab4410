package flow_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// past is when the history of these tests took place.
var past = window.Window{From: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)}

// bury changes n positions without a sync noticing: their rows say that they
// changed in the past, spread over it.
func (w *world) bury(n int) {
	w.t.Helper()
	w.exec("UPDATE stock_lot SET quantity = quantity + 7, updated_at = '2019-01-01' WHERE position_id <= ?", n)
	w.exec("UPDATE stock_position SET updated_at = '2020-01-01' + INTERVAL id HOUR WHERE id <= ?", n)
}

// backfill makes a backfill of the past and wakes it.
func (w *world) backfill(a rework.Asked) rework.Job {
	w.t.Helper()
	a.Window = past
	j, _, err := rework.NewBackfill(w.t.Context(), w.Jobs, w.def, a)
	if err := errors.Join(err, w.waker().Wake(w.t.Context(), j.ID)); err != nil {
		w.t.Fatal(err)
	}
	return j
}

// job returns a job and its progress as they are.
func (w *world) job(id int64) (rework.Job, rework.Progress) {
	w.t.Helper()
	j, err := w.Jobs.Job(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	p, err := w.Jobs.Progress(w.t.Context(), j)
	if err != nil {
		w.t.Fatal(err)
	}
	return j, p
}

// settled drains the queue and demands that a job is done with the index true.
func (w *world) settled(id int64) rework.Progress {
	w.t.Helper()
	if err := w.drain(); err != nil {
		w.t.Fatal(err)
	}
	j, p := w.job(id)
	if j.State != rework.Done || !p.Counts.Balanced() {
		w.t.Fatalf("%v is %s (%s) with %v", j, j.State, j.Note, p.Counts)
	}
	w.true()
	return p
}

// aged is a world with n positions that are synced, and old.
func aged(t *testing.T, n int) *world {
	t.Helper()
	w := newStock(t, n)
	w.def.PageSize = 4
	w.age()
	w.exec("UPDATE stock_position SET updated_at = NOW(6)")
	w.synced()
	w.exec("UPDATE stock_position SET updated_at = '2019-01-01'")
	w.exec("UPDATE stock_lot SET updated_at = '2019-01-01'")
	return w
}

func TestBackfillSyncsHistoryOnce(t *testing.T) {
	w := aged(t, 20)
	w.bury(10)
	sent := w.index.pushed()
	before, err := w.Claims.AsOf(t.Context(), w.def.JobType)
	if err != nil {
		t.Fatal(err)
	}
	j := w.backfill(rework.Asked{Roots: 10, By: "a test"})
	p := w.settled(j.ID)
	if p.Roots != 10 || p.Counts.Saved == 0 || p.Counts.Operations != p.Counts.Saved || int64(w.index.pushed()-sent) != p.Counts.Saved {
		t.Errorf("%d roots, %v, %d sent", p.Roots, p.Counts, w.index.pushed()-sent)
	}
	if after, err := w.Claims.AsOf(t.Context(), w.def.JobType); err != nil || !after.Equal(*before) {
		t.Errorf("a backfill moved the watermark from %v to %v, %v", before, after, err)
	}
	again := w.backfill(rework.Asked{Roots: 10})
	if again.ID == j.ID {
		t.Fatal("a backfill that has ended was found again")
	}
	if p := w.settled(again.ID); p.Counts.Operations != 0 || p.Counts.Unchanged != p.Counts.Found || p.Roots != 10 {
		t.Errorf("the second time: %d roots, %v", p.Roots, p.Counts)
	}
	w.synced()
}

func TestBackfillAskedTwiceIsOne(t *testing.T) {
	w := aged(t, 2)
	one := w.backfill(rework.Asked{})
	two, again, err := rework.NewBackfill(t.Context(), w.Jobs, w.def, rework.Asked{Window: past})
	if err != nil || !again || two.ID != one.ID {
		t.Errorf("job %d, again %v, %v; want job %d", two.ID, again, err, one.ID)
	}
	_, _, err = rework.NewBackfill(t.Context(), w.Jobs, w.def, rework.Asked{Window: window.Window{From: past.To, To: past.To}})
	wantKind(t, err, fault.Invalid)
}

// TestBackfillInChunks has chunks that are far too long at first, and then far
// too short. Every root is covered once.
func TestBackfillInChunks(t *testing.T) {
	w := aged(t, 3)
	const many = 2*rework.ChunkRoots + 5000
	w.def.PageSize = 10_000
	w.exec("INSERT INTO stock_position (id, account_slug, sku, location_code, updated_at) SELECT 1000 + seq.n, 'acme', CONCAT('K', seq.n), 'W', '2020-06-01' + INTERVAL seq.n SECOND FROM ("+
		"SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n AS n FROM "+digits("a")+" JOIN "+digits("b")+" JOIN "+digits("c")+" JOIN "+digits("d")+" JOIN "+digits("e")+
		") AS seq WHERE seq.n < ?", many)
	j := w.backfill(rework.Asked{Roots: many})
	if err := w.drain(); err != nil {
		t.Fatal(err)
	}
	j, p := w.job(j.ID)
	if j.State != rework.Done || p.Roots != many || p.Runs < 3 {
		t.Errorf("%s: %d roots in %d runs; want %d in 3 or more", j.State, p.Roots, p.Runs, many)
	}
}

// digits is a table of the ten digits.
func digits(name string) string {
	return "(SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9) AS " + name
}

// jobSteps are the places where a job's processes can die.
var jobSteps = []string{
	"job-kicked", "lane-claimed", "job-begun", "job-listed", "page-sent", "turn-sent",
	"page-taken", "page-read", "journaled", "sent", "pushed", "page-ended", "published", "closed",
}

// TestBackfillSurvivesDeathAtEveryStep lets a process die at every step of a
// backfill. Its task is delivered again, or lost with all others; then a tick
// wakes the job. It ends with the index true and every root covered.
func TestBackfillSurvivesDeathAtEveryStep(t *testing.T) {
	for _, lost := range []bool{false, true} {
		for _, step := range jobSteps {
			t.Run(fmt.Sprintf("%s lost=%v", step, lost), func(t *testing.T) {
				w := aged(t, 12)
				w.cfg.JobSilence = 0
				w.bury(10)
				w.dieAt(step, 2)
				j, _, err := rework.NewBackfill(t.Context(), w.Jobs, w.def, rework.Asked{Window: past, Roots: 10})
				if err != nil {
					t.Fatal(err)
				}
				err = errors.Join(mortal(func() error { return w.waker().Wake(t.Context(), j.ID) }), w.drain())
				w.steps, w.queue.down = nil, nil
				if err != nil && !errors.Is(err, errDied) {
					t.Fatal(err)
				}
				if lost {
					w.queue.all()
					w.exec("UPDATE order_return_algolia_sync SET lease_until = NOW(6) - INTERVAL 1 SECOND WHERE status <> 0")
					w.exec("UPDATE sync_page SET lease_until = NOW(6) - INTERVAL 1 SECOND WHERE state = 1")
				}
				w.exec("UPDATE sync_page SET lease_until = NOW(6) - INTERVAL 1 SECOND WHERE state = 1")
				if err := errors.Join(w.tick(false), w.drain()); err != nil {
					t.Fatal(err)
				}
				if p := w.settled(j.ID); p.Roots != 10 {
					t.Errorf("%d roots are accounted for, want 10", p.Roots)
				}
				w.synced()
			})
		}
	}
}

// TestSyncBesideBackfill pushes, looks and accounts in the worst order: a page of
// a backfill that has read an old state ends after a page of a sync that pushed a
// newer one. The ledger must not say that the old state is in the index.
func TestSyncBesideBackfill(t *testing.T) {
	for _, change := range []string{
		"UPDATE stock_lot SET quantity = 999 WHERE position_id = 1",
		"DELETE FROM stock_lot WHERE position_id = 1",
		"INSERT INTO stock_lot (position_id, lot_number, quantity) VALUES (1, 'NEW', 5)",
	} {
		t.Run(change, func(t *testing.T) {
			w := aged(t, 1)
			w.bury(1)
			j := w.backfill(rework.Asked{Roots: 1})
			done := false
			w.steps = func(at string) {
				if at != "pushed" || done { // the backfill has looked, and not yet accounted
					return
				}
				done = true
				w.exec(change)
				w.exec("UPDATE stock_position SET updated_at = NOW(6) WHERE id = 1")
				beside := *w
				beside.queue, beside.steps = &tasks{known: map[string]bool{}}, nil
				if err := errors.Join(beside.tick(false), beside.drain()); err != nil {
					t.Error(err)
				}
			}
			if err := w.drain(); err != nil {
				t.Fatal(err)
			}
			w.steps = nil
			if j, _ := w.job(j.ID); j.State != rework.Done || !done {
				t.Fatalf("%v is %s; played: %v", j, j.State, done)
			}
			w.true()
			// Back to the state that the backfill had read: a ledger that believed it
			// was pushed last would now let it be.
			w.exec("DELETE FROM stock_lot WHERE position_id = 1")
			w.exec("INSERT INTO stock_lot (id, position_id, lot_number, quantity) VALUES (10, 1, 'L1', 8), (11, 1, 'L2', 9)")
			w.exec("UPDATE stock_position SET updated_at = NOW(6) WHERE id = 1")
			w.ticks++
			w.synced()
		})
	}
}

func TestPauseResumeCancel(t *testing.T) {
	w := aged(t, 12)
	w.bury(10)
	j := w.backfill(rework.Asked{Roots: 10})
	turn, _ := w.queue.next()
	if err := w.deliver(turn); err != nil { // the pages are sent
		t.Fatal(err)
	}
	move := func(to rework.State) {
		t.Helper()
		if ok, err := w.Jobs.MoveJob(t.Context(), j.ID, to, ""); err != nil || !ok {
			t.Fatalf("to %s: %v, %v", to, ok, err)
		}
	}
	move(rework.Paused)
	sent := w.index.pushed()
	if err := w.drain(); err != nil {
		t.Fatal(err)
	}
	if w.index.pushed() != sent {
		t.Error("a paused job pushed")
	}
	if silent, err := w.Jobs.SilentJobs(t.Context(), -time.Hour); err != nil || len(silent) != 0 {
		t.Errorf("a tick would wake %v, %v", silent, err)
	}
	move(rework.Running)
	if err := w.waker().Wake(t.Context(), j.ID); err != nil {
		t.Fatal(err)
	}
	if p := w.settled(j.ID); p.Roots != 10 {
		t.Errorf("%d roots, want 10", p.Roots)
	}
	if ok, err := w.Jobs.MoveJob(t.Context(), j.ID, rework.Running, ""); ok || err != nil {
		t.Errorf("a job that is done runs again: %v", err)
	}
	w.bury(12)
	j = w.backfill(rework.Asked{Roots: 12})
	turn, _ = w.queue.next()
	if err := w.deliver(turn); err != nil {
		t.Fatal(err)
	}
	if ok, err := w.Jobs.CancelJob(t.Context(), j, w.def.JobType); err != nil || !ok {
		t.Fatalf("cancel: %v, %v", ok, err)
	}
	if err := w.drain(); err != nil {
		t.Fatal(err)
	}
	if j, p := w.job(j.ID); j.State != rework.Cancelled || p.Open != nil || p.Failed != 1 {
		t.Errorf("%s, %+v", j.State, p)
	}
	if ok, err := w.Jobs.CancelJob(t.Context(), j, w.def.JobType); err != nil || ok {
		t.Errorf("a cancelled job was cancelled again: %v", err)
	}
}

// TestRepairSendsOnlySuspects has one record of a root wrong in the index, one
// missing, and one stranger; the others of the same roots are not sent.
func TestRepairSendsOnlySuspects(t *testing.T) {
	w := aged(t, 6)
	truth := w.index.content()
	w.index.mu.Lock()
	w.index.records["S1-10"] = `{"objectID":"S1-10","wrong":true}`
	delete(w.index.records, "S2-20")
	w.index.records["X"] = `{"objectID":"X"}`
	w.index.mu.Unlock()
	for _, id := range []string{"S1-10", "S2-20"} {
		if truth[id] == "" {
			t.Fatalf("the index has no %s: %v", id, truth)
		}
	}
	j, err := w.Jobs.CreateJob(t.Context(), rework.Job{Entity: w.def.Name, Kind: run.Repair, State: rework.Running, Window: past})
	if err != nil {
		t.Fatal(err)
	}
	suspects := ledger.Journal{1: {"S1-10"}, 2: {"S2-20"}, 0: {"X"}}
	for range 2 { // twice is as good as once
		if err := w.Jobs.AddJobRoots(t.Context(), j, []uint64{0, 1, 2}, suspects); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.waker().Wake(t.Context(), j.ID); err != nil {
		t.Fatal(err)
	}
	sent := w.index.pushed()
	p := w.settled(j.ID)
	if n := w.index.pushed() - sent; n != 3 || p.Counts.Saved != 2 || p.Counts.Deleted != 1 || p.Roots != 3 {
		t.Errorf("%d operations, %d roots, %v; want 3 operations: 2 saved, 1 deleted", n, p.Roots, p.Counts)
	}
	if n := w.text("SELECT COUNT(*) FROM sync_recheck"); n != "0" {
		t.Errorf("%s doubts are left", n)
	}
	w.synced()
}

func TestJobThatFailsThreeTimesFails(t *testing.T) {
	w := aged(t, 6)
	w.bury(2)
	w.cfg.PageAttempts = 1
	w.index.interfere(func([]destination.Op) error { return errors.New("the index is down") }, nil)
	j := w.backfill(rework.Asked{Roots: 2})
	if err := w.drain(); err != nil {
		t.Fatal(err)
	}
	j, p := w.job(j.ID)
	if j.State != rework.Failed || p.Failed != 3 || j.ClosedAt == nil {
		t.Errorf("%s after %d failed runs: %s", j.State, p.Failed, j.Note)
	}
	w.index.interfere(nil, nil)
	w.synced() // the next sync pushes unconfirmed roots
}

func TestBackfillWaitsForTheBudget(t *testing.T) {
	w := aged(t, 6)
	w.bury(4)
	spent, _, err := w.Runs.Spent(t.Context())
	if err != nil || spent == 0 {
		t.Fatalf("spent %d, %v", spent, err)
	}
	w.cfg.OperationsDay = spent // all of it is used
	j := w.backfill(rework.Asked{Roots: 4})
	turn, _ := w.queue.next()
	if err := w.deliver(turn); err != nil {
		t.Fatal(err)
	}
	next, ok := w.queue.next()
	got, p := w.job(j.ID)
	if !ok || time.Until(next.At) < 4*time.Minute || got.Note == "" || p.Open != nil {
		t.Fatalf("the next turn comes in %v, note %q, run %v", time.Until(next.At), got.Note, p.Open)
	}
	w.exec("UPDATE stock_lot SET quantity = quantity + 1, updated_at = NOW(6) WHERE position_id = 6")
	if err := errors.Join(w.tick(false), w.drain()); err != nil || w.last().State != run.Synced {
		t.Fatalf("a sync beside: %v", err) // never held up
	}
	w.cfg.OperationsDay *= 100
	if err := w.deliver(next); err != nil {
		t.Fatal(err)
	}
	w.settled(j.ID)
}

// TestRateSpacesPages looks at when the pages of a job with a rate are due.
func TestRateSpacesPages(t *testing.T) {
	w := aged(t, 12)
	w.bury(12)
	j := w.backfill(rework.Asked{Roots: 12, Rate: 2})
	turn, _ := w.queue.next()
	start := time.Now()
	if err := w.deliver(turn); err != nil {
		t.Fatal(err)
	}
	for i, task := range w.queue.all()[:3] {
		want := start.Add(time.Duration(i) * 2 * time.Second) // 4 roots a page, 2 a second
		if d := task.At.Sub(want); task.Route != run.RouteJobPage || d < 0 || d > time.Second {
			t.Errorf("page %d is due %v off", i+1, d)
		}
	}
	_ = j
}

func TestEstimate(t *testing.T) {
	w := aged(t, 20)
	w.bury(10)
	e, err := rework.EstimateBackfill(context.Background(), w.Ledger, w.src, w.def, past)
	if err != nil || e.Roots != 10 || e.Sampled != 10 || e.Operations != 20 || e.Records != 20 {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestRequeue(t *testing.T) {
	w := aged(t, 12)
	w.bury(10)
	h := rework.Historic{JobType: w.def.JobType, Window: past}
	j, err := w.jobs().Requeue(t.Context(), h)
	if err != nil || j.Roots != 10 {
		t.Fatalf("%+v, %v", j, err)
	}
	if again, err := w.jobs().Requeue(t.Context(), h); err != nil || again.ID != j.ID {
		t.Errorf("asked twice: %+v, %v", again, err)
	}
	w.settled(j.ID)
	_, err = w.jobs().Requeue(t.Context(), rework.Historic{JobType: "NOBODY", Window: past})
	wantKind(t, err, fault.Invalid)
}
