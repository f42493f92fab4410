package store

import (
	"context"
	"database/sql"
	"sync"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// keptRows is how many rows a kept statement writes: those of a page of the usual
// size. A page has some fewer, for roots that have no record; it is filled up from
// enoughRows on.
const (
	keptRows   = 500
	enoughRows = keptRows * 3 / 4
)

// kept is a statement that the server keeps, for writing in bulk: reading the text
// of hundreds of rows costs it as much as storing them. 500 rows of the ledger
// take MariaDB 10.11 4.6 ms as text and 2.7 ms so. Fewer than enoughRows are
// written as text. It must not matter to the statement if a row comes twice.
type kept struct {
	write func(rows int) string
	width int // values of a row

	mu   sync.Mutex
	stmt *sql.Stmt
}

// prepare has the server keep the statement, if there is use for it. It takes a
// connection, so it must come before the transaction: many that each held one and
// waited for another would wait for ever.
func (k *kept) prepare(ctx context.Context, db *sqldb.DB, rows int) (err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stmt == nil && rows >= enoughRows {
		k.stmt, err = db.PrepareContext(ctx, k.write(keptRows))
	}
	return err
}

// exec writes rows, at most keptRows, and returns how many it changed.
func (k *kept) exec(ctx context.Context, tx *sql.Tx, values []any) (int64, error) {
	rows := len(values) / k.width
	k.mu.Lock()
	prepared := k.stmt
	k.mu.Unlock()
	if prepared == nil || rows < enoughRows {
		return sqldb.Affected(ctx, tx, k.write(rows), values...)
	}
	for last := values[len(values)-k.width:]; len(values) < keptRows*k.width; {
		values = append(values, last...)
	}
	stmt := tx.StmtContext(ctx, prepared)
	defer func() { _ = stmt.Close() }() // the server keeps it
	res, err := stmt.ExecContext(ctx, values...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
