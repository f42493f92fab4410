package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// Package implements transfer.Queue. Roots of each state are read in the order of one
// index.
func (s *Store) Package(ctx context.Context, n int, debounce time.Duration) ([]transfer.Job, error) {
	var list []transfer.Job
	for _, state := range []string{"inprogress", "new"} {
		if len(list) >= n {
			break
		}
		roots, err := s.collect(ctx, s.db, s.d.text("SELECT "+all+` FROM transfer_job WHERE job_state = ? AND parent_job_id IS NULL
			AND create_date <= {earlier} ORDER BY job_priority DESC, job_date DESC LIMIT ?`), state, debounce.Microseconds(), n-len(list))
		if err != nil {
			return nil, sqldb.Outage(err, "read transfer jobs to run")
		}
		list = append(list, roots...)
	}
	if len(list) == 0 {
		return nil, nil
	}
	roots := make([]int64, len(list))
	for i, j := range list {
		roots[i] = j.ID
	}
	children, err := s.collect(ctx, s.db, "SELECT "+all+" FROM transfer_job WHERE root_job_id IN ("+sqldb.Marks(len(roots))+")", sqldb.Args(roots)...)
	if err != nil {
		return nil, sqldb.Outage(err, "read the children of transfer jobs")
	}
	list = append(list, children...)
	slices.SortStableFunc(list, func(a, b transfer.Job) int {
		return cmp.Or(cmp.Compare(b.Priority, a.Priority), a.Date.Compare(b.Date), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

// errNotOpen says that a job is not open any more: a newer job has closed it.
var errNotOpen = fault.New(fault.Superseded, "job-closed", "the job is not open any more")

// Claim implements transfer.Queue.
func (s *Store) Claim(ctx context.Context, token string, id int64) (j transfer.Job, err error) {
	query := s.d.text(`UPDATE transfer_job SET job_state = 'inprogress', job_run_count = job_run_count + 1, job_start = {now}, job_end = NULL,
		job_retry_at = NULL, claim_token = ?, job_last_change = {now} WHERE job_id = ? AND job_state IN ('new', 'inprogress') AND ` + holds)
	err = s.retried(ctx, "claim a transfer job", func() error {
		var list []transfer.Job
		var err error
		if s.d.returning {
			list, err = s.collect(ctx, s.db, query+" RETURNING "+all, token, id, token)
		} else {
			var n int64
			if n, err = s.exec(ctx, s.db, query, token, id, token); err == nil && n == 1 {
				list, err = s.collect(ctx, s.db, "SELECT "+all+" FROM transfer_job WHERE job_id = ? AND claim_token = ?", id, token)
			}
		}
		switch {
		case err != nil:
			return err
		case len(list) == 1:
			j = list[0]
			return nil
		}
		return s.whyNot(ctx, token)
	})
	return j, err
}

// whyNot says why a change in the name of a token affected no row.
func (s *Store) whyNot(ctx context.Context, token string) error {
	h, err := s.Holder(ctx)
	switch {
	case err != nil:
		return err
	case h.Token != token:
		return transfer.ErrLost
	}
	return errNotOpen
}

// Note implements transfer.Queue.
func (s *Store) Note(ctx context.Context, token string, j transfer.Job) error {
	assignments, args := sets(traced, &j)
	return s.retried(ctx, "note what a transfer job saw", func() error {
		return sqldb.ExactlyOne(ctx, s.db, transfer.ErrLost, sqldb.Rebind(s.d.name, s.d.text("UPDATE transfer_job SET "+assignments+`, job_last_change = {now}
			WHERE job_id = ? AND job_state = 'inprogress' AND claim_token = ?`)), append(slices.Clone(args), j.ID, token)...)
	})
}

// Finish implements transfer.Queue.
func (s *Store) Finish(ctx context.Context, token string, j transfer.Job) (closed int64, err error) {
	assignments, args := sets(traced, &j)
	args = append(args, string(j.State), value(&j.RetryAt), value(&j.Duration), j.ToProtocol, j.ID, token)
	query := sqldb.Rebind(s.d.name, s.d.text("UPDATE transfer_job SET "+assignments+`, job_state = ?, job_retry_at = ?, job_duration = ?, job_to_fso_can_sync = ?,
		job_to_fso_sync_version = NULL, job_end = {now}, job_last_change = {now}, claim_token = NULL WHERE job_id = ? AND job_state = 'inprogress' AND claim_token = ?`))
	older, err := s.older(ctx, j)
	if err != nil {
		return 0, err
	}
	if len(older) == 0 { // the common case: one statement, which locks one row
		return 0, s.retried(ctx, "finish a transfer job", func() error {
			return sqldb.ExactlyOne(ctx, s.db, transfer.ErrLost, query, args...)
		})
	}
	err = s.tx(ctx, "finish a transfer job", func(tx *sql.Tx) error {
		if err := sqldb.ExactlyOne(ctx, tx, transfer.ErrLost, query, args...); err != nil {
			return err
		}
		closed, err = s.closeAll(ctx, tx, older, j.ID)
		return err
	})
	return closed, err
}

// older returns the open jobs of a job's record with an older date of its data. It locks
// nothing: a read that locks waits for jobs of neighbouring records, and they for it.
func (s *Store) older(ctx context.Context, j transfer.Job) ([]transfer.Job, error) {
	if j.WriteDate == nil || j.State == transfer.Retry {
		return nil, nil
	}
	list, err := s.collect(ctx, s.db, "SELECT "+all+` FROM transfer_job WHERE job_source_system = ? AND job_source_model = ? AND job_source_record_id = ?
		AND job_state IN ('new', 'error', 'error_retry') AND job_source_sosync_write_date < ? ORDER BY job_id`, string(j.System), j.Model, j.RecordID, *j.WriteDate)
	return list, sqldb.Outage(err, "look for older transfer jobs")
}

// closeAll closes jobs that are still open, and what is open below them.
func (s *Store) closeAll(ctx context.Context, tx *sql.Tx, list []transfer.Job, by int64) (closed int64, err error) {
	text := "closed by job " + strconv.FormatInt(by, 10) + ", which is newer"
	for _, o := range list {
		root := o.ID
		if o.RootID != nil {
			root = *o.RootID
		}
		for where, args := range map[string][]any{"job_id = ?": {o.ID}, "root_job_id = ? AND parent_path LIKE ?": {root, o.ParentPath + "%"}} {
			n, failed := s.exec(ctx, tx, s.d.text(`UPDATE transfer_job SET job_state = 'skipped', job_closed_by_job_id = ?, job_log = ?, job_start = {now}, job_end = {now},
				job_last_change = {now}, job_retry_at = NULL WHERE `+where+` AND job_state IN ('new', 'error', 'error_retry')`), append([]any{by, text}, args...)...)
			closed += n
			err = errors.Join(err, failed)
		}
	}
	return closed, err
}

// Child implements transfer.Queue.
func (s *Store) Child(ctx context.Context, token string, parent transfer.Job, d transfer.Draft) (child transfer.Job, err error) {
	err = s.tx(ctx, "store the child of a transfer job", func(tx *sql.Tx) error {
		var claimed sql.NullString
		err := tx.QueryRowContext(ctx, sqldb.Rebind(s.d.name, "SELECT claim_token FROM transfer_job WHERE job_id = ? FOR UPDATE"), parent.ID).Scan(&claimed)
		if sqldb.IgnoreNoRows(err) != nil {
			return err
		}
		if claimed.String != token {
			return transfer.ErrLost
		}
		const find = " FROM transfer_job WHERE parent_job_id = ? AND job_source_system = ? AND job_source_model = ? AND job_source_record_id = ? ORDER BY job_id DESC LIMIT 1"
		key := []any{parent.ID, string(d.System), d.Model, d.RecordID}
		list, err := s.collect(ctx, tx, "SELECT "+all+find, key...)
		if err == nil && len(list) == 0 {
			above := parent
			own := strconv.FormatInt(parent.ID, 10) + "/"
			above.ParentPath = above.ParentPath[:len(above.ParentPath)-len(own)]
			under(&d.Job, above)
			if err = s.createLevel(ctx, tx, []*transfer.Draft{&d}); err == nil {
				list, err = s.collect(ctx, tx, "SELECT "+all+find, key...)
			}
		}
		if err == nil {
			child = list[0]
		}
		return err
	})
	return child, err
}
