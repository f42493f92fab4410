package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// CloseIdle closes claims that found nothing to do: it notes a run without pages for
// each, then moves the watermarks. A crash between the two is healed by Conclude. It
// returns the id of the first run and how many there are; a claim that has become
// another's is left out.
func (db *Runs) CloseIdle(ctx context.Context, idle []claim.Idle) (first, closed int64, err error) {
	var parts, tokens []string
	var args []any
	for _, c := range idle {
		parts = append(parts, `SELECT ?, ?, ?, id, token, ?, ?, NOW(6) FROM order_return_algolia_sync WHERE id = ? AND token = ? AND status <> 0`)
		args = append(args, c.Entity, run.Window, run.Synced, c.Window.From, c.Window.To, c.Claim.ID, c.Claim.Token)
		tokens = append(tokens, c.Claim.Token)
	}
	res, err := db.sql.ExecContext(ctx, "INSERT INTO sync_run (entity, kind, state, claim_id, claim_token, window_from, window_to, closed_at) "+strings.Join(parts, " UNION ALL "), args...)
	if err == nil {
		closed, err = res.RowsAffected()
	}
	if err == nil {
		first, err = res.LastInsertId()
	}
	if err == nil && closed > 0 {
		closed, err = conclude(ctx, db.sql, tokens)
	}
	return first, closed, sqldb.Outage(err, "close the idle claims")
}

// Conclude gives back the claim of a run that is synced, and moves the watermark
// to its end. It returns fault.Superseded when that has been done.
func (db *Runs) Conclude(ctx context.Context, r run.Run) error {
	n, err := conclude(ctx, db.sql, []string{r.Token})
	if err == nil && n == 0 {
		err = errSuperseded("the run")
	}
	return sqldb.Outage(err, "give the claim back")
}

// conclude does Conclude's work for the runs of claims' tokens, and returns how many
// claims were given back. These runs and claims are looked up, and so waited for, and no
// others.
func conclude(ctx context.Context, e sqldb.Execer, tokens []string) (int64, error) {
	return sqldb.Affected(ctx, e, `UPDATE sync_run r FORCE INDEX (uq_claim) STRAIGHT_JOIN order_return_algolia_sync c FORCE INDEX (PRIMARY) ON c.id = r.claim_id AND c.token = r.claim_token
		SET c.status = 0, c.lease_until = NULL, c.date_range_start = r.window_from, c.date_range_end = r.window_to, c.updated_at = NOW(6)
		WHERE r.claim_token IN (`+sqldb.Marks(len(tokens))+`) AND r.state = ? AND c.status <> 0`, append(sqldb.Args(tokens), run.Synced)...)
}

// Publish closes a run whose pages are all done as synced and moves the
// watermark, in one transaction. The account is checked a second time, from the
// pages themselves and against the change list: a run that does not add up is
// refused with code "unbalanced" and stays as it is. It returns fault.Superseded
// when the run has been closed by somebody else.
func (db *Runs) Publish(ctx context.Context, r run.Run) error {
	return db.sql.InTx(ctx, "close the run", func(tx *sql.Tx) error {
		if err := audit(ctx, tx, r.ID); err != nil {
			return err
		}
		ok, err := move(ctx, tx, r.ID, run.Synced, ", closed_at = NOW(6)")
		if err != nil || !ok {
			return either(err, errSuperseded("the run"))
		}
		if r.Kind != run.Follow { // many a second
			if err := noteRun(ctx, tx, r.ID, runlog.Info, "the run is synced: "+r.Counts.String()); err != nil {
				return err
			}
		}
		return release(ctx, tx, r.ClaimID, r.Token, &r.Window.From, &r.Window.To)
	})
}

// Fail closes a run as failed. The watermark stays, so the next tick covers the
// same ground; possible pushes of its open pages become unconfirmed.
func (db *Runs) Fail(ctx context.Context, r run.Run, reason string) error {
	return db.sql.InTx(ctx, "fail the run", func(tx *sql.Tx) error {
		if err := abandon(ctx, tx, r.ID); err != nil {
			return err
		}
		ok, err := move(ctx, tx, r.ID, run.Failed, ", closed_at = NOW(6), last_error = ?", sqldb.Cut(reason, 1024))
		if err != nil || !ok {
			return either(err, errSuperseded("the run"))
		}
		if err := noteRun(ctx, tx, r.ID, runlog.Error, "the run failed: "+reason); err != nil {
			return err
		}
		return release(ctx, tx, r.ClaimID, r.Token, nil, nil)
	})
}

// audit checks a run's account against its pages and its change list. Of a list that an
// older version wrote, a root counts as worked if the list has its row.
func audit(ctx context.Context, tx *sql.Tx, id int64) error {
	r, err := scanRun(tx.QueryRowContext(ctx, "SELECT "+runColumns+" FROM sync_run r WHERE r.id = ? FOR UPDATE", id))
	if err != nil {
		return err
	}
	var pages, done int
	var roots, worked int64
	var sum run.Counts
	err = tx.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(state = 2), 0), COALESCE(SUM(roots), 0), COALESCE(SUM(found), 0),
		COALESCE(SUM(saved), 0), COALESCE(SUM(deleted), 0), COALESCE(SUM(unchanged), 0), COALESCE(SUM(parked), 0), COALESCE(SUM(operations), 0),
		COALESCE(SUM(CASE WHEN first_root IS NULL THEN 0 ELSE worked END), 0) + (SELECT COUNT(*) FROM sync_change WHERE run_id = ?)
		FROM sync_page WHERE run_id = ?`, id, id).
		Scan(&pages, &done, &roots, &sum.Found, &sum.Saved, &sum.Deleted, &sum.Unchanged, &sum.Parked, &sum.Operations, &worked)
	if err != nil {
		return err
	}
	problem := ""
	switch {
	case pages != r.PagesTotal || done != pages || r.PagesDone != pages || r.PagesFailed != 0:
		problem = fmt.Sprintf("%d pages were cut, %d are there, %d are done, %d counted done and %d failed", r.PagesTotal, pages, done, r.PagesDone, r.PagesFailed)
	case roots != worked: // a process function that knows no packed list works an empty one
		problem = fmt.Sprintf("the pages have %d roots, of which %d were worked", roots, worked)
	case sum != r.Counts:
		problem = fmt.Sprintf("the pages say %v, the run %v", sum, r.Counts)
	case !r.Counts.Balanced():
		problem = r.Counts.String()
	}
	if problem == "" || r.State.Final() {
		return nil
	}
	return fault.New(fault.Internal, "unbalanced", "run %d does not add up and stays open: %s", id, problem)
}
