package sample

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// batchRows is how many rows one INSERT carries: enough to make the way to the
// server unimportant, and below the 65,535 parameters of a statement.
const batchRows = 1000

// executor is a pool or a transaction.
type executor interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// insertReturns writes returns and then their items.
func insertReturns(ctx context.Context, to executor, returns []returnRow) error {
	var items []*itemRow
	rows := make([]*returnRow, len(returns))
	for i := range returns {
		rows[i] = &returns[i]
		for j := range returns[i].items {
			items = append(items, &returns[i].items[j])
		}
	}
	if err := insert(ctx, to, table{"order_return", returnColumns}, rows); err != nil {
		return err
	}
	return insert(ctx, to, table{"order_return_item", itemColumns}, items)
}

// table is where rows go.
type table struct {
	name    string
	columns []string
}

// insert writes rows in statements of batchRows.
func insert[R interface{ values(to []any) []any }](ctx context.Context, to executor, t table, rows []R) error {
	for batch := range slices.Chunk(rows, batchRows) {
		args := make([]any, 0, len(batch)*len(t.columns))
		for _, row := range batch {
			args = row.values(args)
		}
		if _, err := to.ExecContext(ctx, t.insertion(len(batch)), args...); err != nil {
			return fmt.Errorf("sample: insert %d rows into %s: %w", len(batch), t.name, err)
		}
	}
	return nil
}

// insertion is the statement for a number of rows.
func (t table) insertion(rows int) string {
	row := "(" + strings.Repeat("?,", len(t.columns)-1) + "?)"
	return "INSERT INTO " + t.name + " (" + strings.Join(t.columns, ", ") + ") VALUES " +
		strings.Repeat(row+",", rows-1) + row
}

// nextIDs are the first free primary keys of both tables. Ids are given, not
// left to the server, because rows are written by several connections and the
// same seed must give the same ids.
func nextIDs(ctx context.Context, db *sql.DB) (returnID, itemID int64, err error) {
	err = db.QueryRowContext(ctx, `SELECT
		(SELECT COALESCE(MAX(id), 0) + 1 FROM order_return),
		(SELECT COALESCE(MAX(id), 0) + 1 FROM order_return_item)`).Scan(&returnID, &itemID)
	if err != nil {
		return 0, 0, fmt.Errorf("sample: read the highest ids (are the tables created?): %w", err)
	}
	return returnID, itemID, nil
}
