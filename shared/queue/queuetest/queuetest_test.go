package queuetest_test

import (
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/queue/queuetest"
)

func TestMemory(t *testing.T) {
	queuetest.Run(t, func(*testing.T) queuetest.Queues {
		m := &queuetest.Memory{}
		return queuetest.Queues{Sender: m, Routes: []string{"a", "b"}, Tasks: m.Tasks}
	})
}
