package transfer

import (
	"context"
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// The names of the wing's acts, as they stand in the audit.
const (
	retryJob    = "retry-transfer"
	retryFailed = "retry-transfers"
	startJobs   = "start-transfers"
	createJobs  = "create-transfers"
)

// Acts are the acts of one person on transfers. Each leaves a row of the audit, so the
// console and the command line act alike.
type Acts struct {
	*starter
	Pool *sqldb.DB
	By   operate.Actor
}

// actsOf opens the acts of a person.
func actsOf(ctx context.Context, o wire.Opening, by operate.Actor) (Acts, error) {
	s, err := starterOf(ctx, o)
	return Acts{s, o.Pool, by}, err
}

// audited does an act of the person, with its row in the audit.
func (a Acts) audited(ctx context.Context, e audit.Entry, do func(*audit.Entry) error) error {
	return operate.Audited(ctx, audit.New(a.Pool), a.By, e, do)
}

// created notes that a person had jobs stored for records that differ, and wakes the worker.
func (a Acts) created(ctx context.Context, what string, n int) error {
	entry := audit.Entry{Action: createJobs, Object: what, New: fmt.Sprintf("%d jobs", n)}
	return a.audited(ctx, entry, func(*audit.Entry) error { return a.wake(ctx) })
}

// Retry gives one failed job, and its failed children, another run.
func (a Acts) Retry(ctx context.Context, id int64) (said string, err error) {
	err = a.audited(ctx, audit.Entry{Action: retryJob, Object: fmt.Sprintf("transfer job %d", id)}, func(e *audit.Entry) error {
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
	err = a.audited(ctx, audit.Entry{Action: retryFailed, Object: "failed transfer jobs"}, func(e *audit.Entry) error {
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
	err = a.audited(ctx, audit.Entry{Action: startJobs, Object: "transfer jobs"}, func(*audit.Entry) error { return a.wake(ctx) })
	return "the worker was woken", err
}
