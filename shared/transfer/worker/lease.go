package worker

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// Under does something under the worker's lease, beside its jobs, unless the clocks do not
// permit work. False means that it was not done: another process holds the lease, or the
// clocks are apart.
func (w *Worker) Under(ctx context.Context, do func(ctx context.Context) error) (bool, error) {
	if w.Guard != nil && !w.Guard.Allow(ctx) {
		return false, nil
	}
	h, err := w.keeper.enter(ctx)
	if err != nil || h == nil {
		return false, err
	}
	defer h.leave()
	return true, do(h.ctx)
}

// Hold takes a record away from jobs until free is called; false if a job has it.
func (w *Worker) Hold(side transfer.Side, model string, id int64) (free func(), ok bool) {
	k := key(side, model, id)
	_, ok = w.pairs.try(k)
	return func() { w.pairs.free([]string{k}) }, ok
}

// keeper holds the lease for the parts of one process that work at the same time, and
// renews it.
type keeper struct {
	jobs  transfer.Leases
	owner string
	ttl   time.Duration
	log   *slog.Logger

	mu      sync.Mutex
	users   int
	current *lasting
}

// lasting is one time of holding the lease.
type lasting struct {
	ctx    context.Context         // ends before the lease does
	cancel context.CancelCauseFunc // transfer.ErrLost where the lease was lost
	token  string
	done   chan struct{}
}

// hold is a user's part in the lease.
type hold struct {
	ctx   context.Context
	token string
	leave func()
}

// because says that the lease was lost if this is why work under it failed.
func (h *hold) because(err error) error {
	if err != nil && errors.Is(context.Cause(h.ctx), transfer.ErrLost) {
		return errors.Join(transfer.ErrLost, err)
	}
	return err
}

// enter takes the lease, or joins the part of this process that holds it. nil means that
// another process does.
func (k *keeper) enter(ctx context.Context) (*hold, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.current == nil || k.current.ctx.Err() != nil && k.users == 0 {
		token := lease.NewToken()
		ok, err := k.jobs.Hold(ctx, k.owner, token, k.ttl)
		if err != nil || !ok {
			return nil, err
		}
		k.current = k.last(context.WithoutCancel(ctx), token)
	}
	if k.current.ctx.Err() != nil { // lost, and its users have not left yet
		return nil, nil
	}
	k.users++
	own, cancel := context.WithCancel(k.current.ctx)
	unlink := context.AfterFunc(ctx, cancel)
	var once sync.Once
	return &hold{ctx: own, token: k.current.token, leave: func() {
		once.Do(func() {
			unlink()
			cancel()
			k.left()
		})
	}}, nil
}

// left gives the lease back when its last user has left.
func (k *keeper) left() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.users--; k.users > 0 {
		return
	}
	old := k.current
	k.current = nil
	old.cancel(nil)
	<-old.done
	ctx, cancel := context.WithTimeout(context.Background(), k.ttl)
	defer cancel()
	if err := k.jobs.Release(ctx, old.token); err != nil {
		k.log.WarnContext(ctx, "the lease of the transfer worker was not given back; it ends by itself", "error", err)
	}
}

// last renews the lease until its context ends. The context ends a fifth of the lease
// before the lease does, so that a write that has begun ends in time.
func (k *keeper) last(ctx context.Context, token string) *lasting {
	held, cancel := context.WithCancelCause(ctx)
	l := &lasting{ctx: held, cancel: cancel, token: token, done: make(chan struct{})}
	safe := k.ttl - k.ttl/5
	go func() {
		defer close(l.done)
		defer cancel(transfer.ErrLost)
		end := time.NewTimer(safe)
		defer end.Stop()
		renew := time.NewTicker(k.ttl / 4)
		defer renew.Stop()
		for {
			select {
			case <-held.Done():
				return
			case <-end.C:
				k.log.WarnContext(held, "the lease of the transfer worker could not be renewed")
				return
			case <-renew.C:
			}
			// The new end counts from before the call.
			next := time.NewTimer(safe)
			ok, err := k.renewed(held, token)
			switch {
			case err == nil && ok:
				end.Stop()
				end = next
			case err == nil:
				next.Stop()
				k.log.WarnContext(held, "another process took the lease of the transfer worker")
				return
			default:
				next.Stop()
				k.log.WarnContext(held, "renewing the lease of the transfer worker failed", "error", err)
			}
		}
	}()
	return l
}

// renewed renews once, in a quarter of the lease at most.
func (k *keeper) renewed(ctx context.Context, token string) (bool, error) {
	call, cancel := context.WithTimeout(ctx, k.ttl/4)
	defer cancel()
	return k.jobs.Hold(call, k.owner, token, k.ttl)
}
