package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
)

// Jobs is the table of jobs, with their roots and their progress.
type Jobs struct{ sql *sqldb.DB }

// jobColumns and scanJob belong together.
const jobColumns = `id, entity, kind, state, window_from, window_to, chunk_us, rate, roots, turn, note, asked_by, created_at, updated_at, closed_at`

// scanJob reads a row of jobColumns.
func scanJob(row sqldb.Row) (rework.Job, error) {
	var j rework.Job
	var chunk int64
	err := row.Scan(&j.ID, &j.Entity, &j.Kind, &j.State, &j.Window.From, &j.Window.To, &chunk, &j.Rate, &j.Roots,
		&j.Turn, &j.Note, &j.By, &j.CreatedAt, &j.UpdatedAt, &j.ClosedAt)
	j.Chunk = time.Duration(chunk) * time.Microsecond
	return j, err
}

// overdue is when a job is due whose chain of tasks nobody has begun: the very
// next tick does.
const overdue = "NOW(6) - INTERVAL 1 DAY"

// CreateJob inserts a job and returns it as it then is.
func (db *Jobs) CreateJob(ctx context.Context, j rework.Job) (rework.Job, error) {
	id, err := sqldb.Insert(ctx, db.sql, `INSERT INTO sync_job (entity, kind, state, window_from, window_to, chunk_us, rate, roots, note, asked_by, due_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, `+overdue+")", j.Entity, j.Kind, j.State, j.Window.From, j.Window.To, sqldb.Micros(j.Chunk), j.Rate, j.Roots,
		sqldb.Cut(j.Note, 1024), sqldb.Cut(j.By, 190))
	if err != nil {
		return j, sqldb.Outage(err, "insert the job")
	}
	return db.Job(ctx, id)
}

// AddJobRoots adds roots to a job and, of the records in suspects, has those of
// the index sent again whatever the ledger says. It may be called again with the
// same roots.
func (db *Jobs) AddJobRoots(ctx context.Context, j rework.Job, roots []uint64, suspects ledger.Journal) error {
	return db.sql.InTx(ctx, "add roots to the job", func(tx *sql.Tx) error {
		err := sqldb.InChunks(roots, func(chunk []uint64) error {
			values, args := sqldb.Values(chunk, func(id uint64) []any { return []any{j.ID, id} })
			_, err := tx.ExecContext(ctx, "INSERT INTO sync_job_root (job_id, root_id) VALUES "+values+
				" ON DUPLICATE KEY UPDATE root_id = VALUES(root_id)", args...)
			return err
		})
		if err != nil {
			return err
		}
		if err := enterDoubts(ctx, tx, j.Entity, suspects, false); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE sync_job SET roots = (SELECT COUNT(*) FROM sync_job_root WHERE job_id = ?), updated_at = NOW(6) WHERE id = ?", j.ID, j.ID)
		return err
	})
}

