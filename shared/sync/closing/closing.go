// Package closing closes runs that cannot succeed, with the reason. A run that succeeds
// is closed by its last page (package flow).
package closing

import (
	"context"
	"log/slog"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// Runs is how a run that cannot succeed is closed.
type Runs interface {
	// Fail closes a run as failed; fault.Superseded says that it has been closed.
	Fail(ctx context.Context, r run.Run, reason string) error
	// Run returns a run as it is now.
	Run(ctx context.Context, id int64) (run.Run, error)
}

// Jobs is how the job of such a run ends.
type Jobs interface {
	// FailJob ends a job as failed; false says that it has ended.
	FailJob(ctx context.Context, id int64, reason string) (bool, error)
}

// Closer closes runs that cannot succeed.
type Closer struct {
	Runs Runs
	Jobs Jobs
	Log  *slog.Logger
}

// KeepTime is how long writing the reason of a failure may take after the caller's
// context has ended.
const KeepTime = 10 * time.Second

// Hopeless reports an error that repeating the work cannot cure and that no other
// process has taken over: the run must end with it.
func Hopeless(err error) bool {
	return err != nil && !fault.Retryable(err) && fault.KindOf(err) != fault.Superseded
}

// Refuse closes a run at its first hopeless error, so that the reason shows at
// once. The job of a refused run fails too: its next run would meet the same error.
// An error that is not hopeless comes back as it is. If the reason cannot be
// written, that error comes back, so that a queue delivers the task again.
func (c Closer) Refuse(ctx context.Context, r run.Run, err error) (run.Run, error) {
	if !Hopeless(err) {
		return r, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), KeepTime)
	defer cancel()
	// The run before its job: a page of a job that has ended is dropped, so nothing
	// would close the run. If the process dies in between, the job's next run fails.
	r, failed := c.Fail(ctx, r, err.Error())
	if failed == nil && r.JobID != 0 {
		failed = c.FailJob(ctx, r.JobID, r.Entity, err.Error())
	}
	return r, failed
}

// Fail closes a run as failed and returns it as it then is. Only the call that
// closed the run logs it.
func (c Closer) Fail(ctx context.Context, r run.Run, reason string) (run.Run, error) {
	err := c.Runs.Fail(ctx, r, reason)
	switch {
	case err == nil:
		c.Log.ErrorContext(ctx, "a run failed: the watermark stays and the next tick covers the same window", "entity", r.Entity, "run", r.ID, "reason", reason)
	case fault.KindOf(err) != fault.Superseded:
		return r, err
	}
	return c.Runs.Run(ctx, r.ID)
}

// FailJob ends a job as failed, unless it has ended.
func (c Closer) FailJob(ctx context.Context, id int64, entity, reason string) error {
	ok, err := c.Jobs.FailJob(ctx, id, reason)
	if err == nil && ok {
		c.Log.ErrorContext(ctx, "a job failed", "entity", entity, "job", id, "reason", reason)
	}
	return err
}
