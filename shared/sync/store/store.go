// Package store holds all SQL on the sync's own tables, one type for what is kept
// together, one file a noun. Package sqldb says what holds for every statement. A
// caller that lost a race learns it as a false or an error.
package store

import (
	"context"
	"database/sql"
	"embed"
	"io/fs"
	"log/slog"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// DB is the sync's own tables, one type for what is kept together. It is safe for
// concurrent use.
type DB struct {
	Claims      *Claims
	Runs        *Runs
	Changes     *Changes
	Pages       *Pages
	Ledger      *Ledger
	Parked      *ParkedList
	Jobs        *Jobs
	Targets     *Targets
	Comparisons *Comparisons
	Indices     *Indices
	Facts       *Facts
	Keys        *Keys
	Follow      *Follow

	sql *sqldb.DB
}

// Open returns the tables behind a DSN of the go-sql-driver, connecting by dial if
// one is given. It does not connect.
func Open(dsn string, maxConnections int, log *slog.Logger, dial ...sqldb.Dial) (*DB, error) {
	s := sqldb.Settings{DSN: dsn, Variable: "STATE_DSN (or SOURCE_DSN)", MaxConnections: maxConnections}
	if len(dial) > 0 {
		s.Dial = dial[0]
	}
	pool, err := sqldb.Open(s)
	if err != nil {
		return nil, err
	}
	db := &sqldb.DB{DB: pool, Log: log}
	runs := &Runs{sql: db}
	return &DB{
		Claims:  &Claims{sql: db},
		Runs:    runs,
		Changes: &Changes{sql: db},
		Pages: &Pages{
			sql: db, runs: runs,
			insertLedger:  &kept{write: insertLedger, width: ledgerWidth},
			replaceLedger: &kept{write: replaceLedger, width: ledgerWidth},
		},
		Ledger:      &Ledger{sql: db},
		Parked:      &ParkedList{sql: db},
		Jobs:        &Jobs{sql: db},
		Targets:     &Targets{sql: db},
		Comparisons: &Comparisons{sql: db},
		Indices:     &Indices{sql: db},
		Facts:       &Facts{sql: db},
		Keys:        &Keys{sql: db},
		Follow:      &Follow{sql: db},
		sql:         db,
	}, nil
}

// Close closes the connections.
func (db *DB) Close() error { return db.sql.Close() }

// Pool returns the pool, for the stores of the other tables beside these.
func (db *DB) Pool() *sqldb.DB { return db.sql }

// SQL returns the pool's connections, for health checks and doctors.
func (db *DB) SQL() *sql.DB { return db.sql.DB }

//go:embed migrations/*.sql
var files embed.FS

// Migrations returns the schema of all our tables.
func Migrations() sqldb.List {
	numbered, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the name is valid
	}
	return sqldb.List{Files: numbered, Table: "sync_schema"}
}

// Now returns this database's clock in UTC, whether our tables are there or not.
func (db *DB) Now(ctx context.Context) (now time.Time, err error) {
	err = db.sql.QueryRowContext(ctx, "SELECT NOW(6)").Scan(&now)
	return now, sqldb.Outage(err, "read the clock")
}
