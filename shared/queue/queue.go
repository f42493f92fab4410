// Package queue says what the pipeline asks of a task queue.
//
// A task has a name, and the name is what makes sending it twice harmless: a
// queue that knows the name already has the task, which is success. Names lead
// with a hash because sequential prefixes slow a queue down, and go on with
// words that an operator can read.
package queue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"time"
)

// The queues of the pipeline.
const (
	Sync       = "returnSync"           // one task a run: fix the window, cut the pages
	Processing = "returnSyncProcessing" // one task a page
	Backfill   = "returnSyncBackfill"   // pages of jobs, few at a time, and the jobs' own turns
)

// Task is one HTTP request that a queue makes for us, at least once.
type Task struct {
	Queue string // Sync, Processing or Backfill
	Name  string // made by Name
	Body  []byte // JSON
	// At is when it is delivered at the earliest; zero is now.
	At time.Time
	// Turn says that a task in queue Backfill is a job's turn, which the window
	// function plays, and not a page.
	Turn bool
}

// Sender puts tasks into queues. Send returns nil when the queue has the task,
// whether it came now or had come before; it retries what is worth retrying
// within ctx, and what then remains is of kind fault.Retry.
type Sender interface {
	Send(ctx context.Context, t Task) error
}

// unfit is what a task's name may not hold.
var unfit = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// Name returns a task name: sixteen hex digits of a hash over the key, then the
// readable label. The key must name the effect exactly, the label need not.
func Name(key, label string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:8]) + "-" + unfit.ReplaceAllString(label, "-")
}
