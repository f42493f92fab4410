// Package mysql reads the source tables from MySQL or MariaDB.
//
// It has a pool of its own, set up for speed and for UTC: times arrive as text (parsed
// by package record), the driver puts parameters into the statement, and every session's
// zone is +00:00 whatever the server's is.
//
// Callers know roots by numbers. Where a definition's roots are keys of another kind, this
// room gives them numbers when it lists them and binds the keys where a caller names
// numbers; see keys.go.
package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// Source reads changed roots and current rows. It is safe for concurrent use.
type Source struct {
	db      *sql.DB
	aside   *sql.DB   // for questions while a statement's rows are read, so that none waits for the other
	columns *sync.Map // definition -> []*sql.ColumnType
	letters *sync.Map // definition -> []letters: how the source compares its keys
	numbers Numbers   // nil where no definition has keys
}

// Open returns a source for a DSN of the go-sql-driver, connecting by dial if one
// is given. It does not connect.
func Open(dsn string, maxConnections int, dial ...sqldb.Dial) (*Source, error) {
	s := sqldb.Settings{DSN: dsn, Variable: "SOURCE_DSN", MaxConnections: maxConnections, Foreign: true}
	if len(dial) > 0 {
		s.Dial = dial[0]
	}
	db, err := sqldb.Open(s)
	if err != nil {
		return nil, err
	}
	s.MaxConnections = asideConnections
	aside, err := sqldb.Open(s)
	if err != nil {
		return nil, err
	}
	return &Source{db: db, aside: aside, columns: &sync.Map{}, letters: &sync.Map{}}, nil
}

// asideConnections is how many connections the questions about keys take at most.
const asideConnections = 2

// SQL returns the pool, for doctor. Times arrive as text.
func (s *Source) SQL() *sql.DB { return s.db }

// Close closes the connections.
func (s *Source) Close() error { return errors.Join(s.db.Close(), s.aside.Close()) }

// clockLayout is the format of NOW(6).
const clockLayout = "2006-01-02 15:04:05.999999"

// Now returns the source database's clock, in UTC. Windows end by this clock, because it
// stamps the rows.
func (s *Source) Now(ctx context.Context) (time.Time, error) {
	var text string
	if err := s.db.QueryRowContext(ctx, "SELECT NOW(6)").Scan(&text); err != nil {
		return time.Time{}, sqldb.Source(err)
	}
	now, err := time.Parse(clockLayout, text)
	if err != nil {
		return time.Time{}, fault.Wrap(err, fault.Internal, "source-clock", "the source database's clock cannot be read")
	}
	return now, nil
}

// EachChanged calls fn with the ids of the roots that a definition's changed.sql finds,
// in batches, in id order and each id once. Rows whose root is NULL or negative are left
// out and counted; if no other root is found, they are the definition's mistake.
func (s *Source) EachChanged(ctx context.Context, d entity.Definition, args map[string][]any, fn func([]uint64) error) (rootlist.Listed, error) {
	text, values := d.Changed.Bind(args)
	q := statement{d.Source + "/changed.sql", text, values}
	if !d.Keyed() {
		return s.eachNumber(ctx, q, fn)
	}
	found := numberSet{}
	out, err := s.eachKey(ctx, d, q, found.add)
	if err == nil {
		err = found.each(fn)
	}
	return out, err
}

// eachNumber is EachChanged for roots that are numbers. The server puts them in order, and
// equal ones are left out here: for its DISTINCT it would write each root into one more
// table.
func (s *Source) eachNumber(ctx context.Context, q statement, fn func([]uint64) error) (out rootlist.Listed, err error) {
	l, err := s.listing(ctx, q.file)
	if err != nil {
		return out, err
	}
	ids := make([]uint64, 0, sqldb.ChunkSize)
	flush := func() error {
		l.refused = fn(ids)
		ids = ids[:0]
		return l.refused
	}
	var last uint64
	var texts numberSet // numbers that the server has as texts, in the order of texts
	err = sqldb.Each(ctx, l, func(row sqldb.Row) error {
		first := !l.found
		id, err := scanRoot(row)
		if ok, err := l.usable(err); !ok {
			return err
		}
		if first && !inOrder(row) {
			texts = numberSet{}
		}
		if texts != nil {
			return texts.add([]uint64{id})
		}
		if !first && id == last {
			return nil
		}
		last = id
		if ids = append(ids, id); len(ids) == cap(ids) {
			return flush()
		}
		return nil
	}, "SELECT _root FROM ("+q.text+") AS changed ORDER BY _root", q.args...)
	if err == nil && len(ids) > 0 {
		_ = flush()
	}
	if err == nil && texts != nil {
		l.refused = texts.each(fn)
	}
	return l.end(ctx, err)
}

// CountChanged returns the number of roots that changed in a window, at most limit, to
// measure a chunk of history.
func (s *Source) CountChanged(ctx context.Context, d entity.Definition, w window.Window, limit int64) (n int64, err error) {
	text, values := d.Changed.Bind(map[string][]any{"from": {w.From}, "to": {w.To}})
	err = s.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM (SELECT DISTINCT "+rootList(d)+" FROM ("+text+") AS changed LIMIT ?) AS counted", append(values, limit)...).Scan(&n)
	return n, broken(err, d.Source+"/changed.sql")
}

// broken classifies an error of a definition's statement, and of rows that a definition
// must not give.
func broken(err error, where string) error {
	var w wrongRow
	if errors.As(err, &w) {
		return sqldb.Wrong(err, where)
	}
	return sqldb.Definition(err, where)
}

// wrongRow is a row or a column that a definition must not give.
type wrongRow struct {
	error
	missing bool // its root is NULL or negative, and other rows may have one
}

// Unwrap returns the cause.
func (w wrongRow) Unwrap() error { return w.error }

// scanRoot reads the one column of a row, the id of a root. It does not leave the
// conversion to the driver, whose errors do not distinguish a wrong value from a lost
// connection.
func scanRoot(row sqldb.Row) (uint64, error) {
	var text sql.RawBytes
	if err := row.Scan(&text); err != nil {
		return 0, err
	}
	id, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		negative, notNumber := strconv.ParseInt(string(text), 10, 64)
		return 0, wrongRow{fmt.Errorf("%s is %q: want a whole number that is not negative", record.RootColumn, text), text == nil || notNumber == nil && negative < 0}
	}
	return id, nil
}
