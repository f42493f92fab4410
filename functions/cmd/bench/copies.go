package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sample"
)

// multiply fills the tables: base rows are invented, and the server itself copies the
// rest. The ledger holds all records as pushed, and the watermark is now.
func (w *world) multiply(ctx context.Context, rows int) error {
	if _, err := w.fill(ctx, min(rows, baseRows)); err != nil {
		return err
	}
	if _, err := w.stack.DB.ExecContext(ctx, "DELETE FROM order_return_item WHERE line_no > 1"); err != nil {
		return err
	}
	// Soft-deleted rows have no record, and the ticks count records.
	for _, text := range []string{
		"UPDATE order_return SET deleted_at = NULL, updated_at = '2026-10-01'",
		"UPDATE order_return_item SET deleted_at = NULL, updated_at = '2026-10-01', id = order_return_id + 100000000",
		"UPDATE order_return_item SET id = order_return_id",
	} {
		if _, err := w.stack.DB.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	if err := w.copies(ctx, rows); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(w.log, "%d returns: writing the ledger\n", rows)
	// The packed form of package ledger, with a hash that no record has.
	const packed = `INSERT INTO sync_ledger (entity, root_id, run_id, records)
		SELECT ?, i.order_return_id, 1, CONCAT(UNHEX('0100'), UNHEX(HEX(CHAR_LENGTH(CONCAT('R', i.order_return_id, '-', i.id)))),
			CONCAT('R', i.order_return_id, '-', i.id), UNHEX(REPEAT('01', 16)))
		FROM order_return_item i`
	if _, err := w.stack.DB.ExecContext(ctx, packed, entityName); err != nil {
		return err
	}
	// Otherwise the server would count the rows by itself some time later, in the middle
	// of a measurement.
	if _, err := w.stack.DB.ExecContext(ctx, "ANALYZE TABLE sync_ledger"); err != nil {
		return err
	}
	if err := sample.Analyze(ctx, w.stack.DB); err != nil {
		return err
	}
	if _, err := w.stack.Store.Claims.Newest(ctx, w.def.JobType); err != nil {
		return err
	}
	_, err := w.stack.DB.ExecContext(ctx, "UPDATE order_return_algolia_sync SET date_range_start = NOW(6), date_range_end = NOW(6) WHERE job_type = ?", w.def.JobType)
	return errors.Join(err, w.settle(ctx))
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

// copies appends copies of the base rows, with ids and numbers of their own,
// until there are enough.
func (w *world) copies(ctx context.Context, rows int) error {
	returns, err := w.columns(ctx, "order_return")
	if err != nil {
		return err
	}
	items, err := w.columns(ctx, "order_return_item")
	if err != nil {
		return err
	}
	for have := baseRows; have < rows; {
		take := min(have, rows-have)
		_, _ = fmt.Fprintf(w.log, "%d of %d returns\n", have, rows)
		for _, copied := range []struct {
			table   string
			columns []string
			key     string
		}{{"order_return", returns, "id"}, {"order_return_item", items, "order_return_id"}} {
			if err := w.copyRows(ctx, copied.table, copied.columns, fmt.Sprintf("%s <= %d", copied.key, take), have); err != nil {
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
