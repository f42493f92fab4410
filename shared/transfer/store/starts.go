package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// Starts is the table transfer_start: what schedules and scopes started.
type Starts struct{ tables }

// Start keeps a start under its key and returns its id; a key that is known has its start
// already. The jobs that exist at this moment belong to it.
func (s *Starts) Start(ctx context.Context, key string) (id int64, err error) {
	key = sqldb.Cut(key, 200)
	find := func() error {
		return s.db.QueryRowContext(ctx, sqldb.Rebind(s.d.name, "SELECT id FROM transfer_start WHERE start_key = ?"), key).Scan(&id)
	}
	if err = find(); errors.Is(err, sql.ErrNoRows) {
		_, err = s.exec(ctx, s.db, s.d.text("INSERT INTO transfer_start (start_key, last_job_id, started_at) SELECT ?, COALESCE(MAX(job_id), 0), {now} FROM transfer_job"), key)
		if err == nil || duplicate(err) {
			err = find()
		}
	}
	return id, sqldb.Outage(err, "keep a start of transfers")
}

// Progress returns what became of the jobs of a start.
func (s *Starts) Progress(ctx context.Context, id int64) (p transfer.Progress, err error) {
	var last int64
	var at, now time.Time
	err = s.db.QueryRowContext(ctx, sqldb.Rebind(s.d.name, s.d.text("SELECT last_job_id, started_at, {now} FROM transfer_start WHERE id = ?")), id).Scan(&last, &at, &now)
	if errors.Is(err, sql.ErrNoRows) {
		return p, fault.New(fault.NotFound, "no-start", "there is no start %d of transfers", id)
	}
	if err == nil {
		err = s.db.QueryRowContext(ctx, sqldb.Rebind(s.d.name, "SELECT COUNT(*) FROM transfer_job WHERE job_id <= ? AND job_state IN ('new', 'inprogress', 'error_retry') AND parent_job_id IS NULL"), last).Scan(&p.Open)
	}
	if err == nil {
		err = s.db.QueryRowContext(ctx, sqldb.Rebind(s.d.name, "SELECT COUNT(*) FROM transfer_job WHERE job_id <= ? AND job_state = 'error' AND parent_job_id IS NULL AND job_end >= ?"), last, at).Scan(&p.Failed)
	}
	p.Since = now.Sub(at)
	return p, sqldb.Outage(err, "read a start of transfers")
}
