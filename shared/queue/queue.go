// Package queue says what a wing asks of a task queue.
//
// A task has a name, and the name is its idempotency key: a queue that knows the
// name already has the task, which is success. Names begin with a hash, because
// sequential prefixes slow a queue down, and end with words that an operator can
// read.
//
// A task names a route. A wing names its routes; functions/internal/wire says
// which queue and which address each of them is.
package queue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"time"
)

// Route is a queue and the address that the queue calls.
type Route struct {
	Queue string // the name, without an installation's prefix
	URL   string
	// Setting names the environment variable of URL, for errors.
	Setting string
}

// Routes are the routes of a process by name.
type Routes map[string]Route

// Task is one HTTP request that a queue makes for a wing, at least once.
type Task struct {
	Route string // the name of a route of the sender
	Name  string // made by Name
	Body  []byte // JSON
	// At is when it is delivered at the earliest; zero is now.
	At time.Time
}

// Sender puts tasks into queues. Send returns nil when the queue has the task,
// from this call or an earlier one. It retries within ctx; an error is of kind
// fault.Retry, or fault.Misconfigured where a person has to set the queue, the
// address or a right. Implementations pass queuetest.Run.
type Sender interface {
	Send(ctx context.Context, t Task) error
}

// unfit matches what a task's name may not hold.
var unfit = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// Name returns a task name: sixteen hex digits of a hash over the key, then the
// readable label. The key must name the effect exactly, the label need not.
func Name(key, label string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:8]) + "-" + unfit.ReplaceAllString(label, "-")
}
