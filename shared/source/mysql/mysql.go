// Package mysql reads the source tables from MySQL or MariaDB.
//
// It has a pool of its own, set up for speed and for UTC: times arrive as text
// (parsed by package record), parameters are put into the statement by the
// driver, and every session's zone is +00:00 whatever the server's is.
package mysql

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"sync"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"gitlab.com/eshopbox-team/return-sync/shared/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// Source reads what changed and what is current. It is safe for concurrent use.
type Source struct {
	db      *sql.DB
	columns sync.Map // definition -> []*sql.ColumnType
}

// Dial opens a connection in place of the driver's own way, as to Cloud SQL.
type Dial = func(ctx context.Context, network, address string) (net.Conn, error)

// dialledLife is how long a connection of a Dial is used: the driver cannot look
// whether one that lay idle is still alive.
const dialledLife = 5 * time.Minute

// Open returns a source for a DSN of the go-sql-driver, connecting by dial if one
// is given. It does not connect.
func Open(dsn string, maxConnections int, dial ...Dial) (*Source, error) {
	cfg, err := driver.ParseDSN(dsn)
	if err != nil {
		// The driver's own words may quote the DSN, password and all.
		return nil, errors.New("SOURCE_DSN cannot be read; write it as user:password@tcp(host:3306)/database")
	}
	cfg.ParseTime = false
	cfg.InterpolateParams = true
	cfg.Loc = time.UTC
	if cfg.Params == nil {
		cfg.Params = map[string]string{}
	}
	cfg.Params["time_zone"] = "'+00:00'"
	if len(dial) > 0 {
		cfg.DialFunc = dial[0]
	}
	connector, err := driver.NewConnector(cfg)
	if err != nil {
		return nil, errors.New("SOURCE_DSN cannot be used: one of its parameters is wrong")
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxConnections)
	if cfg.DialFunc != nil {
		db.SetConnMaxLifetime(dialledLife)
	}
	return &Source{db: db}, nil
}

// SQL returns the pool, for doctors. Times arrive as text.
func (s *Source) SQL() *sql.DB { return s.db }

// Close closes the connections.
func (s *Source) Close() error { return s.db.Close() }

// clockLayout is how NOW(6) prints.
const clockLayout = "2006-01-02 15:04:05.999999"

// Now returns the source database's clock, in UTC. Windows end by it, because
// it is the clock that stamps the rows.
func (s *Source) Now(ctx context.Context) (time.Time, error) {
	var text string
	if err := s.db.QueryRowContext(ctx, "SELECT NOW(6)").Scan(&text); err != nil {
		return time.Time{}, unreachable(err)
	}
	now, err := time.Parse(clockLayout, text)
	if err != nil {
		return time.Time{}, fault.Wrap(err, fault.Internal, "source-clock", "the source database's clock cannot be read")
	}
	return now, nil
}

// EachChanged calls fn with the ids of the roots that a definition's changed.sql
// finds, in batches, in id order and each id once. It is for a source on another
// server than our own tables; on the same one the store lists them itself.
func (s *Source) EachChanged(ctx context.Context, d entity.Definition, args map[string][]any, fn func([]uint64) error) error {
	text, values := d.Changed.Bind(args)
	rows, err := s.db.QueryContext(ctx, "SELECT DISTINCT _root FROM ("+text+") AS changed ORDER BY _root", values...)
	if err != nil {
		return broken(err, d.Source+"/changed.sql")
	}
	defer func() { _ = rows.Close() }()
	const batch = 1000
	ids := make([]uint64, 0, batch)
	for rows.Next() {
		var id uint64
		if err := rows.Scan(&id); err != nil {
			return broken(err, d.Source+"/changed.sql")
		}
		if ids = append(ids, id); len(ids) == batch {
			if err := fn(ids); err != nil {
				return err
			}
			ids = ids[:0]
		}
	}
	if err := rows.Err(); err != nil {
		return broken(err, d.Source+"/changed.sql")
	}
	if len(ids) > 0 {
		return fn(ids)
	}
	return nil
}

// CountChanged returns how many roots changed in a window, at most limit: how
// large a chunk of history would be.
func (s *Source) CountChanged(ctx context.Context, d entity.Definition, w window.Window, limit int64) (n int64, err error) {
	text, values := d.Changed.Bind(map[string][]any{"from": {w.From}, "to": {w.To}})
	err = s.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM (SELECT DISTINCT _root FROM ("+text+") AS changed LIMIT ?) AS counted", append(values, limit)...).Scan(&n)
	return n, broken(err, d.Source+"/changed.sql")
}

// unreachable classifies an error of a statement that is ours and right.
func unreachable(err error) error {
	return fault.Wrap(err, fault.Retry, "source-unreachable", "the source database does not answer")
}

// broken classifies an error of a statement that a definition wrote.
func broken(err error, where string) error {
	return fault.Wrap(err, fault.Retry, "source-query", "the query of "+where+" failed")
}
