package mysql

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// listing is the reading of a statement's roots, some of which may be unusable.
type listing struct {
	*sql.Conn // its own, which can be asked for the server's warnings
	file      string
	out       rootlist.Listed
	found     bool  // a usable root
	unusable  error // of the last row without one
	refused   error // of the receiver
}

// listing begins to read the roots of a file's statement.
func (s *Source) listing(ctx context.Context, file string) (*listing, error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, sqldb.Source(err)
	}
	return &listing{Conn: conn, file: file}, nil
}

// usable judges the error of a row's root. A row without a usable root is counted and
// left out.
func (l *listing) usable(err error) (bool, error) {
	var w wrongRow
	if errors.As(err, &w) && w.missing {
		l.out.Skipped++
		l.unusable = err
		return false, nil
	}
	l.found = l.found || err == nil
	return err == nil, err
}

// inOrder reports whether the server sorts the first column of a row by its number.
func inOrder(row sqldb.Row) bool {
	typed, ok := row.(interface {
		ColumnTypes() ([]*sql.ColumnType, error)
	})
	if !ok {
		return false
	}
	columns, err := typed.ColumnTypes()
	if err != nil {
		return false
	}
	name := columns[0].DatabaseTypeName()
	return strings.Contains(name, "INT") || name == "DECIMAL" || name == "YEAR"
}

// end returns what there was beside the roots; err is the reading's. Rows without a
// single usable root are the definition's mistake.
func (l *listing) end(ctx context.Context, err error) (rootlist.Listed, error) {
	if l.refused != nil {
		return l.out, errors.Join(l.refused, l.Close())
	}
	if err == nil {
		l.out.Warnings, err = warnings(ctx, l.Conn)
	}
	if err == nil && !l.found {
		err = l.unusable
	}
	return l.out, broken(errors.Join(err, l.Close()), l.file)
}

// Unusable counts the rows of a definition's changed.sql in a window whose root is NULL
// or negative, which a sync leaves out.
func (s *Source) Unusable(ctx context.Context, d entity.Definition, w window.Window) (rootlist.Listed, error) {
	l, err := s.listing(ctx, d.Source+"/changed.sql")
	if err != nil {
		return rootlist.Listed{}, err
	}
	l.found = true
	bad := strings.Join(d.RootColumns(), " IS NULL OR ") + " IS NULL"
	if !d.Keyed() {
		bad += " OR " + record.RootColumn + " < 0"
	}
	text, args := d.Changed.Bind(map[string][]any{"from": {w.From}, "to": {w.To}})
	return l.end(ctx, l.QueryRowContext(ctx, "SELECT COALESCE(SUM(CASE WHEN "+bad+" THEN 1 ELSE 0 END), 0) FROM ("+text+") AS changed", args...).Scan(&l.out.Skipped))
}
