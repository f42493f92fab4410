package store

import (
	"context"
	"database/sql"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
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
func (db *Pages) PublishTo(p Publisher) { db.publisher = p }

// Finish ends a page: ledger, parked records, doubts, the page and its part of
// the run's account, in one transaction, and returns the run as it then is. The
// run's row comes last because all its pages write it. An account that does not
// add up is refused; a page that is no longer the caller's is fault.Superseded, and
// then nothing of it is written.
func (db *Pages) Finish(ctx context.Context, p Page, o Outcome) (run.Run, error) {
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
	return db.runs.Run(ctx, p.Run.ID)
}

// finish does Finish's work within its transaction.
func (db *Pages) finish(ctx context.Context, tx *sql.Tx, p Page, o Outcome) error {
	c := o.Counts
	err := sqldb.ExactlyOne(ctx, tx, errSuperseded("the page"), `UPDATE sync_page SET state = 2, journal = NULL, last_error = NULL, finished_at = NOW(6),
		worked = ?, found = ?, saved = ?, deleted = ?, unchanged = ?, parked = ?, operations = ?
		WHERE run_id = ? AND page = ? AND state = 1 AND token = ?`,
		o.Roots, c.Found, c.Saved, c.Deleted, c.Unchanged, c.Parked, c.Operations, p.Run.ID, p.Number, p.Token)
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
