// Package storetest gives tests the tables of transfer jobs on a database of their own.
package storetest

import (
	"database/sql"
	"log/slog"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/pgtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store"
)

// DB is a migrated database with its store and its address.
type DB struct {
	*store.Store
	Pool    *sql.DB
	Dialect sqldb.Dialect
	DSN     string        // of MySQL
	Address store.Address // of PostgreSQL
}

// Each runs a test on both databases.
func Each(t *testing.T, fn func(t *testing.T, db DB)) {
	t.Run("MySQL", func(t *testing.T) { fn(t, MySQL(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { fn(t, PostgreSQL(t)) })
}

// MySQL returns the tables on the private MariaDB.
func MySQL(t testing.TB) DB {
	t.Helper()
	dsn := localdbtest.New(t)
	pool, err := sqldb.Open(sqldb.Settings{DSN: dsn, Variable: "DSN", MaxConnections: 40})
	if err != nil {
		t.Fatal(err)
	}
	return migrated(t, DB{Pool: pool, Dialect: sqldb.MySQL, DSN: dsn})
}

// PostgreSQL returns the tables on the private PostgreSQL, for a user who may create
// tables in one schema.
func PostgreSQL(t testing.TB) DB {
	t.Helper()
	d := pgtest.New(t)
	a := store.Address{Host: d.Host, Port: d.Port, Name: d.Name, User: d.User, Password: d.Password}
	pool, err := store.OpenPostgreSQL(a)
	if err != nil {
		t.Fatal(err)
	}
	return migrated(t, DB{Pool: pool, Dialect: sqldb.PostgreSQL, Address: a})
}

// Of returns the tables on a pool whose schema is there already.
func Of(pool *sql.DB, d sqldb.Dialect) DB {
	return DB{Store: store.New(pool, d, slog.New(slog.DiscardHandler)), Pool: pool, Dialect: d}
}

// migrated migrates twice, as two processes would.
func migrated(t testing.TB, db DB) DB {
	t.Helper()
	t.Cleanup(func() { _ = db.Pool.Close() })
	log := slog.New(slog.DiscardHandler)
	for range 2 {
		if err := store.Migrate(t.Context(), db.Pool, db.Dialect, log); err != nil {
			t.Fatal(err)
		}
	}
	db.Store = store.New(db.Pool, db.Dialect, log)
	return db
}
