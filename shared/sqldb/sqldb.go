// Package sqldb is the plumbing under every store: it opens pools, runs
// transactions and statements, says what a database's error means, and migrates
// schemas. It knows no table.
//
// A store keeps its SQL as text beside the function that scans it:
//
//	list, err := sqldb.Collect(ctx, db, scanRun, "SELECT "+runColumns+" FROM sync_run WHERE entity = ?", entity)
//	return list, sqldb.Outage(err, "read the runs")
//
// Statements are portable over MariaDB 10.11 and MySQL 8.0, 8.4 and 9. Times are UTC
// and come from the database's clock. Transactions read committed data: what they
// decide by, they lock.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"maps"
	"net"
	"time"

	driver "github.com/go-sql-driver/mysql"
)

// DB is a pool of connections to our own tables. It is safe for concurrent use.
type DB struct {
	*sql.DB
	Log *slog.Logger // of repeated transactions
}

// Dial opens a connection in place of the driver's own way, as to Cloud SQL.
type Dial = func(ctx context.Context, network, address string) (net.Conn, error)

// life is how long a connection is used. After a fail-over a pool must leave the server
// that it knew, also where it only reads and nothing tells it so; and the driver cannot
// check whether an idle connection of a Dial is still alive.
const life = 2 * time.Minute

// Settings are those of a pool.
type Settings struct {
	DSN            string // in the form of go-sql-driver
	Variable       string // the environment variable that holds DSN, named in errors
	MaxConnections int
	Dial           Dial // nil: the driver's own way
	// Foreign says that the tables are not ours: times arrive as text, and the server's
	// count of affected rows stays.
	Foreign bool
}

// Open returns a pool. It does not connect. Whatever DSN and server say, sessions are as
// session.go sets them, and the driver puts parameters into the statement. On our own
// tables affected rows are matched rows, and times are parsed. An answer of a server that
// became read-only drops its connection.
func Open(s Settings) (*sql.DB, error) {
	cfg, err := driver.ParseDSN(s.DSN)
	if err != nil {
		// The driver's own words may quote the DSN with its password.
		return nil, errors.New(s.Variable + " cannot be read; write it as user:password@tcp(host:3306)/database")
	}
	cfg.ParseTime, cfg.Loc, cfg.InterpolateParams = !s.Foreign, time.UTC, true
	cfg.ClientFoundRows = cfg.ClientFoundRows || !s.Foreign
	cfg.ColumnsWithAlias, cfg.RejectReadOnly = false, true
	if err := cfg.Apply(driver.Charset(charset, collation)); err != nil {
		return nil, err
	}
	maps.DeleteFunc(cfg.Params, func(name, _ string) bool { return ours(name) })
	if s.Dial != nil {
		cfg.DialFunc = s.Dial
	}
	if s.Foreign && tappable(cfg) {
		dial := s.Dial
		if dial == nil {
			dial = (&net.Dialer{Timeout: cfg.Timeout}).DialContext
		}
		cfg.DialFunc = dialTap(dial, cfg.ReadTimeout)
	}
	connector, err := driver.NewConnector(cfg)
	if err != nil {
		return nil, errors.New(s.Variable + " cannot be used: one of its parameters is wrong")
	}
	pool := sql.OpenDB(sessions{connector, s})
	pool.SetMaxOpenConns(s.MaxConnections)
	pool.SetMaxIdleConns(s.MaxConnections)
	pool.SetConnMaxLifetime(life)
	return pool, nil
}
