package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// Standing says how the queue stands.
type Standing interface {
	Standing(ctx context.Context) (transfer.Standing, error)
}

// Turns works in turns of a bounded length, for callers whose calls have one. What a turn
// leaves wakes the next one.
type Turns struct {
	*Worker
	Queue  Standing
	Budget time.Duration // after which no further job begins
	// Wake asks for a turn at a time.
	Wake func(ctx context.Context, at time.Time) error

	running, copying sync.Mutex // held by the turn that does this
}

// Turned is what a turn did.
type Turned struct {
	Result
	Copies int64      // of the protocol
	Again  *time.Time // when the next turn was asked for; nil for none
}

// Turn works off what there is, copies finished jobs, and asks for the next turn. Beside
// another turn of this process that works, or a process that holds the lease, it does
// nothing: the other one looks at the queue afterwards, and asks for what is left.
func (t *Turns) Turn(ctx context.Context) (done Turned, err error) {
	stop := make(chan struct{})
	budget := time.AfterFunc(t.Budget, func() { close(stop) })
	defer budget.Stop()
	_, err = alone(&t.running, func() (err error) {
		done.Result, err = t.Run(ctx, stop)
		return err
	})
	if err == nil && !done.Held {
		return done, nil
	}
	copied := false
	if err == nil {
		copied, err = alone(&t.copying, func() (err error) {
			done.Copies, err = t.RunProtocol(ctx, stop)
			return err
		})
	}
	if errors.Is(err, transfer.ErrLost) {
		// Another process may hold the lease, and asks for what is left; or nobody does,
		// because a slow machine let the lease run out, and nobody asks.
		return done, fault.Join(err, t.Wake(context.WithoutCancel(ctx), t.Now().Add(t.Settings.Lease)))
	}
	if err != nil {
		return done, err
	}
	return done, t.next(ctx, stopped(stop), copied, &done)
}

// alone does what two turns of a process cannot do at the same time, because the lease has
// one token for both; false if another turn is at it.
func alone(lock *sync.Mutex, do func() error) (bool, error) {
	if !lock.TryLock() {
		return false, nil
	}
	defer lock.Unlock()
	return true, do()
}

// next asks for a turn when the first job is due. The budget may have ended the protocol,
// and another turn that copies may not have seen what this one finished.
func (t *Turns) next(ctx context.Context, budget, copied bool, done *Turned) error {
	s, err := t.Queue.Standing(ctx)
	if err != nil {
		return err
	}
	now := t.Now()
	var at *time.Time
	sooner := func(one time.Time) {
		if at == nil || one.Before(*at) {
			at = &one
		}
	}
	if budget {
		sooner(now)
	}
	if !copied || s.Waiting > 0 && !done.Locked { // a lock's end is looked for by the clock
		sooner(now.Add(t.Settings.Debounce))
	}
	if s.RetryAt != nil && !done.Locked {
		sooner(now.Add(max(0, s.RetryAt.Sub(s.Now))))
	}
	if at == nil {
		return nil
	}
	done.Again = at
	return t.Wake(ctx, *at)
}
