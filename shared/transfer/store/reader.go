package store

import (
	"context"
	"database/sql"
	"errors"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// Job implements transfer.Reader. Jobs move from the open ones to the archive and never
// back, so the archive is read second.
func (s *Store) Job(ctx context.Context, id int64) (transfer.Job, error) {
	for _, table := range []string{"transfer_job", "transfer_job_archive"} {
		list, err := s.collect(ctx, s.db, "SELECT "+all+" FROM "+table+" WHERE job_id = ?", id)
		if err != nil {
			return transfer.Job{}, sqldb.Outage(err, "read a transfer job")
		}
		if len(list) > 0 {
			return list[0], nil
		}
	}
	return transfer.Job{}, transfer.ErrNoJob
}

// Each implements transfer.Reader. Both tables are read as of one moment.
func (s *Store) Each(ctx context.Context, fn func(transfer.Job) error) error {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return sqldb.Outage(err, "list transfer jobs")
	}
	defer func() { _ = tx.Rollback() }() // it only read
	var given error
	for _, table := range []string{"transfer_job_archive", "transfer_job"} {
		err := sqldb.Each(ctx, tx, func(row sqldb.Row) error {
			j, err := scanJob(row)
			if err == nil {
				given = fn(j)
				err = given
			}
			return err
		}, "SELECT "+all+" FROM "+table+" ORDER BY job_id")
		if err != nil {
			if given != nil {
				return given // the caller's own
			}
			return sqldb.Outage(err, "list transfer jobs")
		}
	}
	return nil
}

// Open implements transfer.Reader.
func (s *Store) Open(ctx context.Context, system transfer.Side, model string, id int64) (bool, error) {
	var one int
	err := s.db.QueryRowContext(ctx, sqldb.Rebind(s.d.name, `SELECT 1 FROM transfer_job WHERE job_source_system = ? AND job_source_model = ?
		AND job_source_record_id = ? AND job_state IN ('new', 'inprogress', 'error_retry') LIMIT 1`), string(system), model, id).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, sqldb.Outage(err, "look for an open transfer job")
}

// Count implements transfer.Reader.
func (s *Store) Count(ctx context.Context, system transfer.Side) (map[transfer.State]int64, error) {
	counts := map[transfer.State]int64{}
	for _, table := range []string{"transfer_job", "transfer_job_archive"} {
		query, args := "SELECT job_state, COUNT(*) FROM "+table, []any{}
		if system != "" {
			query, args = query+" WHERE job_source_system = ?", []any{string(system)}
		}
		err := sqldb.Each(ctx, s.db, func(row sqldb.Row) error {
			var state string
			var n int64
			err := row.Scan(&state, &n)
			counts[transfer.State(state)] += n
			return err
		}, sqldb.Rebind(s.d.name, query+" GROUP BY job_state"), args...)
		if err != nil {
			return nil, sqldb.Outage(err, "count transfer jobs")
		}
	}
	return counts, nil
}
