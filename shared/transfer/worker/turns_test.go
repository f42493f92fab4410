package worker_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/worker"
)

// woken are the turns that were asked for.
type woken struct {
	mu   sync.Mutex
	at   []time.Time
	fail error
}

// wake implements Turns.Wake.
func (k *woken) wake(_ context.Context, at time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at = append(k.at, at)
	return k.fail
}

// queue is a world's queue that tells a test when a turn has looked at it.
type queue struct {
	of   worker.Standing
	look func()
}

// Standing implements worker.Standing.
func (q queue) Standing(ctx context.Context) (transfer.Standing, error) {
	s, err := q.of.Standing(ctx)
	q.look()
	return s, err
}

// turns returns a world's turns and what they ask for.
func (w *world) turns(look func()) (*worker.Turns, *woken) {
	k := &woken{}
	return &worker.Turns{Worker: w.Worker, Queue: queue{w.db.Views, look}, Budget: time.Hour, Wake: k.wake}, k
}

// TestTurnsOfOneProcess begins turns at each moment of another turn's work, in a process
// that has one token for all. Each job runs once, no turn fails, and a job that comes at
// any moment is worked or a turn is asked for.
func TestTurnsOfOneProcess(t *testing.T) {
	for _, moment := range []string{"a job reads", "a job writes", "a copy is written", "the queue was looked at"} {
		t.Run(moment, func(t *testing.T) {
			w := newWorld(t, func(p *worker.Parts) { p.Settings.Protocol, p.Settings.Threads.Threads = true, 3 })
			var turns *worker.Turns
			var late int64
			var begun atomic.Bool
			second := func(now string) {
				if now != moment || !begun.CompareAndSwap(false, true) {
					return
				}
				late = w.job(transfer.Studio, "dbo.Person", w.person("late"), nil)
				var wait sync.WaitGroup
				for range 3 {
					wait.Go(func() {
						if _, err := turns.Turn(t.Context()); err != nil {
							t.Errorf("a turn beside another one: %v", err)
						}
					})
				}
				wait.Wait()
			}
			w.studio.Fail = func(call, _ string) error {
				if call == "read" {
					second("a job reads")
				}
				return nil
			}
			w.online.After = func(write transfer.Write) error {
				if write.Model == "sosync.job" {
					second("a copy is written")
				} else {
					second("a job writes")
				}
				return nil
			}
			var asked *woken
			turns, asked = w.turns(func() { second("the queue was looked at") })
			var jobs []int64
			for range 12 {
				jobs = append(jobs, w.job(transfer.Studio, "dbo.Person", w.person("x"), nil))
			}
			done, err := turns.Turn(t.Context())
			if err != nil || done.Jobs < 12 {
				t.Fatalf("%+v, %v", done, err)
			}
			if late == 0 {
				t.Fatal("the moment never came")
			}
			if state := w.read(late).State; state == transfer.New && len(asked.at) == 0 {
				t.Error("a job is left, and nobody asked for a turn")
			}
			if _, err := turns.Turn(t.Context()); err != nil {
				t.Error(err)
			}
			for _, id := range append(jobs, late) {
				if j := w.want(id, transfer.Done, ""); j.Runs != 1 {
					t.Errorf("job %d ran %d times", id, j.Runs)
				}
			}
			if people, copies := w.online.Len("res.partner"), w.online.Len("sosync.job"); people != 13 || copies != 13 {
				t.Errorf("%d records and %d copies of 13 jobs", people, copies)
			}
		})
	}
}

// TestTurnThatLostItsLeaseAsksForAnother loses the lease while a job runs: the queue does not
// deliver the task again, unless the queue itself was down.
func TestTurnThatLostItsLeaseAsksForAnother(t *testing.T) {
	const term = 4 * time.Second
	for name, down := range map[string]error{"lost": nil, "lost, and the queue is down": errors.New("down")} {
		t.Run(name, func(t *testing.T) {
			side := &takenSide{}
			w := newWorld(t, func(p *worker.Parts) {
				side.System, p.Studio, p.Settings.Lease = p.Studio, side, term
			})
			side.take = func() error {
				_, err := w.db.Pool.Exec("UPDATE transfer_lease SET token = 'thief', lease_until = NOW(6) + INTERVAL 1 HOUR")
				return err
			}
			w.job(transfer.Studio, "dbo.Person", w.person("x"), nil)
			turns, asked := w.turns(func() { t.Error("a broken turn looks at the queue") })
			asked.fail = down
			begun := time.Now()
			_, err := turns.Turn(t.Context())
			if !errors.Is(err, transfer.ErrLost) || fault.Retryable(err) != (down != nil) {
				t.Errorf("the turn ended with %v", err)
			}
			if len(asked.at) != 1 || asked.at[0].Before(begun.Add(term)) {
				t.Errorf("asked for turns at %v", asked.at)
			}
		})
	}
}

// TestTurnAfterAPanic panics in a turn, as a handler's guard survives, and works on.
func TestTurnAfterAPanic(t *testing.T) {
	w := newWorld(t, func(p *worker.Parts) { p.Settings.Protocol = true })
	job := w.job(transfer.Studio, "dbo.Person", w.person("x"), nil)
	turns, _ := w.turns(func() {})
	w.online.Fail = func(_, model string) error {
		if model == "sosync.job" {
			panic("a strange answer")
		}
		return nil
	}
	func() {
		defer func() { _ = recover() }()
		_, err := turns.Turn(t.Context())
		t.Errorf("no panic: %v", err)
	}()
	w.online.Fail = nil
	if done, err := turns.Turn(t.Context()); err != nil || !done.Held || done.Copies != 1 {
		t.Errorf("%+v, %v", done, err)
	}
	w.want(job, transfer.Done, "")
}
