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

// Store is the tables, one field a noun. It is safe for concurrent use.
type Store struct {
	Activities    *Activities
	Companies     *Companies
	Grains        *Grains
	Keys          *Keys
	Rights        *Rights
	Slices        *Slices
	Standing      *Standing
	Starts        *Starts
	Subscriptions *Subscriptions
	Tags          *Tags
	Users         *Users
}

// New returns the store over a pool.
func New(db *sqldb.DB) *Store {
	return &Store{
		&Activities{db}, &Companies{db}, &Grains{db}, &Keys{db}, &Rights{db}, &Slices{db}, &Standing{db}, &Starts{db}, &Subscriptions{db}, &Tags{db}, &Users{db},
	}
}

// The nouns.
type (
	// Activities is the table of what was exchanged. It implements exchange.Journal.
	Activities struct{ db *sqldb.DB }
	// Companies is the table of companies, and of the keys with which we log in there.
	Companies struct{ db *sqldb.DB }
	// Grains is the table of slices' content. It implements exchange.Content.
	Grains struct{ db *sqldb.DB }
	// Keys is the table of keys that were given out.
	Keys struct{ db *sqldb.DB }
	// Rights is the table of rights to sync with a partner.
	Rights struct{ db *sqldb.DB }
	// Slices is the table of slices.
	Slices struct{ db *sqldb.DB }
	// Standing reads of all tables how partners and subscriptions stand.
	Standing struct{ db *sqldb.DB }
	// Starts is the table of syncs that schedules, scopes and people started.
	Starts struct{ db *sqldb.DB }
	// Subscriptions is the table of subscriptions. It implements exchange.Catalog.
	Subscriptions struct{ db *sqldb.DB }
	// Tags is the table of tags and of slices that have them.
	Tags struct{ db *sqldb.DB }
	// Users is the table of people and programs that log in.
	Users struct{ db *sqldb.DB }
)

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
