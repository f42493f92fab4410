package store_test

import (
	"context"
	"iter"
	"slices"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/exchangetest"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb/sqldbtest"
)

// TestMain starts the tests' database server.
func TestMain(m *testing.M) { localdbtest.Main(m) }

// The nouns whose methods the sessions' suite asks for, by names that no method has.
type (
	activities    = store.Activities
	companies     = store.Companies
	content       = store.Grains
	slicesTable   = store.Slices
	subscriptions = store.Subscriptions
)

// bench is the store on a migrated database, with the right to sync with a partner.
type bench struct {
	*store.Store
	*activities
	*companies
	*content
	*slicesTable
	*subscriptions
	*store.Copies
	db *sqldb.DB
}

// IDs implements exchange.Index.
func (b *bench) IDs(ctx context.Context, slice exchange.ID, r exchange.Range) iter.Seq2[exchange.ID, error] {
	return b.Grains.IDs(ctx, slice, r)
}

// Count implements exchange.Index.
func (b *bench) Count(ctx context.Context, slice exchange.ID, r exchange.Range) (int, error) {
	return b.Grains.Count(ctx, slice, r)
}

// AllSubscriptions implements exchangetest.Tables.
func (b *bench) AllSubscriptions(ctx context.Context, company *exchange.ID) ([]exchange.Subscription, error) {
	return b.Subscriptions.List(ctx, company)
}

// open returns a bench on a fresh database.
func open(t testing.TB) *bench {
	t.Helper()
	db := sqldbtest.Open(t, store.Migrations())
	s := store.New(db)
	b := &bench{s, s.Activities, s.Companies, s.Grains, s.Slices, s.Subscriptions, nil, db}
	var err error
	if b.Copies, err = b.Rights.Hold(t.Context(), exchange.NewID(), time.Hour); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSessionsOnTables(t *testing.T) {
	exchangetest.RunSessions(t, func(t *testing.T) exchangetest.Tables { return open(t) }, func(tables exchangetest.Tables) []exchange.Activity {
		list, _, err := tables.(*bench).Activities.List(t.Context(), 0, 1000)
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
