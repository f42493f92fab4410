// Package flow tells the story of a change's way into the index, in chapters
// that different processes play:
//
//	cron.go     a tick claims an entity's next window and sends the window task
//	window.go   the window task fixes [from, to), lists what changed, cuts pages
//	            and sends a task for each
//	job.go      a job's turn does the same for a part of history or for single
//	            roots, beside the syncs
//	process.go  a page task reads its rows, pushes what differs from the ledger,
//	            looks again, accounts, and the last page closes the run
//
// Every chapter can be played twice, late, or only in part: a process may die
// between any two lines. What has been done is in the store, each step is one
// transaction there, and playing a chapter again goes on where it stopped. The
// order of the writes is the contract; it is told where it happens.
//
// A chapter returns nil when nobody has to do anything any more, and an error
// whose kind says what its caller can do (package fault).
package flow

import (
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// Config is what the environment says about the flow.
type Config struct {
	// RunLease is how long a run may be silent before the next tick takes it
	// over. It must exceed the longest wait of the queue between two attempts.
	RunLease time.Duration `env:"RUN_LEASE, default=20m"`
	// PageLease is how long a page may take. Work that has not come to its end by
	// then stops by itself, so that a slow holder and its successor never push at
	// the same time.
	PageLease time.Duration `env:"PAGE_LEASE, default=2m"`
	// PageAttempts is how often a page is tried before its run fails. The queue's
	// own number of attempts must be higher.
	PageAttempts int `env:"PAGE_ATTEMPTS, default=8"`
	// EnqueueSenders is how many page tasks are sent at once.
	EnqueueSenders int `env:"ENQUEUE_SENDERS, default=16"`
	// KeepDays is how long change lists and pages of closed runs are kept.
	KeepDays int `env:"KEEP_DAYS, default=7"`
	// JobPause is how long a job waits before it looks whether its run has ended.
	JobPause time.Duration `env:"JOB_PAUSE, default=2s"`
	// JobSilence is how long nothing may be heard of a running job before a tick
	// begins its chain of tasks anew.
	JobSilence time.Duration `env:"JOB_SILENCE, default=2m"`
	// OperationsDay and OperationsMonth are how many operations of the index may
	// be used in 24 hours and in 30 days; 0 is no cap. Near the cap backfills wait
	// and ticks warn; nothing is ever left out for it.
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

// Entities finds definitions by name and by job type.
type Entities []entity.Definition

// Named returns the definition of that name.
func (e Entities) Named(name string) (entity.Definition, error) {
	for _, d := range e {
		if d.Name == name {
			return d, nil
		}
	}
	return entity.Definition{}, fault.New(fault.NotFound, "unknown-entity", "there is no entity %q: this program knows %s", name, e.names())
}

// Job returns the definition of that job type.
func (e Entities) Job(jobType string) (entity.Definition, error) {
	for _, d := range e {
		if d.JobType == jobType {
			return d, nil
		}
	}
	return entity.Definition{}, fault.New(fault.NotFound, "unknown-entity", "no entity has job type %q: this program knows %s", jobType, e.names())
}

// names lists the definitions for an error.
func (e Entities) names() string {
	names := make([]string, len(e))
	for i, d := range e {
		names[i] = d.Name + " (" + d.JobType + ")"
	}
	return fmt.Sprint(names)
}

// Steps is called with a step's name between any two steps that leave something
// behind. It is nil in production; tests use it to end the process there.
type Steps func(step string)

// at calls the hook, if there is one.
func (s Steps) at(step string) {
	if s != nil {
		s(step)
	}
}
