package store

import (
	"context"
	"database/sql"
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/account"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// Outcome is all that a page writes when it is done.
type Outcome = account.Outcome

// Publisher keeps copies of the records that a page found, in the page's own
// transaction. A record may be published again.
type Publisher interface {
	Publish(ctx context.Context, tx *sql.Tx, r run.Run, records []account.Current) error
}

// PublishTo has the pages of all entities published. It is called before the first
// page is finished.
func (db *DB) PublishTo(p Publisher) { db.publisher = p }

// Finish ends a page: ledger, parked records, doubts, the page and its part of
// the run's account, in one transaction, and returns the run as it then is. The
// run's row comes last because all its pages write it. An account that does not
// add up is refused; a page that is no longer the caller's is fault.Superseded, and
// then nothing of it is written.
func (db *DB) Finish(ctx context.Context, p Page, o Outcome) (run.Run, error) {
	if !o.Counts.Balanced() {
		return p.Run, fault.New(fault.Internal, "unbalanced", "page %d of run %d does not add up: %v", p.Number, p.Run.ID, o.Counts)
	}
	if err := db.prepareLedger(ctx, len(o.Ledger)); err != nil {
		return p.Run, err
	}
	err := db.sql.InTx(ctx, "finish the page", func(tx *sql.Tx) error { return db.finish(ctx, tx, p, o) })
	if err != nil {
		return p.Run, err
	}
	return db.Run(ctx, p.Run.ID)
}

// finish does Finish's work within its transaction.
func (db *DB) finish(ctx context.Context, tx *sql.Tx, p Page, o Outcome) error {
	c := o.Counts
	err := sqldb.ExactlyOne(ctx, tx, errSuperseded("the page"), `UPDATE sync_page SET state = 2, journal = NULL, last_error = NULL, finished_at = NOW(6),
		found = ?, saved = ?, deleted = ?, unchanged = ?, parked = ?, operations = ?
		WHERE run_id = ? AND page = ? AND state = 1 AND token = ?`,
		c.Found, c.Saved, c.Deleted, c.Unchanged, c.Parked, c.Operations, p.Run.ID, p.Number, p.Token)
	if err != nil {
		return err
	}
	contested, err := db.writeLedger(ctx, tx, p, o.Ledger)
	if err != nil {
		return err
	}
	contested.Merge(o.Unconfirmed)
	for _, write := range []func() error{
		func() error { return park(ctx, tx, p, o.Parked) },
		func() error { return noteParked(ctx, tx, p, len(o.Parked)) },
		func() error { return resolve(ctx, tx, p.Run.Entity, o.Resolved) },
		func() error { return settle(ctx, tx, p.Run.Entity, o.Settled) },
		func() error { return doubt(ctx, tx, p.Run.Entity, contested) },
		func() error {
			if db.publisher == nil || len(o.Current) == 0 {
				return nil
			}
			return db.publisher.Publish(ctx, tx, p.Run, o.Current)
		},
	} {
		if err := write(); err != nil {
			return err
		}
	}
	return sqldb.ExactlyOne(ctx, tx, errSuperseded("the page"), `UPDATE sync_run SET pages_done = pages_done + 1, found = found + ?, saved = saved + ?,
		deleted = deleted + ?, unchanged = unchanged + ?, parked = parked + ?, operations = operations + ?,
		last_task_id = GREATEST(last_task_id, ?) WHERE id = ? AND state = ?`,
		c.Found, c.Saved, c.Deleted, c.Unchanged, c.Parked, c.Operations, o.TaskID, p.Run.ID, run.Processing)
}

// Publish closes a run whose pages are all done as synced and moves the
// watermark, in one transaction. The account is checked a second time, from the
// pages themselves and against the change list: a run that does not add up is
// refused with code "unbalanced" and stays as it is. It returns fault.Superseded
// when the run has been closed by somebody else.
func (db *DB) Publish(ctx context.Context, r run.Run) error {
	return db.sql.InTx(ctx, "close the run", func(tx *sql.Tx) error {
		if err := audit(ctx, tx, r.ID); err != nil {
			return err
		}
		ok, err := move(ctx, tx, r.ID, run.Synced, ", closed_at = NOW(6)")
		if err != nil || !ok {
			return either(err, errSuperseded("the run"))
		}
		if err := noteRun(ctx, tx, r.ID, runlog.Info, "the run is synced: "+r.Counts.String()); err != nil {
			return err
		}
		return release(ctx, tx, r.ClaimID, r.Token, &r.Window.From, &r.Window.To)
	})
}

// Fail closes a run as failed. The watermark stays, so the next tick covers the
// same ground; possible pushes of its open pages become unconfirmed.
func (db *DB) Fail(ctx context.Context, r run.Run, reason string) error {
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

// audit checks a run's account against its pages and its change list.
func audit(ctx context.Context, tx *sql.Tx, id int64) error {
	r, err := scanRun(tx.QueryRowContext(ctx, "SELECT "+runColumns+" FROM sync_run r WHERE r.id = ? FOR UPDATE", id))
	if err != nil {
		return err
	}
	var pages, done int
	var roots, listed int64
	var sum run.Counts
	err = tx.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(state = 2), 0), COALESCE(SUM(roots), 0), COALESCE(SUM(found), 0),
		COALESCE(SUM(saved), 0), COALESCE(SUM(deleted), 0), COALESCE(SUM(unchanged), 0), COALESCE(SUM(parked), 0), COALESCE(SUM(operations), 0),
		(SELECT COUNT(*) FROM sync_change WHERE run_id = ?) FROM sync_page WHERE run_id = ?`, id, id).
		Scan(&pages, &done, &roots, &sum.Found, &sum.Saved, &sum.Deleted, &sum.Unchanged, &sum.Parked, &sum.Operations, &listed)
	if err != nil {
		return err
	}
	problem := ""
	switch {
	case pages != r.PagesTotal || done != pages || r.PagesDone != pages || r.PagesFailed != 0:
		problem = fmt.Sprintf("%d pages were cut, %d are there, %d are done, %d counted done and %d failed", r.PagesTotal, pages, done, r.PagesDone, r.PagesFailed)
	case roots != listed:
		problem = fmt.Sprintf("the change list has %d roots, the pages %d", listed, roots)
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
