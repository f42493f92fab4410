// Package flow brings a change into the index, in three steps. Each is a file, and
// each is played by a process of its own:
//
//	cron.go     a tick claims an entity's next window and sends the window task
//	window.go   the window task fixes [from, to), lists the changed roots, cuts
//	            them into pages and sends a task for each page
//	process.go  a page task reads its rows, pushes the records that differ from
//	            the ledger, reads the rows' versions again, and accounts for every
//	            record; the last page closes the run
//
// Any step may run twice, late, or only in part: a process may die between any two
// lines. All progress is in the store, each write is one transaction there, and a
// step that is played again continues where it stopped. The order of the writes is
// the contract; the code says it where it happens.
//
// A step returns nil when nothing is left to do, and an error whose kind says what
// its caller can do (package fault). The interfaces say what a step needs of our
// tables; the store implements them.
package flow

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// Config is what the environment says about the flow.
type Config struct {
	// RunLease is how long a run may be silent before the next tick takes it
	// over. It must exceed the longest wait of the queue between two attempts.
	RunLease time.Duration `env:"RUN_LEASE, default=20m"`
	// PageLease is how long a page may take. An attempt stops by itself before the
	// lease ends, so that a slow holder and its successor never push at the same time.
	PageLease time.Duration `env:"PAGE_LEASE, default=2m"`
	// PageAttempts is how often a page is tried before its run fails. The queue's
	// own number of attempts must be higher.
	PageAttempts int `env:"PAGE_ATTEMPTS, default=8"`
	// EnqueueSenders is how many page tasks are sent at once.
	EnqueueSenders int `env:"ENQUEUE_SENDERS, default=16"`
	// KeepDays is how long change lists and pages of closed runs are kept.
	KeepDays int `env:"KEEP_DAYS, default=7"`
	// JobPause is how long a job waits before it checks whether its run has ended.
	JobPause time.Duration `env:"JOB_PAUSE, default=2s"`
	// JobSilence is how long the next turn of a running job may be overdue before a
	// tick starts its chain of tasks again.
	JobSilence time.Duration `env:"JOB_SILENCE, default=2m"`
	// OperationsDay and OperationsMonth are how many operations of the index may
	// be used in 24 hours and in 30 days; 0 is no cap. Near the cap backfills wait
	// and ticks warn; no change is left out for it.
	OperationsDay   int64 `env:"OPERATIONS_DAY"`
	OperationsMonth int64 `env:"OPERATIONS_MONTH"`
}

// Check refuses settings that would let two holders push the same page.
func (c Config) Check() error {
	if c.RunLease < 2*c.PageLease {
		return fmt.Errorf("RUN_LEASE is %v and PAGE_LEASE %v: a run's lease must be at least twice a page's, or a page could outlive its run", c.RunLease, c.PageLease)
	}
	if c.PageLease <= 0 || c.PageAttempts < 1 || c.EnqueueSenders < 1 {
		return fmt.Errorf("PAGE_LEASE must be positive, PAGE_ATTEMPTS and ENQUEUE_SENDERS at least 1")
	}
	return nil
}

// Steps is called with a step's name between any two steps that leave something
// behind. It is nil in production; tests use it to end the process there.
type Steps func(step string)

// At calls the hook, if there is one.
func (s Steps) At(step string) {
	if s != nil {
		s(step)
	}
}

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
