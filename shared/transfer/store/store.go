// Package store holds the SQL on transfer jobs (transfer_job, transfer_job_archive), the
// worker's lease (transfer_lease), what processes leave for each other (transfer_note) and
// starts by schedules and scopes (transfer_start). One code serves MySQL and PostgreSQL;
// dialect.go holds all that differs.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	driver "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// Store is the table of transfer jobs, with what is kept beside them. It is safe for
// concurrent use.
type Store struct {
	tables
	Notes  *Notes
	Starts *Starts
	Views  *Views
}

var _ transfer.Jobs = (*Store)(nil)

// New returns the store over a pool whose sessions are in UTC.
func New(db *sql.DB, d sqldb.Dialect, log *slog.Logger) *Store {
	t := tables{db: db, d: dialects[d], log: log}
	return &Store{tables: t, Notes: &Notes{t}, Starts: &Starts{t}, Views: &Views{t}}
}

// tables is a pool with its dialect.
type tables struct {
	db  *sql.DB
	d   dialect
	log *slog.Logger
}

//go:embed mysql/*.sql postgres/*.sql
var files embed.FS

// Migrations are the schema of a dialect.
func Migrations(d sqldb.Dialect) sqldb.List {
	dir := map[sqldb.Dialect]string{sqldb.MySQL: "mysql", sqldb.PostgreSQL: "postgres"}[d]
	sub, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // the directory is embedded
	}
	return sqldb.List{Files: sub, Table: "transfer_schema"}
}

// exec runs a statement and returns how many rows it matched.
func (s tables) exec(ctx context.Context, e sqldb.Execer, query string, args ...any) (int64, error) {
	return sqldb.Affected(ctx, e, sqldb.Rebind(s.d.name, query), args...)
}

// collect reads jobs.
func (s tables) collect(ctx context.Context, q sqldb.Querier, query string, args ...any) ([]transfer.Job, error) {
	return sqldb.Collect(ctx, q, scanJob, sqldb.Rebind(s.d.name, query), args...)
}

// tries bounds the repeats of a transaction that lost a race of locks.
const tries = 12

// retried runs fn until it does not lose a race of locks. what names it in the error.
func (s tables) retried(ctx context.Context, what string, fn func() error) error {
	for try := 1; ; try++ {
		err := fn()
		if try == tries || !lostRace(err) {
			return sqldb.Outage(err, what)
		}
		s.log.DebugContext(ctx, "a statement lost a race of locks and is repeated", "what", what, "error", err, "try", try)
		select {
		case <-ctx.Done():
			return sqldb.Outage(ctx.Err(), what)
		case <-time.After(time.Duration(try) * 3 * time.Millisecond):
		}
	}
}

// tx runs fn in a transaction, again if it lost a race of locks.
func (s tables) tx(ctx context.Context, what string, fn func(*sql.Tx) error) error {
	return s.retried(ctx, what, func() error {
		tx, err := s.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if err := fn(tx); err != nil {
			if failed := tx.Rollback(); failed != nil && !errors.Is(failed, sql.ErrTxDone) {
				return errors.Join(err, failed)
			}
			return err
		}
		return tx.Commit()
	})
}

// lostRace reports whether the database gave a statement up for another one.
func lostRace(err error) bool {
	var my *driver.MySQLError
	if errors.As(err, &my) {
		return my.Number == 1213 || my.Number == 1205 // dead-lock, lock wait time-out
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40P01" || pg.Code == "40001" || pg.Code == "55P03" // dead-lock, serialization, lock not available
	}
	return false
}

// duplicate reports whether a row with the key was there already.
func duplicate(err error) bool {
	var pg *pgconn.PgError
	return sqldb.IsDuplicate(err) || errors.As(err, &pg) && pg.Code == "23505"
}
