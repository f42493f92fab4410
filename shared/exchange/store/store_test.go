package store_test

import (
	"slices"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/exchangetest"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb/sqldbtest"
)

// TestMain starts the tests' database server.
func TestMain(m *testing.M) { localdbtest.Main(m) }

// bench is the store on a migrated database.
type bench struct {
	*store.Store
	db *sqldb.DB
}

// open returns a bench on a fresh database.
func open(t testing.TB) *bench {
	t.Helper()
	db := sqldbtest.Open(t, store.Migrations())
	return &bench{store.New(db), db}
}

func TestSessionsOnTables(t *testing.T) {
	exchangetest.RunSessions(t, func(t *testing.T) exchangetest.Tables { return open(t) }, func(tables exchangetest.Tables) []exchange.Activity {
		list, _, err := tables.(*bench).Activities(t.Context(), 0, 1000)
		if err != nil {
			t.Error(err)
		}
		slices.Reverse(list)
		for i := range list { // so that memory and tables compare alike
			list[i].CreatedAt = list[0].CreatedAt
		}
		return list
	})
}
