package worker

import (
	"context"
	"errors"
	"time"

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
}

// Turned is what a turn did.
type Turned struct {
	Result
	Copies int64      // of the protocol
	Again  *time.Time // when the next turn was asked for; nil for none
}

// Turn works off what there is, copies finished jobs, and asks for the next turn. Beside
// a process that holds the lease it does nothing: the holder asks for what is left.
func (t *Turns) Turn(ctx context.Context) (done Turned, err error) {
	stop := make(chan struct{})
	budget := time.AfterFunc(t.Budget, func() { close(stop) })
	defer budget.Stop()
	done.Result, err = t.Run(ctx, stop)
	if err == nil && !done.Held {
		return done, nil
	}
	if err == nil {
		done.Copies, err = t.RunProtocol(ctx, stop)
	}
	if errors.Is(err, transfer.ErrLost) {
		// Another process may hold the lease, and asks for what is left; or nobody does,
		// because a slow machine let the lease run out, and nobody asks.
		return done, errors.Join(err, t.Wake(context.WithoutCancel(ctx), t.Now().Add(t.Settings.Lease)))
	}
	if err != nil {
		return done, err
	}
	return done, t.next(ctx, stopped(stop), &done)
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
