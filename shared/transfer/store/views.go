package store

import (
	"context"
	"database/sql"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// Views are readings for people and alerts. No lock is taken.
type Views struct{ tables }

// Standing returns how the queue stands.
func (s *Views) Standing(ctx context.Context) (v transfer.Standing, err error) {
	var since, retry sql.NullTime
	row := func(query string, dest ...any) {
		if err == nil {
			err = s.db.QueryRowContext(ctx, s.d.text(query)).Scan(dest...)
		}
	}
	row("SELECT {now}, COUNT(*), MIN(job_last_change) FROM transfer_job WHERE job_state IN ('new', 'inprogress') AND parent_job_id IS NULL", &v.Now, &v.Waiting, &since)
	row("SELECT COUNT(*), MIN(job_retry_at) FROM transfer_job WHERE job_state = 'error_retry' AND parent_job_id IS NULL", &v.Retries, &retry)
	row("SELECT COUNT(*), COALESCE(MAX(job_id), 0) FROM transfer_job WHERE job_state = 'error' AND parent_job_id IS NULL", &v.Failed, &v.Newest)
	if since.Valid {
		v.Since = &since.Time
	}
	if retry.Valid {
		v.RetryAt = &retry.Time
	}
	return v, sqldb.Outage(err, "read how transfer jobs stand")
}

// Latest returns at most n roots of a state, the newest first; of the archive where it is
// done or skipped.
func (s *Views) Latest(ctx context.Context, state transfer.State, n int) ([]transfer.Job, error) {
	table := "transfer_job"
	if state.Final() {
		table = "transfer_job_archive"
	}
	list, err := s.collect(ctx, s.db, "SELECT "+all+" FROM "+table+" WHERE job_state = ? AND parent_job_id IS NULL ORDER BY job_id DESC LIMIT ?", string(state), n)
	return list, sqldb.Outage(err, "list transfer jobs")
}
