// Package store holds the SQL on the reports wing's tables, report_*: types, reports,
// their accounts, loaded rows, parked rows, and rate limits that processes share.
//
// Every change of a report's state is one conditional UPDATE over the states that the
// diagram of package report allows, with the token of the caller's lease. A caller
// that was taken over gets a fault.Superseded and has changed nothing.
package store

import (
	"context"
	"embed"
	"io/fs"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Store is the reports wing's tables. It is safe for concurrent use.
type Store struct {
	Types *Types
	db    *sqldb.DB
}

// Types is the table of report types.
type Types struct{ db *sqldb.DB }

// New returns the store over a pool.
func New(db *sqldb.DB) *Store { return &Store{&Types{db}, db} }

//go:embed migrations/*.sql
var files embed.FS

// Migrations returns the schema of the wing's tables.
func Migrations() sqldb.List {
	numbered, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the name is valid
	}
	return sqldb.List{Files: numbered, Table: "report_schema"}
}

// Now returns the database's clock.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	var now time.Time
	err := s.db.QueryRowContext(ctx, "SELECT NOW(6)").Scan(&now)
	return now, sqldb.Outage(err, "read the database's clock")
}
