package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// copied is a table whose rows are copied.
type copied struct{ table, key string }

// multiply fills the tables: base rows are invented, and the server itself copies the
// rest. The ledger holds all records as pushed, and the watermark is now.
func (w *world) multiply(ctx context.Context, rows int) (err error) {
	tables, records := []copied{{"order_return", "id"}, {"order_return_item", "order_return_id"}}, "order_return_id AS root, CONCAT('R', order_return_id, '-', id) AS record FROM order_return_item"
	fill := w.fillReturns
	if w.o.narrow {
		tables, records, fill = []copied{{"narrow_row", "id"}}, "id AS root, CONCAT('N', id) AS record FROM narrow_row", w.fillNarrow
	}
	if err := fill(ctx); err != nil {
		return err
	}
	if err := w.copies(ctx, rows, tables); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(w.log, "%d rows: writing the ledger\n", rows)
	// The packed form of package ledger, with a hash that no record has.
	packed := "INSERT INTO sync_ledger (entity, root_id, run_id, records) SELECT ?, root, 1, CONCAT(UNHEX('0100'), UNHEX(HEX(CHAR_LENGTH(record))), record, UNHEX(REPEAT('01', 16)))" +
		" FROM (SELECT " + records + " WHERE " + tables[len(tables)-1].key + " BETWEEN ? AND ?) AS pushed"
	for first := 1; first <= rows; first += copiesAtOnce {
		if _, err := w.stack.DB.ExecContext(ctx, packed, w.def.Name, first, first+copiesAtOnce-1); err != nil {
			return err
		}
	}
	// Otherwise the server would count the rows by itself some time later, in the middle
	// of a measurement.
	for _, t := range append(tables, copied{table: "sync_ledger"}) {
		if _, err := w.stack.DB.ExecContext(ctx, "ANALYZE TABLE "+t.table); err != nil {
			return err
		}
	}
	if _, err := w.stack.Store.Claims.Newest(ctx, w.def.JobType); err != nil {
		return err
	}
	_, err = w.stack.DB.ExecContext(ctx, "UPDATE order_return_algolia_sync SET date_range_start = NOW(6), date_range_end = NOW(6) WHERE job_type = ?", w.def.JobType)
	return errors.Join(err, w.settle(ctx))
}

// fillReturns invents the base rows of returns, with one item each.
func (w *world) fillReturns(ctx context.Context) error {
	if _, err := w.fill(ctx, baseRows); err != nil {
		return err
	}
	for _, text := range []string{
		"DELETE FROM order_return_item WHERE line_no > 1",
		// Soft-deleted rows have no record, and the ticks count records.
		"UPDATE order_return SET deleted_at = NULL, updated_at = '2026-10-01'",
		"UPDATE order_return_item SET deleted_at = NULL, updated_at = '2026-10-01', id = order_return_id + 100000000",
		"UPDATE order_return_item SET id = order_return_id",
	} {
		if _, err := w.stack.DB.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// settle waits until a private server has written its rows to disk: otherwise the server
// would go on writing for minutes, during the measurements.
func (w *world) settle(ctx context.Context) error {
	if w.stack.Options.DSN != "" {
		return nil
	}
	if _, err := w.stack.DB.ExecContext(ctx, "SET GLOBAL innodb_max_dirty_pages_pct = 0"); err != nil {
		return err
	}
	const few, usual = 100, 90
	for dirty := few; dirty >= few; {
		var name string
		if err := w.stack.DB.QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'").Scan(&name, &dirty); err != nil {
			return err
		}
		if err := hold(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	_, err := w.stack.DB.ExecContext(ctx, "SET GLOBAL innodb_max_dirty_pages_pct = ?", usual)
	return err
}

// copiesAtOnce is how many rows one statement copies, so that its undo log stays small.
const copiesAtOnce = 1_000_000

// copies appends copies of the base rows, with ids and numbers of their own,
// until there are enough.
func (w *world) copies(ctx context.Context, rows int, tables []copied) error {
	columns := map[string][]string{}
	for _, t := range tables {
		var err error
		if columns[t.table], err = w.columns(ctx, t.table); err != nil {
			return err
		}
	}
	for have := baseRows; have < rows; {
		take := min(have, rows-have, copiesAtOnce)
		_, _ = fmt.Fprintf(w.log, "%d of %d rows\n", have, rows)
		for _, t := range tables {
			if err := w.copyRows(ctx, t.table, columns[t.table], fmt.Sprintf("%s <= %d", t.key, take), have); err != nil {
				return err
			}
		}
		have += take
	}
	return nil
}

// copyRows copies rows of a table with their ids raised.
func (w *world) copyRows(ctx context.Context, table string, columns []string, which string, raise int) error {
	values := slices.Clone(columns)
	for i, c := range columns {
		switch c {
		case "id", "order_return_id":
			values[i] = fmt.Sprintf("%s + %d", c, raise)
		case "customer_return_number":
			values[i] = fmt.Sprintf("CONCAT(SUBSTRING_INDEX(%s, '~', 1), '~', id + %d)", c, raise)
		}
	}
	_, err := w.stack.DB.ExecContext(ctx, "INSERT INTO "+table+" ("+strings.Join(columns, ", ")+") SELECT "+strings.Join(values, ", ")+" FROM "+table+" WHERE "+which)
	return err
}

// columns returns the columns of a table.
func (w *world) columns(ctx context.Context, table string) ([]string, error) {
	rows, err := w.stack.DB.QueryContext(ctx, "SELECT * FROM "+table+" LIMIT 0")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	return names, rows.Err()
}
