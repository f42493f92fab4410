// Package store holds all SQL on our own tables, one file a noun.
//
// Every statement is portable over MariaDB 10.11 and MySQL 8.0, 8.4 and 9. Times
// are UTC and come from this database's clock. Transactions read committed data:
// what they decide by, they lock. A statement that must touch one row checks
// that it did, and a caller that lost a race learns it as a false or an error,
// never as silence.
package store

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	driver "github.com/go-sql-driver/mysql"

	"gitlab.com/eshopbox-team/return-sync/shared/sqlfault"
)

// DB is our own tables. It is safe for concurrent use.
type DB struct {
	sql *sql.DB
	log *slog.Logger

	insertLedger, replaceLedger *kept
	firsts                      sync.Map // see FirstDefinition
}

// Dial opens a connection in place of the driver's own way, as to Cloud SQL.
type Dial = func(ctx context.Context, network, address string) (net.Conn, error)

// dialledLife is how long a connection of a Dial is used: the driver cannot look
// whether one that lay idle is still alive.
const dialledLife = 5 * time.Minute

// Open returns the tables behind a DSN of the go-sql-driver, connecting by dial if
// one is given. It does not connect. Whatever the DSN says, sessions are in UTC
// and affected rows are matched rows.
func Open(dsn string, maxConnections int, log *slog.Logger, dial ...Dial) (*DB, error) {
	cfg, err := driver.ParseDSN(dsn)
	if err != nil {
		// The driver's own words may quote the DSN, password and all.
		return nil, errors.New("STATE_DSN (or SOURCE_DSN) cannot be read; write it as user:password@tcp(host:3306)/database")
	}
	cfg.ParseTime, cfg.Loc, cfg.InterpolateParams, cfg.ClientFoundRows = true, time.UTC, true, true
	if cfg.Params == nil {
		cfg.Params = map[string]string{}
	}
	cfg.Params["time_zone"] = "'+00:00'"
	if len(dial) > 0 {
		cfg.DialFunc = dial[0]
	}
	connector, err := driver.NewConnector(cfg)
	if err != nil {
		return nil, errors.New("STATE_DSN (or SOURCE_DSN) cannot be used: one of its parameters is wrong")
	}
	db := sql.OpenDB(readCommitted{connector})
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxConnections)
	if cfg.DialFunc != nil {
		db.SetConnMaxLifetime(dialledLife)
	}
	return &DB{
		sql: db, log: log,
		insertLedger:  &kept{write: insertLedger, width: ledgerWidth},
		replaceLedger: &kept{write: replaceLedger, width: ledgerWidth},
	}, nil
}

// readCommitted opens connections whose transactions read committed data, which
// spares each transaction a statement that says so. The DSN cannot say it: the
// variable has one name on MySQL and another on MariaDB.
type readCommitted struct{ sqldriver.Connector }

// Connect implements driver.Connector.
func (c readCommitted) Connect(ctx context.Context) (sqldriver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	_, err = conn.(sqldriver.ExecerContext).ExecContext(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", nil)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// Close closes the connections.
func (db *DB) Close() error { return db.sql.Close() }

// SQL returns the pool, for what is not about our tables: health and doctors.
func (db *DB) SQL() *sql.DB { return db.sql }

// MySQL's error numbers for a lost race of locks.
const (
	lockDeadlock = 1213
	lockTimeout  = 1205
)

// lockTries is how often a transaction that lost a race of locks is repeated.
const lockTries = 8

// inTx runs fn in a transaction and repeats it when the database chose it as
// the victim of a deadlock. what names it in the log.
func (db *DB) inTx(ctx context.Context, what string, fn func(*sql.Tx) error) error {
	for try := 1; ; try++ {
		err := db.tx(ctx, fn)
		var my *driver.MySQLError
		if try == lockTries || !errors.As(err, &my) || my.Number != lockDeadlock && my.Number != lockTimeout {
			return outage(err, what)
		}
		db.log.WarnContext(ctx, "a transaction lost a race of locks and is repeated", "what", what, "mysqlError", my.Number, "try", try)
		time.Sleep(time.Duration(try) * 5 * time.Millisecond)
	}
}

// tx runs fn in one transaction.
func (db *DB) tx(ctx context.Context, fn func(*sql.Tx) error) error {
	tx, err := db.sql.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	return tx.Commit()
}

// ignoreDone drops the error of rolling back what the context has ended.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// outage classifies an error of a statement: what has a kind keeps it.
func outage(err error, what string) error { return sqlfault.Ours(err, what) }

// execer is a transaction or the pool.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// touched runs a statement and returns how many rows it matched.
func touched(ctx context.Context, e execer, query string, args ...any) (int64, error) {
	res, err := e.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// micros returns a duration as MySQL's INTERVAL ? MICROSECOND wants it.
func micros(d time.Duration) int64 { return d.Microseconds() }

// cut makes a text fit for a column: no longer than n bytes, and only whole
// letters, because a strict server refuses the row for anything else.
func cut(s string, n int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= n {
		return s
	}
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// placeholders returns "(?,?),(?,?)" for rows of width values each.
func placeholders(rows, width int) string {
	one := make([]byte, 0, 2*width+1)
	one = append(one, '(')
	for i := range width {
		if i > 0 {
			one = append(one, ',')
		}
		one = append(one, '?')
	}
	one = append(one, ')')
	all := make([]byte, 0, rows*(len(one)+1))
	for i := range rows {
		if i > 0 {
			all = append(all, ',')
		}
		all = append(all, one...)
	}
	return string(all)
}
