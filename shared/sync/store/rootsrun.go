package store

import (
	"context"
	"database/sql"
	"errors"

	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/follow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// BeginRoots implements follow.RootsRuns: claim, run, change list and pages are one
// transaction. Only the owner of following works on a follow lane, so the lane of an owner
// before it is taken over whatever its lease says.
func (db *Follow) BeginRoots(ctx context.Context, token string, d entity.Definition, c follow.Config) (r run.Run, err error) {
	var waiting bool
	err = db.sql.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM sync_recheck WHERE entity = ?) AND EXISTS (
		SELECT 1 FROM order_return_algolia_sync WHERE job_type = ? AND date_range_end IS NOT NULL)`, d.Name, d.JobType).Scan(&waiting)
	if err != nil || !waiting {
		return run.Run{}, sqldb.Outage(err, "look for unconfirmed roots")
	}
	err = db.sql.InTx(ctx, "begin the roots run", func(tx *sql.Tx) error {
		r = run.Run{}
		claimID, err := takeLane(ctx, tx, target.Parse(d.JobType).FollowLane())
		if err != nil {
			return err
		}
		claimToken := lease.NewToken()
		if _, err := tx.ExecContext(ctx, `UPDATE order_return_algolia_sync SET token = ?, status = 2, lease_until = NOW(6) + INTERVAL ? MICROSECOND, updated_at = NOW(6)
			WHERE id = ?`, claimToken, sqldb.Micros(c.Lease), claimID); err != nil {
			return err
		}
		id, err := sqldb.Insert(ctx, tx, `INSERT INTO sync_run (entity, kind, state, claim_id, claim_token, window_from, window_to)
			VALUES (?, ?, ?, ?, ?, NOW(6), NOW(6))`, d.Name, run.Follow, run.Processing, claimID, claimToken)
		if err != nil {
			return err
		}
		roots, err := sqldb.Collect(ctx, tx, sqldb.Column[uint64], "SELECT root_id FROM sync_recheck WHERE entity = ? ORDER BY root_id LIMIT ?", d.Name, c.RunRoots)
		if err != nil {
			return err
		}
		w := &pageWriter{tx: tx, run: id, size: c.PageRoots}
		if err := w.add(ctx, roots); err != nil {
			return err
		}
		pages, err := w.end(ctx)
		if err != nil {
			return err
		}
		if pages == 0 { // settled meanwhile by another run
			return errNothingListed
		}
		if _, err := tx.ExecContext(ctx, "UPDATE sync_run SET pages_total = ? WHERE id = ?", pages, id); err != nil {
			return err
		}
		r = run.Run{ID: id, Entity: d.Name, Kind: run.Follow, State: run.Processing, ClaimID: claimID, Token: claimToken, PagesTotal: pages}
		return owned(ctx, tx, token)
	})
	if errors.Is(err, errNothingListed) {
		return run.Run{}, nil
	}
	return r, err
}

// errNothingListed rolls a roots run back that has nothing to do.
var errNothingListed = errors.New("no unconfirmed root is left")

// takeLane locks the claim of a follow lane and closes the run of an owner that died.
func takeLane(ctx context.Context, tx *sql.Tx, lane string) (id int64, err error) {
	var status int
	var token string
	read := func() error {
		return tx.QueryRowContext(ctx, `SELECT id, status, COALESCE(token, '') FROM order_return_algolia_sync
			WHERE job_type = ? ORDER BY created_at DESC, id DESC LIMIT 1 FOR UPDATE`, lane).Scan(&id, &status, &token)
	}
	if err = read(); errors.Is(err, sql.ErrNoRows) {
		if _, err = tx.ExecContext(ctx, `INSERT INTO order_return_algolia_sync (job_type, status, bootstrap_key)
			VALUES (?, 0, ?) ON DUPLICATE KEY UPDATE id = id`, lane, lane); err == nil {
			err = read()
		}
	}
	if err != nil || status == 0 {
		return id, err
	}
	_, err = interrupt(ctx, tx, token, "its process ended; the next roots run took over")
	return id, err
}

// Fold implements follow.RootsRuns. The younger run stays, because the lane's watermark is
// its end; it has one page in the end, with the sums of both and without a list.
func (db *Follow) Fold(ctx context.Context, r run.Run) error {
	return db.sql.InTx(ctx, "fold the roots runs of an hour", func(tx *sql.Tx) error {
		var before int64
		err := tx.QueryRowContext(ctx, `SELECT b.id FROM sync_run b JOIN sync_run r ON r.entity = b.entity AND r.kind = b.kind
			AND b.id < r.id AND b.state = r.state AND b.created_at >= DATE_FORMAT(r.created_at, '%Y-%m-%d %H:00:00')
			WHERE r.id = ? ORDER BY b.id DESC LIMIT 1`, r.ID).Scan(&before)
		if sqldb.IgnoreNoRows(err) != nil {
			return err
		}
		if before == 0 {
			before = r.ID
		}
		var sum run.Counts
		var roots int64
		err = tx.QueryRowContext(ctx, `SELECT SUM(roots), SUM(found), SUM(saved), SUM(deleted), SUM(unchanged), SUM(parked), SUM(operations)
			FROM sync_page WHERE run_id IN (?, ?)`, r.ID, before).
			Scan(&roots, &sum.Found, &sum.Saved, &sum.Deleted, &sum.Unchanged, &sum.Parked, &sum.Operations)
		if err != nil {
			return err
		}
		counts := []any{sum.Found, sum.Saved, sum.Deleted, sum.Unchanged, sum.Parked, sum.Operations}
		const set = "found = ?, saved = ?, deleted = ?, unchanged = ?, parked = ?, operations = ?"
		for _, write := range []struct {
			text string
			args []any
		}{
			{"DELETE FROM sync_page WHERE run_id = ? AND page > 1", []any{r.ID}},
			{"UPDATE sync_page SET listed = NULL, first_root = NULL, last_root = NULL, roots = ?, " + set + " WHERE run_id = ? AND page = 1", append(append([]any{roots}, counts...), r.ID)},
			{`UPDATE sync_run SET pages_total = 1, pages_done = 1, created_at = COALESCE((SELECT created_at FROM (
				SELECT created_at FROM sync_run WHERE id = ?) AS older), created_at), ` + set + " WHERE id = ?", append(append([]any{before}, counts...), r.ID)},
		} {
			if _, err := tx.ExecContext(ctx, write.text, write.args...); err != nil {
				return err
			}
		}
		if before == r.ID {
			return nil
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM sync_page WHERE run_id = ?", before); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM sync_run WHERE id = ?", before)
		return err
	})
}
