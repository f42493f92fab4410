package flow

import (
	"context"
	"log/slog"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/job"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// keepTime is how long the reason of a failure may take to write after the
// caller's context has ended.
const keepTime = 10 * time.Second

// hopeless reports an error that repeating the work cannot cure and that nobody
// else has taken over: the run must end with it.
func hopeless(err error) bool {
	return err != nil && !fault.Retryable(err) && fault.KindOf(err) != fault.Superseded
}

// closer closes runs that cannot succeed.
type closer struct {
	store *store.DB
	log   *slog.Logger
}

// refuse closes a run at its first hopeless error, so that the reason shows at
// once. A job whose run is refused fails too: its next run would meet the same.
// An error that is not hopeless comes back as it is; an error of writing comes
// back in the place of the reason, so that a queue delivers the task again.
func (c closer) refuse(ctx context.Context, r run.Run, err error) (run.Run, error) {
	if !hopeless(err) {
		return r, err
	}
	// The context may have ended; the reason must be kept all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepTime)
	defer cancel()
	// The run before its job: pages of a job that has ended are not worked, and a
	// job whose process died in between meets the same error in its next run.
	r, failed := c.fail(ctx, r, err.Error())
	if failed == nil && r.JobID != 0 {
		failed = c.failJob(ctx, r.JobID, r.Entity, err.Error())
	}
	return r, failed
}

// fail closes the run as failed and says so once: only the call that closed it.
func (c closer) fail(ctx context.Context, r run.Run, reason string) (run.Run, error) {
	err := c.store.Fail(ctx, r, reason)
	if fault.KindOf(err) == fault.Superseded {
		err = nil
	} else if err == nil {
		c.log.ErrorContext(ctx, "a run failed: the watermark stays and the next tick covers the same window", "entity", r.Entity, "run", r.ID, "reason", reason)
	}
	if err != nil {
		return r, err
	}
	return c.store.Run(ctx, r.ID)
}

// failJob ends a job as failed, unless it has ended.
func (c closer) failJob(ctx context.Context, id int64, entity, reason string) error {
	ok, err := c.store.MoveJob(ctx, id, job.Failed, reason)
	if err == nil && ok {
		c.log.ErrorContext(ctx, "a job failed", "entity", entity, "job", id, "reason", reason)
	}
	return err
}

// giveUp ends a page at a hopeless error and closes its run.
func (p *Process) giveUp(ctx context.Context, held store.Page, err error) (run.Run, error) {
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepTime)
	defer cancel()
	if _, failed := p.Store.GiveUp(after, held, err.Error()); failed != nil {
		return held.Run, failed
	}
	return p.closer().refuse(ctx, held.Run, err)
}

// closer returns what closes runs.
func (p *Process) closer() closer { return closer{store: p.Store, log: p.Log} }

// closer returns what closes runs.
func (w *Window) closer() closer { return closer{store: w.Store, log: w.Log} }

// refuse ends a job's turn at an error: a hopeless one ends the job, closes its
// open run and frees its lane.
func (a *advance) refuse(ctx context.Context, err error) error {
	if !hopeless(err) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepTime)
	defer cancel()
	if a.open.ID != 0 {
		if _, err := a.closer().fail(ctx, a.open, err.Error()); err != nil {
			return err
		}
	}
	if err := a.Store.Release(ctx, a.lane); err != nil {
		return err
	}
	return a.end(ctx, job.Failed, err.Error())
}
