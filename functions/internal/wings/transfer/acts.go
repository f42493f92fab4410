package transfer

import (
	"context"
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// The names of the wing's acts, as they stand in the audit.
const (
	retryJob    = "retry-transfer"
	retryFailed = "retry-transfers"
	startJobs   = "start-transfers"
)

// Acts are the acts of one person on transfers. Each leaves a row of the audit, so the
// console and the command line act alike.
type Acts struct {
	*starter
	Pool *sqldb.DB
	By   operate.Actor
}

// Retry gives one failed job, and its failed children, another run.
func (a Acts) Retry(ctx context.Context, id int64) (said string, err error) {
	err = operate.Audited(ctx, audit.New(a.Pool), a.By, audit.Entry{Action: retryJob, Object: fmt.Sprintf("transfer job %d", id)}, func(e *audit.Entry) error {
		j, err := a.jobs.Job(ctx, id)
		if err != nil {
			return err
		}
		e.Object, e.Old = fmt.Sprintf("transfer job %d of %s", id, j), string(j.State)
		if err := a.jobs.RetryJob(ctx, id); err != nil {
			return err
		}
		said, e.New = fmt.Sprintf("job %d of %s is tried again", id, j), "new"
		return a.wake(ctx)
	})
	return said, err
}

// RetryFailed gives all failed jobs with a run left another one.
func (a Acts) RetryFailed(ctx context.Context) (said string, err error) {
	err = operate.Audited(ctx, audit.New(a.Pool), a.By, audit.Entry{Action: retryFailed, Object: "failed transfer jobs"}, func(e *audit.Entry) error {
		n, err := a.jobs.RetryFailed(ctx, a.runs)
		if err != nil {
			return err
		}
		said = fmt.Sprintf("%d jobs are tried again", n)
		e.New = said
		return a.wake(ctx)
	})
	return said, err
}

// Start wakes the worker.
func (a Acts) Start(ctx context.Context) (said string, err error) {
	err = operate.Audited(ctx, audit.New(a.Pool), a.By, audit.Entry{Action: startJobs, Object: "transfer jobs"}, func(*audit.Entry) error { return a.wake(ctx) })
	return "the worker was woken", err
}
