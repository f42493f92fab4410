// Package store holds all SQL on the sync's own tables, one file a noun. Package
// sqldb says what holds for every statement. A caller that lost a race learns it as a
// false or an error.
package store

import (
	"database/sql"
	"embed"
	"io/fs"
	"log/slog"
	"sync"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// DB is the sync's own tables. It is safe for concurrent use.
type DB struct {
	sql *sqldb.DB

	insertLedger, replaceLedger *kept
	firsts                      sync.Map // see FirstDefinition
	publisher                   Publisher
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
	return &DB{
		sql:           &sqldb.DB{DB: pool, Log: log},
		insertLedger:  &kept{write: insertLedger, width: ledgerWidth},
		replaceLedger: &kept{write: replaceLedger, width: ledgerWidth},
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
