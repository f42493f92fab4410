package transfer

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store"
)

// queueName is the wing's queue, and routeTurn the route of its tasks.
const (
	queueName = "transfer"
	routeTurn = "transfer-turn"
)

// starting is what everybody reads of the environment who wakes the worker.
type starting struct {
	// URL is the address of the function that works.
	URL string `env:"TRANSFER_URL"`
	// Debounce is how old a job must be, so that a burst of changes ends in its newest.
	Debounce time.Duration `env:"TRANSFER_DEBOUNCE, default=5s"`
}

// waker wakes the worker by tasks, one a second at most: the second is the task's name,
// so all who ask for it ask for one task. A task is delivered after its second has begun,
// so it is never older than who asked.
type waker struct {
	queue queue.Sender
	now   func() time.Time

	mu   sync.Mutex
	last time.Time // the second of the last task
}

// waker opens the queue. ctx is that of the process.
func (c starting) waker(ctx context.Context, o wire.Opening) (*waker, error) {
	if c.URL == "" {
		return nil, fault.New(fault.Misconfigured, "transfer-settings", "TRANSFER_URL is missing: where queue %s delivers to", queueName)
	}
	sender, err := o.Tasks(context.WithoutCancel(ctx), queue.Routes{routeTurn: {Queue: queueName, URL: c.URL, Setting: "TRANSFER_URL"}})
	return &waker{queue: sender, now: time.Now}, err
}

// Wake asks for a turn of the worker at a time, at the earliest in the next second.
func (w *waker) Wake(ctx context.Context, at time.Time) error {
	if now := w.now(); at.Before(now) {
		at = now
	}
	second := at.UTC().Truncate(time.Second).Add(time.Second)
	w.mu.Lock()
	known := w.last.Equal(second)
	w.mu.Unlock()
	if known {
		return nil
	}
	name := "transfer-" + second.Format("20060102-150405")
	if err := w.queue.Send(ctx, queue.Task{Route: routeTurn, Name: queue.Name(name, name), Body: []byte("{}"), At: second}); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = second
	return nil
}

// The targets of schedules; members of scopes have the first alone.
const (
	targetJobs     = "jobs"     // works off what waits
	targetProtocol = "protocol" // copies finished jobs
	targetRetry    = "retry"    // gives failed jobs another run
)

// starter starts the worker for schedules, scopes and people.
type starter struct {
	jobs *store.Store
	wake func(ctx context.Context) error
	// runs is how many runs a job may have had that is tried again.
	runs int
}

// starterOf opens the starter; the queue opens at the first start, so that programs that
// only check targets need none.
func starterOf(ctx context.Context, o wire.Opening) (*starter, error) {
	var c struct {
		starting
		RunLimit int `env:"TRANSFER_RUN_LIMIT, default=5"`
	}
	if err := wire.Configure(ctx, o.Lookup, &c); err != nil {
		return nil, err
	}
	open := sync.OnceValues(func() (*waker, error) { return c.waker(ctx, o) })
	return &starter{jobs: jobsOf(o.Pool, o.Log), runs: c.RunLimit, wake: func(ctx context.Context) error {
		w, err := open()
		if err != nil {
			return err
		}
		return w.Wake(ctx, time.Now().Add(c.Debounce))
	}}, nil
}

// kinds opens the kind transfer of schedules.
func kinds(ctx context.Context, o wire.Opening, start bool) (schedule.Kinds, error) {
	s, err := starterOf(ctx, o)
	if err != nil {
		return nil, err
	}
	kind := schedule.Kind{Name: Name, Check: func(_ context.Context, target string) error {
		switch target {
		case targetJobs, targetProtocol, targetRetry:
			return nil
		}
		return fault.New(fault.Invalid, "no-target", "transfer has no target %q: want %s, %s or %s", target, targetJobs, targetProtocol, targetRetry)
	}}
	if start {
		kind.Start = func(ctx context.Context, spec schedule.Spec, _ string) (string, error) {
			said := "the worker was woken"
			if spec.Target == targetRetry {
				n, err := s.jobs.RetryFailed(ctx, s.runs)
				if err != nil {
					return "", err
				}
				said = fmt.Sprintf("%d failed jobs are tried again", n)
			}
			return said, s.wake(ctx)
		}
	}
	return schedule.Kinds{kind}, nil
}

// scopeMembers opens the wing's member of scopes.
func scopeMembers(ctx context.Context, o wire.Opening) (member.Other, error) {
	s, err := starterOf(ctx, o)
	return members{s}, err
}

// members is the member transfer:jobs of scopes: the jobs that are there at the start. It
// implements member.Other.
type members struct{ *starter }

// Kind implements member.Other.
func (members) Kind() string { return Name }

// Check implements member.Other.
func (members) Check(_ context.Context, name string) error {
	if name != targetJobs {
		return fault.New(fault.Invalid, "no-target", "transfer has no member %q: want %s:%s", name, Name, targetJobs)
	}
	return nil
}

// Start implements member.Other.
func (m members) Start(ctx context.Context, _, key string) (ref string, err error) {
	id, err := m.jobs.Starts.Start(ctx, key)
	if err == nil {
		err = m.wake(ctx)
	}
	return strconv.FormatInt(id, 10), err
}

// State implements member.Other. What a worker does not touch for too long is given up.
func (m members) State(ctx context.Context, ref string) (scope.State, string, error) {
	id, err := strconv.ParseInt(ref, 10, 64)
	if err != nil {
		return "", "", fault.New(fault.NotFound, "no-start", "%q is no start of transfers", ref)
	}
	p, err := m.jobs.Starts.Progress(ctx, id)
	if err != nil {
		return "", "", err
	}
	switch {
	case p.Open == 0 && p.Failed == 0:
		return scope.Synced, "", nil
	case p.Open == 0:
		return scope.Failed, fmt.Sprintf("%d transfer jobs failed", p.Failed), nil
	}
	life, err := lifeOf(ctx, m.jobs)
	if err == nil && !life.alive(silence) && p.Since > silence {
		return scope.Interrupted, "the worker of transfers does not answer; start it again when it does", nil
	}
	return scope.Syncing, "", err
}

// silence is how long the worker may give no sign: the scheduler calls it every minute.
const silence = 15 * time.Minute

// life is when the worker gave its last sign.
type life struct {
	held      bool // a process holds the lease
	sign, now time.Time
}

// alive reports whether the worker works, or did so lately.
func (l life) alive(silence time.Duration) bool {
	return l.held || !l.sign.IsZero() && l.now.Sub(l.sign) <= silence
}

// lifeOf reads when the worker gave its last sign.
func lifeOf(ctx context.Context, jobs *store.Store) (life, error) {
	holder, err := jobs.Holder(ctx)
	if err != nil {
		return life{}, err
	}
	note, err := jobs.Notes.Note(ctx, transfer.NoteWorker)
	return life{held: holder.Token != "", sign: note.At, now: note.Now}, err
}
