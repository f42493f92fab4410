package exchange_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/exchangetest"
)

func TestSessionsInMemory(t *testing.T) {
	exchangetest.RunSessions(t, func(*testing.T) exchangetest.Tables { return exchangetest.NewMemory() },
		func(tables exchangetest.Tables) []exchange.Activity {
			list, _ := tables.(*exchangetest.Memory).Journal(t.Context())
			return list
		})
}

func TestPipeIsAConnection(t *testing.T) {
	exchangetest.RunConn(t, func(*testing.T) (exchange.Conn, exchange.Conn, func()) {
		a, b := exchangetest.Pipe()
		return a, b, a.Close
	})
}

// full is a journal that takes nothing.
type full struct{}

func (full) Record(context.Context, exchange.Activity) error { return errors.New("the disk is full") }

// TestReportKeepsBothErrors has a session fail and its activity as well.
func TestReportKeepsBothErrors(t *testing.T) {
	s := &exchange.Secondary{Journal: full{}, Now: time.Now}
	r := s.Unconnected(t.Context(), exchange.Request{}, time.Now(), errors.New("no route"))
	if !strings.Contains(r.Error, "no route") || !strings.Contains(r.Error, "the disk is full") || r.OK() {
		t.Errorf("%q", r.Error)
	}
	if r := s.Unconnected(t.Context(), exchange.Request{Test: true}, time.Now(), errors.New("no route")); r.Error != "no route" {
		t.Errorf("a run that keeps no activity: %q", r.Error)
	}
}
