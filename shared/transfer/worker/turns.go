package worker

import (
	"context"
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

	working sync.Mutex // held by the turn that works
}

// Turned is what a turn did.
type Turned struct {
	Result
	Copies int64      // of the protocol
	Again  *time.Time // when the next turn was asked for; nil for none
}

// Turn works off what there is, copies finished jobs, and asks for the next turn. Beside
// another turn of this process, or a process that holds the lease, it does nothing: the
// other one asks for what is left.
func (t *Turns) Turn(ctx context.Context) (done Turned, err error) {
	// The lease has one token a process, so jobs cannot tell two turns apart.
	if !t.working.TryLock() {
		return done, nil
	}
	stop := make(chan struct{})
	budget := time.AfterFunc(t.Budget, func() { close(stop) })
	defer budget.Stop()
	err = t.work(ctx, stop, &done)
	// Before the look at the queue, which then sees the jobs of every turn that did nothing.
	t.working.Unlock()
	switch {
	case err == nil && !done.Held:
		return done, nil
	case err != nil && !fault.Retryable(err):
		// The queue drops this turn's task, and another process asks for what is left only
		// if there is one: a slow machine may have let the lease run out.
		return done, fault.Join(err, t.Wake(context.WithoutCancel(ctx), t.Now().Add(t.Settings.Lease)))
	case err != nil:
		return done, err
	}
	return done, t.next(ctx, stopped(stop), &done)
}

// work works jobs off and copies those that are finished.
func (t *Turns) work(ctx context.Context, stop <-chan struct{}, done *Turned) (err error) {
	done.Result, err = t.Run(ctx, stop)
	if err == nil && done.Held {
		done.Copies, err = t.RunProtocol(ctx, stop)
	}
	return err
}

// next asks for a turn when the first job is due. The budget may have ended the protocol.
func (t *Turns) next(ctx context.Context, budget bool, done *Turned) error {
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
	if s.Waiting > 0 && !done.Locked { // a lock's end is looked for by the clock
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
