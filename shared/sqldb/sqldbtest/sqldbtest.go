// Package sqldbtest opens our own tables for tests: a fresh database, migrated by some
// lists.
package sqldbtest

import (
	"log/slog"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Open returns a fresh database with the tables of the lists, which ends with the test.
func Open(t testing.TB, lists ...sqldb.List) *sqldb.DB {
	t.Helper()
	return On(t, localdbtest.New(t), lists...)
}

// On is Open on a database that is there.
func On(t testing.TB, dsn string, lists ...sqldb.List) *sqldb.DB {
	t.Helper()
	pool, err := sqldb.Open(sqldb.Settings{DSN: dsn, Variable: "DSN", MaxConnections: 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	db := &sqldb.DB{DB: pool, Log: slog.New(slog.DiscardHandler)}
	if _, err := db.Migrate(t.Context(), lists...); err != nil {
		t.Fatal(err)
	}
	return db
}
