package doctor

import (
	"context"
	"fmt"
	"time"
)

// Queue is the configuration of a queue.
type Queue struct {
	Location    string // such as asia-south1
	Running     bool
	State       string
	PerSecond   float64
	Concurrent  int
	MaxAttempts int // -1 means no limit
	MaxBackoff  time.Duration
}

// Pace is the configuration of the code that the queues must fit.
type Pace struct {
	PageAttempts int
	PageLease    time.Duration
	RunLease     time.Duration
	Deadline     time.Duration // of one delivery
}

// Queues compares a queue with the code's pace. look returns nil for a missing queue.
func Queues(ctx context.Context, name string, p Pace, look func(ctx context.Context, name string) (*Queue, error)) []Finding {
	q, err := look(ctx, name)
	if err != nil {
		return blind("queue "+name, err, "check TASKS_LOCATION, and that the account may read queues (roles/cloudtasks.viewer)")
	}
	if q == nil {
		return one(Fail, "queue "+name+" does not exist", "create it: terraform apply")
	}
	return orOK(q.judge(name, p), "queue %s: %g a second, %d at once, %s attempts", name, q.PerSecond, q.Concurrent, q.attempts())
}

// attempts prints how often a task is tried.
func (q Queue) attempts() string {
	if q.MaxAttempts < 0 {
		return "unlimited"
	}
	return fmt.Sprint(q.MaxAttempts)
}

// judge returns the findings about a queue.
func (q Queue) judge(name string, p Pace) []Finding {
	var found []Finding
	add := func(bad bool, s Severity, do, format string, args ...any) {
		if bad {
			found = append(found, Finding{Severity: s, Message: "queue " + name + " " + fmt.Sprintf(format, args...), Do: do})
		}
	}
	add(!q.Running, Fail, "gcloud tasks queues resume "+name+" --location "+q.Location, "is %s: nothing is delivered", q.State)
	add(q.PerSecond <= 0 || q.Concurrent <= 0, Fail, "set both, as Terraform does", "delivers %g a second and %d at once", q.PerSecond, q.Concurrent)
	add(q.MaxAttempts >= 0 && q.MaxAttempts <= p.PageAttempts, Fail, fmt.Sprintf("raise its max_attempts above PAGE_ATTEMPTS (%d)", p.PageAttempts),
		"drops a task after %d attempts, before its page fails and its run is closed", q.MaxAttempts)
	add(q.MaxBackoff >= p.RunLease, Warn, fmt.Sprintf("lower its max_backoff well below RUN_LEASE (%v)", p.RunLease),
		"may wait %v between two attempts, although a run is taken over after %v", q.MaxBackoff, p.RunLease)
	add(p.Deadline < p.PageLease, Warn, "raise TASKS_DEADLINE, or lower PAGE_LEASE",
		"ends a delivery after %v, although a page may take %v", p.Deadline, p.PageLease)
	return found
}
