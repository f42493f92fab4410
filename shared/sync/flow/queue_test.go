package flow_test

import (
	"slices"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/queuetest"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// TestTheQueueOfTheTests holds the fake to the contract of the real queues.
func TestTheQueueOfTheTests(t *testing.T) {
	queuetest.Run(t, func(*testing.T) queuetest.Queues {
		q := &tasks{known: map[string]bool{}}
		return queuetest.Queues{Sender: q, Routes: []string{run.RouteWindow, run.RoutePage}, Tasks: func() []queue.Task { return slices.Clone(q.list) }}
	})
}
