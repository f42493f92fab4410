// Package storetest gives tests a database of their own with our tables.
package storetest

import (
	"sync"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb/sqldbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// DB is a migrated database.
type DB struct {
	*sqldb.DB
	t *testing.T
}

// New returns a fresh database, which ends with the test.
func New(t *testing.T) DB {
	t.Helper()
	return DB{sqldbtest.Open(t, store.Migrations()), t}
}

// Must runs a statement that must not fail.
func (db DB) Must(query string, args ...any) {
	db.t.Helper()
	if _, err := db.Exec(query, args...); err != nil {
		db.t.Fatalf("%s: %v", query, err)
	}
}

// Number returns the only number of a query.
func (db DB) Number(query string, args ...any) (n int64) {
	db.t.Helper()
	if err := db.QueryRow(query, args...).Scan(&n); err != nil {
		db.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// Together calls fn from n goroutines at the same moment and waits for them.
func Together(n int, fn func(i int)) {
	var wait sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wait.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	wait.Wait()
}
