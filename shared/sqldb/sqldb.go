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
	sqldriver "database/sql/driver"
	"errors"
	"log/slog"
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

// dialledLife is how long a connection of a Dial is used: the driver cannot check
// whether an idle one is still alive.
const dialledLife = 5 * time.Minute

// Settings are those of a pool.
type Settings struct {
	DSN            string // in the form of go-sql-driver
	Variable       string // the environment variable that holds DSN, named in errors
	MaxConnections int
	Dial           Dial // nil: the driver's own way
	// Foreign says that the tables are not ours: times arrive as text, and the
	// server's isolation level and count of affected rows stay.
	Foreign bool
}

// Open returns a pool. It does not connect. Whatever the DSN says, sessions are in
// UTC and the driver puts parameters into the statement. On our own tables affected
// rows are matched rows, times are parsed, and transactions read committed data.
func Open(s Settings) (*sql.DB, error) {
	cfg, err := driver.ParseDSN(s.DSN)
	if err != nil {
		// The driver's own words may quote the DSN with its password.
		return nil, errors.New(s.Variable + " cannot be read; write it as user:password@tcp(host:3306)/database")
	}
	cfg.ParseTime, cfg.Loc, cfg.InterpolateParams = !s.Foreign, time.UTC, true
	cfg.ClientFoundRows = cfg.ClientFoundRows || !s.Foreign
	if cfg.Params == nil {
		cfg.Params = map[string]string{}
	}
	cfg.Params["time_zone"] = "'+00:00'"
	if s.Dial != nil {
		cfg.DialFunc = s.Dial
	}
	connector, err := driver.NewConnector(cfg)
	if err != nil {
		return nil, errors.New(s.Variable + " cannot be used: one of its parameters is wrong")
	}
	if !s.Foreign {
		connector = readCommitted{connector}
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(s.MaxConnections)
	pool.SetMaxIdleConns(s.MaxConnections)
	if cfg.DialFunc != nil {
		pool.SetConnMaxLifetime(dialledLife)
	}
	return pool, nil
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
