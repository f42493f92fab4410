package store

import (
	"context"
	"database/sql"
	"errors"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/heartbeat"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Facts reads what people and alerts judge an entity by, each answer from one moment.
type Facts struct{ sql *sqldb.DB }

// AlertFacts reads what everything is judged by, all of it from one moment; plans
// are not in it. It writes nothing and takes no locks.
func (db *Facts) AlertFacts(ctx context.Context, defs []entity.Definition) (alert.Facts, error) {
	var f alert.Facts
	err := db.sql.Snapshot(ctx, "read the facts of the alerts", func(tx *sql.Tx) (err error) {
		f, err = alertFacts(ctx, tx, defs)
		return err
	})
	return f, err
}

// alertFacts does AlertFacts's work within its transaction.
func alertFacts(ctx context.Context, tx *sql.Tx, defs []entity.Definition) (f alert.Facts, err error) {
	err = tx.QueryRowContext(ctx, `SELECT NOW(6),
		COALESCE(SUM(CASE WHEN created_at >= NOW(6) - INTERVAL 1 DAY THEN operations END), 0), COALESCE(SUM(operations), 0)
		FROM sync_run WHERE created_at >= NOW(6) - INTERVAL 30 DAY`).Scan(&f.Now, &f.Spent.Day, &f.Spent.Month)
	if err != nil {
		return f, err
	}
	if f.Beats, err = heartbeat.Read(ctx, tx); err != nil {
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
		e.Known, e.Watermark, e.Expired = row.CreatedAt, row.Watermark, row.Status != claim.Free && claim.Decide(row, "") == claim.TakeOver
	}
	err = tx.QueryRowContext(ctx, "SELECT COUNT(*), MAX(first_seen) FROM sync_parked WHERE entity = ? AND resolved_at IS NULL", d.Name).
		Scan(&e.Parked, &e.ParkedAt)
	if err != nil {
		return err
	}
	if err := readHistory(ctx, tx, d.Name, &e.Runs); err != nil {
		return err
	}
	for _, read := range []func(context.Context, *sql.Tx, *judge.Entity) error{readRunning, readJobFacts, readDrift} {
		if err := read(ctx, tx, e); err != nil {
			return err
		}
	}
	e.Index, _, err = keptIndex(ctx, tx, d.Name)
	return err
}

// readRunning reads the run under way and its newest page error. The page of an
// attempt that is under way again shows the error of the attempt before.
func readRunning(ctx context.Context, tx *sql.Tx, e *judge.Entity) error {
	var r judge.Running
	err := tx.QueryRowContext(ctx, "SELECT id, pages_failed FROM sync_run WHERE entity = ? AND kind = ? AND closed_at IS NULL ORDER BY id DESC LIMIT 1",
		e.Name, run.Window).Scan(&r.Run, &r.PagesFailed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	e.Running = &r
	var p judge.PageError
	err = tx.QueryRowContext(ctx, `SELECT page, attempts - (state = 1), last_error, failed_at FROM sync_page
		WHERE run_id = ? AND state IN (0, 1) AND failed_at IS NOT NULL ORDER BY failed_at DESC, page LIMIT 1`, r.Run).Scan(&p.Page, &p.Try, &p.Message, &p.At)
	if err == nil {
		r.Error = &p
	}
	return sqldb.IgnoreNoRows(err)
}

// readJobFacts reads the jobs that need a person, of every target of the entity.
func readJobFacts(ctx context.Context, tx *sql.Tx, e *judge.Entity) error {
	name := target.Parse(e.Name).Base
	list, err := sqldb.Collect(ctx, tx, scanJobFact, `SELECT id, kind, state = 'failed', note FROM sync_job WHERE (entity = ? OR entity LIKE CONCAT(?, '~%'))
		AND (state = 'failed' AND closed_at > NOW(6) - INTERVAL 1 DAY OR state = 'running' AND note LIKE CONCAT(?, '%')) ORDER BY id LIMIT 20`, name, name, judge.BudgetNote)
	e.Jobs = list
	return err
}

// scanJobFact reads a row of readJobFacts.
func scanJobFact(row sqldb.Row) (j judge.Job, err error) {
	err = row.Scan(&j.ID, &j.Kind, &j.Failed, &j.Note)
	return j, err
}

// readDrift reads what comparisons have found; Drift stays nil before the first.
func readDrift(ctx context.Context, tx *sql.Tx, e *judge.Entity) error {
	var d judge.Differences
	err := tx.QueryRowContext(ctx, "SELECT updated_at, COALESCE(last_error, ''), (SELECT COALESCE(SUM(records), 0) FROM sync_drift WHERE entity = ?) FROM sync_verify WHERE entity = ?",
		e.Name, e.Name).Scan(&d.At, &e.VerifyError, &d.Count)
	if err != nil {
		return sqldb.IgnoreNoRows(err)
	}
	e.Drift = &d
	if d.Count == 0 {
		return nil
	}
	return sqldb.IgnoreNoRows(tx.QueryRowContext(ctx, `SELECT CONCAT(IF(object_id = '', CONCAT('root ', root_id), object_id), ' is ', kind, ' in the ', place)
		FROM sync_drift WHERE entity = ? ORDER BY root_id, place, object_id LIMIT 1`, e.Name).Scan(&d.Example))
}

// historyRuns is how many runs are looked back on: two days of an entity that is
// synced every 15 minutes.
const historyRuns = 200

// readHistory reads how the newest runs over windows ended.
func readHistory(ctx context.Context, tx *sql.Tx, entityName string, h *alert.History) error {
	return sqldb.Each(ctx, tx, func(row sqldb.Row) error {
		var e alert.Ending
		var state run.State
		if err := row.Scan(&e.Run, &state, &e.At, &e.Error); err != nil {
			return err
		}
		if state == run.Failed && h.Synced.Run == 0 {
			h.FailedInRow++
		}
		keepNewest(h, state, e)
		return nil
	}, `SELECT id, state, closed_at, COALESCE(last_error, '') FROM sync_run
		WHERE entity = ? AND kind = ? AND closed_at IS NOT NULL ORDER BY id DESC LIMIT ?`, entityName, run.Window, historyRuns)
}

// keepNewest keeps the first ending of each state; the newest comes first.
func keepNewest(h *alert.History, state run.State, e alert.Ending) {
	into := map[run.State]*alert.Ending{run.Synced: &h.Synced, run.Failed: &h.Failed, run.Interrupted: &h.Interrupted}[state]
	if into != nil && into.Run == 0 {
		*into = e
	}
}
