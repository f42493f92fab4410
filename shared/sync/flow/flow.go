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
	"fmt"
	"time"
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

// together is how long several entities may be asked together before each is asked alone.
func (c Config) together() time.Duration { return min(20*time.Second, c.RunLease/4) }

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
