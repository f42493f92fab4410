// Package store keeps the exchange wing's rows in MySQL: the tables exchange_*, one
// file a noun.
//
// It implements what a session asks of both sides (exchange.Catalog, Content, Local,
// Copy and Journal) and what the server's routes need. Content changes in one
// transaction a swap, a publication or a request, so a reader sees the old content or
// the new one.
package store

import (
	"embed"
	"io/fs"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations returns the list of the wing's migrations.
func Migrations() sqldb.List {
	dir, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return sqldb.List{Files: dir, Table: "exchange_schema"}
}

// Store is the tables. It is safe for concurrent use.
type Store struct{ db *sqldb.DB }

// New returns the store over a pool.
func New(db *sqldb.DB) *Store { return &Store{db} }

// bin returns an id as its column has it. An id that is passed as it is would be sent
// as text.
func bin(id exchange.ID) []byte { return id[:] }

// bins returns ids as arguments behind others.
func bins(ids []exchange.ID, before ...any) []any {
	args := before
	for _, id := range ids {
		args = append(args, bin(id))
	}
	return args
}

// moment scans a time, the zero time for NULL.
type moment struct{ to *time.Time }

// Scan implements sql.Scanner.
func (m moment) Scan(value any) error {
	*m.to, _ = value.(time.Time)
	return nil
}

// orNull returns a time as its column has it.
func orNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC()
}
