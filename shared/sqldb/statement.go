package sqldb

import (
	"context"
	"database/sql"
	"errors"
)

// Querier reads rows: a pool, a connection or a transaction.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Execer writes: a pool, a connection or a transaction.
type Execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// Row is one row of an answer, *sql.Row or *sql.Rows.
type Row interface {
	Scan(dest ...any) error
}

// Each calls fn with each row of a query and stops at the first error. The row is
// valid during the call only.
func Each(ctx context.Context, q Querier, fn func(Row) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

// Collect returns the rows of a query as scan reads them; nil for none.
func Collect[T any](ctx context.Context, q Querier, scan func(Row) (T, error), query string, args ...any) ([]T, error) {
	var list []T
	err := Each(ctx, q, func(row Row) error {
		one, err := scan(row)
		list = append(list, one)
		return err
	}, query, args...)
	if err != nil {
		return nil, err
	}
	return list, nil
}

// Column is the scan function of a query with one column.
func Column[T any](row Row) (T, error) {
	var v T
	err := row.Scan(&v)
	return v, err
}

// Wider is a row with more columns than its scan function knows: Last receives
// those at the end.
type Wider struct {
	Row
	Last []any
}

// Scan implements Row.
func (w Wider) Scan(dest ...any) error { return w.Row.Scan(append(dest, w.Last...)...) }

// IgnoreNoRows drops the error of a query that found nothing.
func IgnoreNoRows(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

// Affected runs a statement and returns how many rows it affected; on our own
// tables these are the rows that it matched.
func Affected(ctx context.Context, e Execer, query string, args ...any) (int64, error) {
	res, err := e.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// ExactlyOne runs a statement that has to affect one row, and returns otherwise if
// it did not. The statement's own error comes first: a statement that failed
// affects no row either, and that says nothing about the row.
func ExactlyOne(ctx context.Context, e Execer, otherwise error, query string, args ...any) error {
	n, err := Affected(ctx, e, query, args...)
	if err == nil && n != 1 {
		err = otherwise
	}
	return err
}

// Insert runs an INSERT and returns the id that the database gave to its row.
func Insert(ctx context.Context, e Execer, query string, args ...any) (int64, error) {
	res, err := e.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}
