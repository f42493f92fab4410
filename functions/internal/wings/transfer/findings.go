package transfer

import (
	"context"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// The kinds of the wing's findings.
const (
	waiting  judge.Kind = "queue-old"
	failing  judge.Kind = "job-failed"
	silent   judge.Kind = "worker-silent"
	drifting judge.Kind = "clocks-differ"
)

// findings opens the reader of what is wrong with transfers.
func findings(ctx context.Context, o wire.Opening) (func(context.Context) ([]judge.Further, error), error) {
	c, err := patienceOf(ctx, o)
	if err != nil {
		return nil, err
	}
	jobs := jobsOf(o.Pool, o.Log)
	return func(ctx context.Context) ([]judge.Further, error) {
		s, err := jobs.Views.Standing(ctx)
		if err != nil {
			return nil, err
		}
		l, err := lifeOf(ctx, jobs)
		if err != nil {
			return nil, err
		}
		clocks, err := clockState(ctx, jobs.Notes)
		return judged(s, l, clocks, c.QueueAge), err
	}, nil
}

// patienceConfig holds the environment's settings of what needs people.
type patienceConfig struct {
	QueueAge time.Duration `env:"TRANSFER_QUEUE_AGE, default=15m"`
}

// patienceOf reads how long a job may wait.
func patienceOf(ctx context.Context, o wire.Opening) (c patienceConfig, err error) {
	if err = wire.Configure(ctx, o.Lookup, &c); err == nil && c.QueueAge <= 0 {
		err = fmt.Errorf("TRANSFER_QUEUE_AGE must be above 0")
	}
	return c, err
}

// judged judges the queue, the worker and the clocks. It is pure.
func judged(s transfer.Standing, l life, clocks clock.State, age time.Duration) (found []judge.Further) {
	add := func(kind judge.Kind, subject int64, title, problem, do string) {
		found = append(found, judge.Further{
			Finding: judge.Finding{Kind: kind, Entity: targetJobs, Problem: problem, Do: do}, Title: title, Text: problem + ".", Subject: subject,
		})
	}
	if clocks.LockedUntil.After(s.Now) {
		add(drifting, 0, "Transfers are locked: clocks differ", fmt.Sprintf("a clock is %s off, so no transfer job runs", clocks.Reading.Worst().Round(time.Millisecond)),
			"set the machine's clock by NTP; work goes on by itself when the clocks agree")
	}
	if s.Waiting > 0 && !l.alive(silence) {
		add(silent, 0, "The worker of transfers gives no sign", fmt.Sprintf("%d transfer jobs wait, and the worker has given no sign for %s", s.Waiting, judge.Age(silence)),
			"see whether the queue "+queueName+" and the job "+job+" call the function: returnsync doctor")
	}
	if s.Since != nil && s.Now.Sub(*s.Since) > age {
		add(waiting, 0, "Transfer jobs wait too long", fmt.Sprintf("the oldest of %d open transfer jobs has waited for %s", s.Waiting, judge.Age(s.Now.Sub(*s.Since))),
			"see whether both systems answer; raise TRANSFER_THREADS if they do")
	}
	if s.Failed > 0 {
		problem := fmt.Sprintf("%d transfer jobs failed", s.Failed)
		if s.Failed == 1 {
			problem = "a transfer job failed"
		}
		add(failing, s.Newest, "Transfer jobs failed", problem, "see why on the page Transfer of the console, and try them again there")
	}
	return found
}
