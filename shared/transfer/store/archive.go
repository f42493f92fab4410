package store

import (
	"context"
	"database/sql"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// Archive implements transfer.Queue. A job whose copy the online side still lacks stays.
func (s *Store) Archive(ctx context.Context, n int) (moved int64, err error) {
	err = s.tx(ctx, "archive transfer jobs", func(tx *sql.Tx) error {
		moved = 0
		roots, err := sqldb.Collect(ctx, tx, sqldb.Column[int64], sqldb.Rebind(s.d.name, `SELECT job_id FROM transfer_job WHERE job_state IN ('done', 'skipped')
			AND parent_job_id IS NULL AND (job_to_fso_can_sync = FALSE OR job_to_fso_sync_version IS NOT NULL) ORDER BY job_id LIMIT ? FOR UPDATE SKIP LOCKED`), n)
		if err != nil || len(roots) == 0 {
			return err
		}
		for _, key := range []string{"root_job_id", "job_id"} { // two indexes, so two statements
			where := " WHERE " + key + " IN (" + sqldb.Marks(len(roots)) + ")"
			if _, err := s.exec(ctx, tx, "INSERT INTO transfer_job_archive ("+all+") SELECT "+all+" FROM transfer_job"+where, sqldb.Args(roots)...); err != nil {
				return err
			}
			if _, err := s.exec(ctx, tx, "DELETE FROM transfer_job"+where, sqldb.Args(roots)...); err != nil {
				return err
			}
		}
		moved = int64(len(roots))
		return nil
	})
	return moved, err
}

// Unsent implements transfer.Protocol.
func (s *Store) Unsent(ctx context.Context, n int) ([]transfer.Job, error) {
	list, err := s.collect(ctx, s.db, "SELECT "+all+` FROM transfer_job WHERE job_to_fso_can_sync = TRUE AND job_to_fso_sync_version IS NULL
		AND job_state IN ('done', 'skipped', 'error', 'error_retry') ORDER BY CASE WHEN parent_job_id IS NULL THEN 1 ELSE 0 END, job_last_change DESC LIMIT ?`, n)
	return list, sqldb.Outage(err, "read transfer jobs for the protocol")
}

// Sent implements transfer.Protocol. A job that changed meanwhile stays unsent.
func (s *Store) Sent(ctx context.Context, id, copyID int64, version time.Time) error {
	return s.retried(ctx, "note the protocol of a transfer job", func() error {
		if _, err := s.exec(ctx, s.db, "UPDATE transfer_job SET job_fso_id = ? WHERE job_id = ?", copyID, id); err != nil {
			return err
		}
		_, err := s.exec(ctx, s.db, s.d.text(`UPDATE transfer_job SET job_to_fso_sync_date = {now}, job_to_fso_sync_version = ?
			WHERE job_id = ? AND job_last_change = ?`), version, id, version)
		return err
	})
}
