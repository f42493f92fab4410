package rework

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/states"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// Chains is what starting chains of tasks needs of our tables.
type Chains interface {
	// SilentJobs returns the running jobs whose next turn is overdue by so long.
	SilentJobs(ctx context.Context, silence time.Duration) ([]Job, error)
	// Kick begins a new chain for a running job and returns its turn; false says that
	// the job does not run.
	Kick(ctx context.Context, id int64) (turn int64, ok bool, err error)
}

// Waker starts the chains of tasks of jobs. It is safe for concurrent use.
type Waker struct {
	Jobs    Chains
	Queue   queue.Sender
	Silence time.Duration // how long a turn may be overdue
	Log     *slog.Logger
	Steps   states.Steps
}

// WakeSilent starts the chain of every silent job again: the process of its last
// turn died, or the queue was emptied.
func (w *Waker) WakeSilent(ctx context.Context) error {
	silent, err := w.Jobs.SilentJobs(ctx, w.Silence)
	if err != nil {
		return err
	}
	problems := []error{}
	for _, j := range silent {
		w.Log.WarnContext(ctx, "a silent job is started again", "entity", j.Entity, "job", j.ID, "turn", j.Turn)
		problems = append(problems, w.Wake(ctx, j.ID))
	}
	return errors.Join(problems...)
}

// Wake starts a running job's chain of tasks, for the first time or again.
func (w *Waker) Wake(ctx context.Context, id int64) error {
	turn, ok, err := w.Jobs.Kick(ctx, id)
	if err != nil || !ok {
		return err
	}
	w.Steps.At("job-kicked")
	return sendTurn(ctx, w.Queue, run.RouteFirstTurn, Task{JobID: id, Turn: turn, Resend: true}, time.Time{})
}
