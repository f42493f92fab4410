package exchange_test

import (
	"testing"

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
