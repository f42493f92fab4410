package store

import (
	"context"
	"database/sql"
	"errors"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/run"
)

// AlertFacts reads what alerts are judged by, all of it from one moment; plans
// and what verifying found are not in it. It writes nothing and takes no locks.
func (db *DB) AlertFacts(ctx context.Context, defs []entity.Definition) (alert.Facts, error) {
	tx, err := db.sql.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return alert.Facts{}, outage(err, "read the facts of the alerts")
	}
	f, err := alertFacts(ctx, tx, defs)
	return f, outage(errors.Join(err, ignoreDone(tx.Rollback())), "read the facts of the alerts")
}

// alertFacts does AlertFacts's work within its transaction.
func alertFacts(ctx context.Context, tx *sql.Tx, defs []entity.Definition) (f alert.Facts, err error) {
	err = tx.QueryRowContext(ctx, `SELECT NOW(6),
		COALESCE(SUM(CASE WHEN created_at >= NOW(6) - INTERVAL 1 DAY THEN operations END), 0), COALESCE(SUM(operations), 0)
		FROM sync_run WHERE created_at >= NOW(6) - INTERVAL 30 DAY`).Scan(&f.Now, &f.Spent.Day, &f.Spent.Month)
	if err != nil {
		return f, err
	}
	if f.Beats, err = heartbeats(ctx, tx); err != nil {
		return f, err
	}
	for _, d := range defs {
		e := alert.Entity{Name: d.Name}
		if err := entityFacts(ctx, tx, d, &e); err != nil {
			return f, err
		}
		f.Entities = append(f.Entities, e)
	}
	return f, nil
}

// entityFacts reads one entity's part.
func entityFacts(ctx context.Context, tx *sql.Tx, d entity.Definition, e *alert.Entity) error {
	row, err := scanClaim(tx.QueryRowContext(ctx, "SELECT "+claimColumns+`
		FROM order_return_algolia_sync WHERE job_type = ? ORDER BY created_at DESC, id DESC LIMIT 1`, d.JobType))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err == nil {
		e.Known, e.Watermark = row.CreatedAt, row.Watermark
	}
	err = tx.QueryRowContext(ctx, "SELECT COUNT(*), MAX(first_seen) FROM sync_parked WHERE entity = ? AND resolved_at IS NULL", d.Name).
		Scan(&e.Parked, &e.ParkedAt)
	if err != nil {
		return err
	}
	return readHistory(ctx, tx, d.Name, &e.Runs)
}

// historyRuns is how many runs are looked back on: two days of an entity that is
// synced every 15 minutes.
const historyRuns = 200

// readHistory reads how the newest runs over windows ended.
func readHistory(ctx context.Context, tx *sql.Tx, entityName string, h *alert.History) error {
	rows, err := tx.QueryContext(ctx, `SELECT id, state, closed_at FROM sync_run
		WHERE entity = ? AND kind = ? AND closed_at IS NOT NULL ORDER BY id DESC LIMIT ?`, entityName, run.Window, historyRuns)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var e alert.Ending
		var state run.State
		if err := rows.Scan(&e.Run, &state, &e.At); err != nil {
			return err
		}
		if state == run.Failed && h.Synced.Run == 0 {
			h.FailedInRow++
		}
		keepNewest(h, state, e)
	}
	return rows.Err()
}

// keepNewest keeps the first ending of each state; the newest comes first.
func keepNewest(h *alert.History, state run.State, e alert.Ending) {
	into := map[run.State]*alert.Ending{run.Synced: &h.Synced, run.Failed: &h.Failed, run.Interrupted: &h.Interrupted}[state]
	if into != nil && into.Run == 0 {
		*into = e
	}
}
