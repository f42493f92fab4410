package transfer

import (
	"context"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Errors of Jobs, compared with errors.Is.
var (
	// ErrNoJob says that no job has the id, neither open nor in the archive.
	ErrNoJob = fault.New(fault.NotFound, "no-job", "Job not found.")
	// ErrLost says that another worker holds the lease or the job.
	ErrLost = fault.New(fault.Superseded, "lease-lost", "another worker holds the lease")
)

// Intake takes jobs in and gives them new runs.
type Intake interface {
	// Create stores jobs with their children, all or none, and returns the ids of the
	// drafts at the top. The database's clock gives job_fetched and create_date.
	Create(ctx context.Context, list []Draft) ([]int64, error)
	// RetryFailed makes jobs new: all in error_retry, and of those in error each that has
	// fewer runs than limit and a date of the last 100 days. It returns how many.
	RetryFailed(ctx context.Context, limit int) (int64, error)
	// RetryJob makes one job and its failed children new and resets the runs, whatever
	// their number. fault.Superseded says that the job did not fail.
	RetryJob(ctx context.Context, id int64) error
}

// Reader reads jobs, those in the archive included.
type Reader interface {
	// Job returns a job, or ErrNoJob.
	Job(ctx context.Context, id int64) (Job, error)
	// Each calls fn with every job in the order of ids, the archive first.
	Each(ctx context.Context, fn func(Job) error) error
	// Open reports whether a record has a job that waits for work.
	Open(ctx context.Context, system Side, model string, id int64) (bool, error)
	// Count counts the jobs of each state, the archive included, and of a system alone
	// unless it is empty.
	Count(ctx context.Context, system Side) (map[State]int64, error)
}

// Holding is who holds a worker's lease.
type Holding struct {
	Token string // empty: nobody holds the lease
	Owner string // host and process, for people
	Until time.Time
	Now   time.Time // the database's clock
}

// Leases lets one process work.
type Leases interface {
	// Hold takes or renews the lease for d in the name of a token. False means that
	// another token holds it.
	Hold(ctx context.Context, owner, token string, d time.Duration) (bool, error)
	// Release gives the lease back; a token that does not hold it changes nothing.
	Release(ctx context.Context, token string) error
	// Holder returns who holds the lease.
	Holder(ctx context.Context) (Holding, error)
}

// Queue is what the holder of the lease does with jobs. Every change names its token and
// fails with ErrLost once another worker holds the lease or the job.
type Queue interface {
	// Package returns at most n roots that wait for work, with all their descendants:
	// those in progress first, then the highest priority and the newest date, of jobs
	// older than debounce. The list is sorted by priority, then oldest date first.
	Package(ctx context.Context, n int, debounce time.Duration) ([]Job, error)
	// Claim takes a job for one more run.
	Claim(ctx context.Context, token string, id int64) (Job, error)
	// Note stores the trace of a job, before a side is written.
	Note(ctx context.Context, token string, j Job) error
	// Finish ends a run in j.State and closes older open jobs of the record where the
	// state is not error_retry. It returns how many it closed.
	Finish(ctx context.Context, token string, j Job) (int64, error)
	// Child returns the parent's job of a record, which it stores unless there is one.
	Child(ctx context.Context, token string, parent Job, d Draft) (Job, error)
	// Deleted reports whether an earlier job, among the last 10,000, has deleted the other
	// side's record of a job already: a side may post a job twice.
	Deleted(ctx context.Context, j Job) (bool, error)
	// Due makes the jobs new whose time for a retry has come, and returns how many.
	Due(ctx context.Context) (int64, error)
	// Archive moves at most n finished roots with their descendants to the archive and
	// returns how many roots it moved.
	Archive(ctx context.Context, n int) (int64, error)
}

// Protocol lists finished jobs whose copy on the online side is old.
type Protocol interface {
	// Unsent returns at most n jobs, children first, then the newest change.
	Unsent(ctx context.Context, n int) ([]Job, error)
	// Sent notes the copy's id and the version of the job that was sent.
	Sent(ctx context.Context, id, copyID int64, version time.Time) error
}

// Jobs is the table of transfer jobs. Implementations pass transfertest.RunJobs.
type Jobs interface {
	Intake
	Reader
	Leases
	Queue
	Protocol
}
