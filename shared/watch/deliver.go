package watch

import (
	"context"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert/alertstore"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/lease"
)

// How messages are sent.
const (
	messageLease = time.Minute      // longer than a channel takes for a message
	deliverFor   = 45 * time.Second // of a round, for one channel
	shortWait    = 10 * time.Second // the longest pause within a round
	firstBackoff = time.Minute
	mostBackoff  = time.Hour
	giveUpAfter  = 7 * 24 * time.Hour
)

// deliver sends a channel's messages in order and stops at the first failure.
func (w *Watcher) deliver(ctx context.Context, c Channel) (sent int, err error) {
	limited, cancel := context.WithTimeout(ctx, deliverFor)
	defer cancel()
	for limited.Err() == nil {
		n, ok, err := w.Alerts.Take(limited, c.Name, lease.Grant{Token: lease.NewToken(), For: messageLease})
		if err != nil || !ok {
			return sent, err
		}
		problem := c.Send(limited, n.Message)
		// A sent message is marked even if the round's time is over.
		noted := context.WithoutCancel(ctx)
		if problem == nil {
			sent++
			if err := w.Alerts.Sent(noted, n); err != nil {
				return sent, err
			}
			continue
		}
		after, err := w.unsent(noted, n, problem)
		if err != nil || after > shortWait {
			return sent, err
		}
		pause(limited, after)
	}
	return sent, nil
}

// unsent notes that a message did not go through, and returns how long nothing
// need be tried on its channel.
func (w *Watcher) unsent(ctx context.Context, n alertstore.OutboxRow, problem error) (time.Duration, error) {
	log := w.Log.With("channel", n.Channel, "alert", n.Message.Title, "attempt", n.Attempts, "error", problem.Error())
	if fault.KindOf(problem) == fault.Invalid || n.Age > giveUpAfter {
		log.ErrorContext(ctx, "an alert could not be sent and is given up")
		return 0, w.Alerts.Refuse(ctx, n, problem.Error())
	}
	after := putOff(n.Attempts, problem)
	log.WarnContext(ctx, "an alert could not be sent; a later round sends it", "after", after.String())
	return after, w.Alerts.PutOff(ctx, n, after, problem.Error())
}

// putOff returns the pause after so many attempts: the channel's own request, else an
// exponential back-off.
func putOff(attempts int, problem error) time.Duration {
	if after := fault.AfterOf(problem); after > 0 {
		return min(after, mostBackoff)
	}
	backoff := firstBackoff
	for i := 1; i < attempts && backoff < mostBackoff; i++ {
		backoff *= 2
	}
	return min(backoff, mostBackoff)
}

// tick is added to a pause, so that the database's clock agrees about its end.
const tick = 20 * time.Millisecond

// pause waits, at most until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d + tick)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
