package store

import (
	"context"
	"database/sql"
	"strconv"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// chunk is how many rows one INSERT writes, far below PostgreSQL's 65,535 parameters.
const chunk = 500

// Create implements transfer.Intake.
func (s *Store) Create(ctx context.Context, list []transfer.Draft) (ids []int64, err error) {
	err = s.tx(ctx, "store transfer jobs", func(tx *sql.Tx) error {
		level := make([]*transfer.Draft, len(list))
		for i := range list {
			copied := list[i]
			copied.ParentID, copied.RootID, copied.ParentPath = nil, nil, ""
			level[i] = &copied
		}
		ids = nil
		for top := true; len(level) > 0; top = false {
			if err := s.createLevel(ctx, tx, level); err != nil {
				return err
			}
			for _, d := range level {
				if top {
					ids = append(ids, d.ID)
				}
			}
			level = below(level)
		}
		return nil
	})
	return ids, err
}

// createLevel inserts drafts of one depth and sets their ids.
func (s *Store) createLevel(ctx context.Context, tx *sql.Tx, level []*transfer.Draft) error {
	for start := 0; start < len(level); start += chunk {
		part := level[start:min(start+chunk, len(level))]
		row := "(" + sqldb.Marks(len(given)) + ", {now}, {now}, {now})"
		query, args := "INSERT INTO transfer_job ("+names(given)+", job_fetched, create_date, job_last_change) VALUES ", []any{}
		for i, d := range part {
			if i > 0 {
				query += ", "
			}
			query += row
			args = append(args, values(given, &d.Job)...)
		}
		ids, err := s.insert(ctx, tx, tx, len(part), s.d.text(query), args...)
		if err != nil {
			return err
		}
		for i, d := range part {
			d.ID = ids[i]
		}
	}
	return nil
}

// below returns the children of drafts that have their ids.
func below(level []*transfer.Draft) (children []*transfer.Draft) {
	for _, parent := range level {
		for _, child := range parent.Children {
			under(&child.Job, parent.Job)
			children = append(children, &child)
		}
	}
	return children
}

// under makes a job the child of another one, whose path is that of the table.
func under(child *transfer.Job, parent transfer.Job) {
	root := parent.ID
	if parent.RootID != nil {
		root = *parent.RootID
	}
	id := parent.ID
	child.ParentID, child.RootID, child.ParentPath = &id, &root, parent.ParentPath+strconv.FormatInt(id, 10)+"/"
}

// renewed are the assignments that give a job a new run.
const renewed = "job_state = 'new', job_retry_at = NULL, job_last_change = {now}, job_to_fso_sync_version = NULL"

// RetryFailed implements transfer.Intake.
func (s *Store) RetryFailed(ctx context.Context, limit int) (n int64, err error) {
	err = s.retried(ctx, "retry failed transfer jobs", func() error {
		n, err = s.exec(ctx, s.db, s.d.text("UPDATE transfer_job SET "+renewed+` WHERE job_state = 'error_retry'
			OR job_state = 'error' AND job_run_count < ? AND job_date > {earlier}`), limit, int64(100*24*3600)*1e6)
		return err
	})
	return n, err
}

// RetryJob implements transfer.Intake.
func (s *Store) RetryJob(ctx context.Context, id int64) error {
	return s.tx(ctx, "retry a transfer job", func(tx *sql.Tx) error {
		n, err := s.exec(ctx, tx, s.d.text("UPDATE transfer_job SET "+renewed+", job_run_count = 0 WHERE job_id = ? AND job_state IN ('error', 'error_retry')"), id)
		if err != nil {
			return err
		}
		if n == 0 {
			j, err := s.Job(ctx, id)
			if err != nil {
				return err
			}
			return fault.New(fault.Superseded, "not-failed", "job %d is %s: only a job in error or error_retry can be tried again", id, j.State)
		}
		_, err = s.exec(ctx, tx, s.d.text("UPDATE transfer_job SET "+renewed+`, job_run_count = 0
			WHERE (root_job_id = ? OR root_job_id = (SELECT root FROM (SELECT root_job_id AS root FROM transfer_job WHERE job_id = ?) AS own) AND parent_path LIKE ?)
			AND job_state IN ('error', 'error_retry')`), id, id, "%"+strconv.FormatInt(id, 10)+"/%")
		return err
	})
}

// Due implements transfer.Queue.
func (s *Store) Due(ctx context.Context) (n int64, err error) {
	err = s.retried(ctx, "find transfer jobs to retry", func() error {
		n, err = s.exec(ctx, s.db, s.d.text("UPDATE transfer_job SET "+renewed+" WHERE job_state = 'error_retry' AND job_retry_at <= {now}"))
		return err
	})
	return n, err
}
