package store

import (
	"context"
	"database/sql"
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// noteRun writes an entry about a run of which only the id is known.
func noteRun(ctx context.Context, tx *sql.Tx, id int64, s runlog.Severity, message string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO sync_log (at, severity, entity, run_id, message)
		SELECT NOW(6), ?, entity, id, ? FROM sync_run WHERE id = ?`, s, sqldb.Cut(message, 1024), id)
	return err
}

// noteParked writes an entry about records that a page parked, if it parked any.
func noteParked(ctx context.Context, tx *sql.Tx, p Page, n int) error {
	if n == 0 {
		return nil
	}
	message := fmt.Sprintf("page %d kept records out of the index: %d; see why with returnsync parked list", p.Number, n)
	return runlog.Write(ctx, tx, runlog.Entry{Severity: runlog.Warning, Subject: p.Run.Entity, RunID: p.Run.ID, Message: message})
}
