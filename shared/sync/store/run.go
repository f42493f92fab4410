package store

import (
	"context"
	"database/sql"
	"errors"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// Runs is the table of runs, from their beginning under a claim to their end.
type Runs struct{ sql *sqldb.DB }

// runColumns and scanRun belong together.
const runColumns = `r.id, r.entity, r.kind, r.job_id, r.state, r.claim_id, r.claim_token, r.window_from, r.window_to,
	r.pages_total, r.pages_done, r.pages_failed, r.found, r.saved, r.deleted, r.unchanged, r.parked, r.operations,
	r.last_task_id, COALESCE(r.last_error, ''), r.created_at, r.closed_at`

// scanRun reads a row of runColumns.
func scanRun(row sqldb.Row) (run.Run, error) {
	var r run.Run
	err := row.Scan(&r.ID, &r.Entity, &r.Kind, &r.JobID, &r.State, &r.ClaimID, &r.Token, &r.Window.From, &r.Window.To,
		&r.PagesTotal, &r.PagesDone, &r.PagesFailed, &r.Counts.Found, &r.Counts.Saved, &r.Counts.Deleted,
		&r.Counts.Unchanged, &r.Counts.Parked, &r.Counts.Operations, &r.LastTaskID, &r.LastError, &r.CreatedAt, &r.ClosedAt)
	return r, err
}

// Run returns a run; an unknown one is an error of kind fault.NotFound.
func (db *Runs) Run(ctx context.Context, id int64) (run.Run, error) {
	r, err := scanRun(db.sql.QueryRowContext(ctx, "SELECT "+runColumns+" FROM sync_run r WHERE r.id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.New(fault.NotFound, "unknown-run", "there is no run %d", id)
	}
	return r, sqldb.Outage(err, "read the run")
}

// Newest returns the newest runs of an entity, newest first.
func (db *Runs) Newest(ctx context.Context, entity string, limit int) ([]run.Run, error) {
	return db.runs(ctx, "WHERE r.entity = ? ORDER BY r.id DESC LIMIT ?", entity, limit)
}

// Windows is Newest without the runs of jobs.
func (db *Runs) Windows(ctx context.Context, entity string, limit int) ([]run.Run, error) {
	return db.runs(ctx, "WHERE r.entity = ? AND r.kind = ? ORDER BY r.id DESC LIMIT ?", entity, run.Window, limit)
}

// RunFilter chooses runs; what is empty chooses all.
type RunFilter struct {
	Entity string
	State  run.State
	Syncs  bool  // without the runs of jobs
	Before int64 // ids less than this
	Limit  int
}

// Listed returns the newest runs of a filter, newest first.
func (db *Runs) Listed(ctx context.Context, f RunFilter) ([]run.Run, error) {
	return db.runs(ctx, "WHERE (? = '' OR r.entity = ?) AND (? = '' OR r.state = ?) AND (NOT ? OR r.kind = ?) AND (? = 0 OR r.id < ?) ORDER BY r.id DESC LIMIT ?",
		f.Entity, f.Entity, f.State, f.State, f.Syncs, run.Window, f.Before, f.Before, f.Limit)
}

// runs reads runs.
func (db *Runs) runs(ctx context.Context, where string, args ...any) ([]run.Run, error) {
	list, err := sqldb.Collect(ctx, db.sql, scanRun, "SELECT "+runColumns+" FROM sync_run r "+where, args...)
	return list, sqldb.Outage(err, "read the runs")
}

// Begin returns the claim's run: the one that an earlier delivery of the same
// window task began, or a new one over w. It locks the claim, so a takeover
// either finds the run or has come first; then nobody would ever close it, and
// the answer is fault.Superseded.
func (db *Runs) Begin(ctx context.Context, entity string, c claim.Row, w window.Window) (run.Run, error) {
	return db.begin(ctx, run.Run{Entity: entity, Kind: run.Window, Window: w}, c)
}

// BeginJob is Begin for a job's run, on the claim of the job's lane.
func (db *Runs) BeginJob(ctx context.Context, j rework.Job, lane claim.Row, w window.Window) (run.Run, error) {
	return db.begin(ctx, run.Run{Entity: j.Entity, Kind: j.Kind, JobID: j.ID, Window: w}, lane)
}

// begin does the work of Begin; of want it takes entity, kind, job and window.
func (db *Runs) begin(ctx context.Context, want run.Run, c claim.Row) (r run.Run, err error) {
	err = db.sql.InTx(ctx, "begin the run", func(tx *sql.Tx) error {
		var held int64
		err := tx.QueryRowContext(ctx, "SELECT id FROM order_return_algolia_sync WHERE id = ? AND token = ? AND status <> 0 FOR UPDATE", c.ID, c.Token).Scan(&held)
		if errors.Is(err, sql.ErrNoRows) {
			return errSuperseded("the window task")
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO sync_run (entity, kind, job_id, state, claim_id, claim_token, window_from, window_to)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE id = id`,
			want.Entity, want.Kind, want.JobID, run.Windowing, c.ID, c.Token, want.Window.From, want.Window.To)
		if err != nil {
			return err
		}
		r, err = scanRun(tx.QueryRowContext(ctx, "SELECT "+runColumns+" FROM sync_run r WHERE r.claim_token = ?", c.Token))
		return err
	})
	return r, err
}

// move changes a run's state if the diagram has that arrow from where it is;
// set is further columns to write. False means that the run is elsewhere.
func move(ctx context.Context, tx *sql.Tx, id int64, to run.State, set string, args ...any) (bool, error) {
	from := run.Sources(to)
	query := "UPDATE sync_run SET state = ?" + set + " WHERE id = ? AND state IN (" + sqldb.Marks(len(from)) + ")"
	before := append([]any{to}, args...)
	n, err := sqldb.Affected(ctx, tx, query, sqldb.Args(from, append(before, id)...)...)
	return n == 1, err
}

// interrupt closes the run of a dead claim, if it began one.
func interrupt(ctx context.Context, tx *sql.Tx, token, reason string) (int64, error) {
	var id int64
	err := tx.QueryRowContext(ctx, "SELECT id FROM sync_run WHERE claim_token = ?", token).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if err := abandon(ctx, tx, id); err != nil {
		return 0, err
	}
	ok, err := move(ctx, tx, id, run.Interrupted, ", closed_at = NOW(6), last_error = ?", reason)
	if err != nil || !ok {
		return 0, err
	}
	return id, noteRun(ctx, tx, id, runlog.Warning, "the run was interrupted: "+reason)
}

// RunOf returns the run that a claim's token began, nil if it has begun none yet.
func (db *Runs) RunOf(ctx context.Context, token string) (*run.Run, error) {
	r, err := scanRun(db.sql.QueryRowContext(ctx, "SELECT "+runColumns+" FROM sync_run r WHERE r.claim_token = ?", token))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, sqldb.Outage(err, "read the claim's run")
	}
	return &r, nil
}

// Spent returns how many operations all entities' runs have used in the last 24
// hours and in the last 30 days.
func (db *Runs) Spent(ctx context.Context) (day, month int64, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT
		COALESCE(SUM(CASE WHEN created_at >= NOW(6) - INTERVAL 1 DAY THEN operations END), 0), COALESCE(SUM(operations), 0)
		FROM sync_run WHERE created_at >= NOW(6) - INTERVAL 30 DAY`).Scan(&day, &month)
	return day, month, sqldb.Outage(err, "add up the operations")
}