// Job returns a job; an unknown one is an error of kind fault.NotFound.
func (db *Jobs) Job(ctx context.Context, id int64) (rework.Job, error) {
	j, err := scanJob(db.sql.QueryRowContext(ctx, "SELECT "+jobColumns+" FROM sync_job WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return j, fault.New(fault.NotFound, "unknown-job", "there is no job %d", id)
	}
	return j, sqldb.Outage(err, "read the job")
}

// Newest returns the newest jobs of an entity (of all without a name), newest
// first; open leaves out those that have ended.
func (db *Jobs) Newest(ctx context.Context, entity string, open bool, limit int) ([]rework.Job, error) {
	return db.jobs(ctx, "WHERE (? = '' OR entity = ?) AND (NOT ? OR state IN (?, ?)) ORDER BY id DESC LIMIT ?",
		entity, entity, open, rework.Running, rework.Paused, limit)
}

// SilentJobs returns the running jobs whose next turn is overdue by so long: their
// chain of tasks has broken.
func (db *Jobs) SilentJobs(ctx context.Context, silent time.Duration) ([]rework.Job, error) {
	return db.jobs(ctx, "WHERE state = ? AND due_at < NOW(6) - INTERVAL ? MICROSECOND ORDER BY id", rework.Running, sqldb.Micros(silent))
}

// SameBackfill returns an open backfill of the same range, if there is one.
func (db *Jobs) SameBackfill(ctx context.Context, j rework.Job) (*rework.Job, error) {
	list, err := db.jobs(ctx, "WHERE state IN (?, ?) AND entity = ? AND kind = ? AND window_from = ? AND window_to = ? ORDER BY id LIMIT 1",
		rework.Running, rework.Paused, j.Entity, j.Kind, j.Window.From, j.Window.To)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// jobs reads jobs.
func (db *Jobs) jobs(ctx context.Context, where string, args ...any) ([]rework.Job, error) {
	list, err := sqldb.Collect(ctx, db.sql, scanJob, "SELECT "+jobColumns+" FROM sync_job "+where, args...)
	return append([]rework.Job{}, list...), sqldb.Outage(err, "read the jobs")
}

// MoveJob changes a job's state if the diagram has that arrow from where it is;
// note says why, where there is something to say. False means that the job is
// elsewhere.
func (db *Jobs) MoveJob(ctx context.Context, id int64, to rework.State, note string) (ok bool, err error) {
	err = db.sql.InTx(ctx, "change the job's state", func(tx *sql.Tx) error {
		ok, err = moveJob(ctx, tx, id, to, note)
		return err
	})
	return ok, err
}

// FailJob ends a job as failed, unless it has ended.
func (db *Jobs) FailJob(ctx context.Context, id int64, reason string) (bool, error) {
	return db.MoveJob(ctx, id, rework.Failed, reason)
}

// moveJob does MoveJob's work within its transaction.
func moveJob(ctx context.Context, tx *sql.Tx, id int64, to rework.State, note string) (bool, error) {
	from := rework.Sources(to)
	closed, due := "closed_at", "due_at"
	if to.Final() {
		closed = "NOW(6)"
	}
	if to == rework.Running {
		due = overdue
	}
	n, err := sqldb.Affected(ctx, tx, "UPDATE sync_job SET state = ?, note = ?, updated_at = NOW(6), due_at = "+due+", closed_at = "+closed+
		" WHERE id = ? AND state IN ("+sqldb.Marks(len(from))+")", sqldb.Args(from, to, sqldb.Cut(note, 1024), id)...)
	return n == 1, err
}

// CancelJob ends a job at once: its run is closed as interrupted, what that may
// have pushed becomes unconfirmed, and the lane is free. False means that the job
// has ended already.
func (db *Jobs) CancelJob(ctx context.Context, j rework.Job, jobType string) (ok bool, err error) {
	err = db.sql.InTx(ctx, "cancel the job", func(tx *sql.Tx) error {
		if ok, err = moveJob(ctx, tx, j.ID, rework.Cancelled, ""); err != nil || !ok {
			return err
		}
		var token string
		err := tx.QueryRowContext(ctx, `SELECT COALESCE(token, '') FROM order_return_algolia_sync
			WHERE job_type = ? AND status <> 0 ORDER BY created_at DESC, id DESC LIMIT 1 FOR UPDATE`, j.Lane(jobType)).Scan(&token)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := interrupt(ctx, tx, token, "the job was cancelled"); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE order_return_algolia_sync SET status = 0, lease_until = NULL WHERE job_type = ? AND token = ?", j.Lane(jobType), token)
		return err
	})
	return ok, err
}

// Turn notes that a running job has played a turn: what comes next and when, in
// which chunks, and why it waits, if it does.
func (db *Jobs) Turn(ctx context.Context, j rework.Job, wait time.Duration) error {
	_, err := db.sql.ExecContext(ctx, `UPDATE sync_job SET turn = GREATEST(turn, ?), chunk_us = ?, note = ?, updated_at = NOW(6),
		due_at = NOW(6) + INTERVAL ? MICROSECOND WHERE id = ? AND state = ?`,
		j.Turn, sqldb.Micros(j.Chunk), sqldb.Cut(j.Note, 1024), sqldb.Micros(wait), j.ID, rework.Running)
	return sqldb.Outage(err, "note the job's turn")
}

// Kick begins a new chain of tasks for a running job and returns its turn. ok is
// false if the job does not run.
func (db *Jobs) Kick(ctx context.Context, id int64) (turn int64, ok bool, err error) {
	err = db.sql.InTx(ctx, "begin a new turn", func(tx *sql.Tx) error {
		n, err := sqldb.Affected(ctx, tx, "UPDATE sync_job SET turn = turn + 1, updated_at = NOW(6), due_at = NOW(6) WHERE id = ? AND state = ?", id, rework.Running)
		if ok = n == 1; err != nil || !ok {
			return err
		}
		return tx.QueryRowContext(ctx, "SELECT turn FROM sync_job WHERE id = ?", id).Scan(&turn)
	})
	return turn, ok, err
}

// JobProgress is how far a job has come.
type JobProgress = rework.Progress

// Progress returns how far a job has come.
func (db *Jobs) Progress(ctx context.Context, j rework.Job) (JobProgress, error) {
	all, err := db.ProgressOf(ctx, []rework.Job{j})
	return all[j.ID], err
}

// ProgressOf returns how far each of some jobs has come, by their ids; a job without a run
// has no entry.
func (db *Jobs) ProgressOf(ctx context.Context, list []rework.Job) (map[int64]JobProgress, error) {
	all := map[int64]JobProgress{}
	err := sqldb.InChunks(list, func(chunk []rework.Job) error {
		ids := make([]any, len(chunk))
		for i, j := range chunk {
			ids[i] = j.ID
		}
		return sqldb.Each(ctx, db.sql, func(row sqldb.Row) error {
			var roots int64
			r, err := scanRun(sqldb.Wider{Row: row, Last: []any{&roots}})
			p := all[r.JobID]
			p.Add(r, roots)
			all[r.JobID] = p
			return err
		}, "SELECT "+runColumns+`, (SELECT COALESCE(SUM(g.roots), 0) FROM sync_page g WHERE g.run_id = r.id AND g.state = 2)
			FROM sync_run r WHERE r.job_id IN (`+sqldb.Marks(len(ids))+`) ORDER BY r.job_id, r.id`, ids...)
	})
	return all, sqldb.Outage(err, "read the jobs' runs")
}
