package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// Pages is the pages of runs, and all that a page writes when it ends.
type Pages struct {
	sql                         *sqldb.DB
	runs                        *Runs
	insertLedger, replaceLedger *kept
	publisher                   Publisher
}

// Page is a page that the caller holds, or one that somebody has ended.
type Page = page.Held

// TakePage takes a page for the caller, with a fresh token and a lease. The
// page's state says what came of it: page.Taken is the caller's; page.Done and
// page.Failed were ended by an earlier delivery. A page that a live twin holds
// is an error of kind fault.Retry, one of a closed run fault.Superseded.
func (db *Pages) TakePage(ctx context.Context, t page.Task, token string, hold time.Duration) (Page, error) {
	r, err := db.runs.Run(ctx, t.RunID)
	if err != nil {
		return Page{}, err
	}
	p := Page{Run: r, Number: t.Page, Token: token, Copied: db.publisher != nil}
	if r.State.Final() {
		return p, fault.New(fault.Superseded, "closed-run", "run %d has closed as %s; page %d has nothing to do", r.ID, r.State, t.Page)
	}
	if r.JobID != 0 {
		if paused, err := db.jobPaused(ctx, r.JobID); err != nil || paused {
			return p, either(err, fault.New(fault.Superseded, "paused-job", "job %d does not run; page %d of its run %d is sent again when it is resumed", r.JobID, t.Page, r.ID))
		}
	}
	ok, err := lease.Take(ctx, db.sql, lease.Grant{Token: token, For: hold}, "UPDATE sync_page SET "+lease.Set+`, state = 1, attempts = attempts + 1
		WHERE run_id = ? AND page = ? AND (state = 0 OR (state = 1 AND `+lease.Over+"))", t.RunID, t.Page)
	if err != nil {
		return p, sqldb.Outage(err, "take the page")
	}
	if err := db.readPage(ctx, &p); err != nil {
		return p, err
	}
	// Pending without being ours: a twin held it and has put it back since.
	if !ok && (p.State == page.Taken || p.State == page.Pending) {
		return p, fault.New(fault.Retry, "page-held", "page %d of run %d is held by another delivery that is alive", t.Page, r.ID).WithAfter(hold / 4)
	}
	if p.State == page.Abandoned {
		return p, fault.New(fault.Superseded, "closed-run", "run %d was interrupted; page %d has nothing to do", r.ID, t.Page)
	}
	return p, nil
}

// readPage reads what the caller of TakePage needs to know.
func (db *Pages) readPage(ctx context.Context, p *Page) error {
	var journal []byte
	err := db.sql.QueryRowContext(ctx, "SELECT state, attempts, journal FROM sync_page WHERE run_id = ? AND page = ?", p.Run.ID, p.Number).
		Scan(&p.State, &p.Attempts, &journal)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "unknown-page", "run %d has no page %d", p.Run.ID, p.Number)
	}
	if err != nil {
		return sqldb.Outage(err, "read the page")
	}
	p.Journal, err = ledger.UnpackJournal(journal)
	return err
}

// WriteJournal notes what is about to be pushed. It must come before the push;
// it fails with fault.Superseded when the page is no longer the caller's.
func (db *Pages) WriteJournal(ctx context.Context, p Page, j ledger.Journal) error {
	err := sqldb.ExactlyOne(ctx, db.sql, errSuperseded("the page"), "UPDATE sync_page SET journal = ? WHERE run_id = ? AND page = ? AND state = 1 AND token = ?",
		j.Pack(), p.Run.ID, p.Number, p.Token)
	return sqldb.Outage(err, "write the page's journal")
}

// PutBack leaves a page to the next delivery, with the reason, and notes the failed
// attempt in the run log. A page that is no longer the caller's stays as it is.
func (db *Pages) PutBack(ctx context.Context, p Page, reason string) error {
	return db.sql.InTx(ctx, "put the page back", func(tx *sql.Tx) error {
		n, err := sqldb.Affected(ctx, tx, `UPDATE sync_page SET state = 0, token = NULL, lease_until = NULL, last_error = ?, failed_at = NOW(6)
			WHERE run_id = ? AND page = ? AND state = 1 AND token = ?`, sqldb.Cut(reason, 1024), p.Run.ID, p.Number, p.Token)
		if err != nil || n != 1 {
			return err
		}
		try := fmt.Sprintf("page %d, try %d", p.Number, p.Attempts)
		if p.Tries > 0 {
			try += fmt.Sprintf(" of %d", p.Tries)
		}
		return noteRun(ctx, tx, p.Run.ID, runlog.Warning, try+": "+reason)
	})
}

// GiveUp ends a page that ran out of attempts and returns the run as it then is.
func (db *Pages) GiveUp(ctx context.Context, p Page, reason string) (run.Run, error) {
	err := db.sql.InTx(ctx, "give the page up", func(tx *sql.Tx) error {
		err := sqldb.ExactlyOne(ctx, tx, errSuperseded("the page"), `UPDATE sync_page SET state = 3, last_error = ?, finished_at = NOW(6)
			WHERE run_id = ? AND page = ? AND state = 1 AND token = ?`, sqldb.Cut(reason, 1024), p.Run.ID, p.Number, p.Token)
		if err == nil {
			err = sqldb.ExactlyOne(ctx, tx, errSuperseded("the page"), "UPDATE sync_run SET pages_failed = pages_failed + 1, last_error = ? WHERE id = ? AND state = ?",
				sqldb.Cut(reason, 1024), p.Run.ID, run.Processing)
		}
		if err != nil {
			return err
		}
		return noteRun(ctx, tx, p.Run.ID, runlog.Warning, fmt.Sprintf("page %d is given up after %d attempts: %s", p.Number, p.Attempts, reason))
	})
	if err != nil {
		return p.Run, err
	}
	return db.runs.Run(ctx, p.Run.ID)
}

// either returns err, or what follows from a statement that did not fail. They
// are never joined: a statement that the database failed touches no row either,
// and that says nothing about who has the page.
func either(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// abandon ends the open pages of a run that is being closed and marks what they
// may have pushed as unconfirmed. The pages are locked first: a holder's journal is
// either seen here or refused there.
func abandon(ctx context.Context, tx *sql.Tx, runID int64) error {
	if _, err := tx.ExecContext(ctx, "UPDATE sync_page SET state = 4 WHERE run_id = ? AND state IN (0, 1)", runID); err != nil {
		return err
	}
	doubts := ledger.Journal{}
	var entity string
	err := sqldb.Each(ctx, tx, func(row sqldb.Row) error {
		var packed []byte
		if err := row.Scan(&entity, &packed); err != nil {
			return err
		}
		j, err := ledger.UnpackJournal(packed)
		doubts.Merge(j)
		return err
	}, `SELECT r.entity, p.journal FROM sync_page p JOIN sync_run r ON r.id = p.run_id
		WHERE p.run_id = ? AND p.state IN (3, 4) AND p.journal IS NOT NULL`, runID)
	if err != nil {
		return err
	}
	return doubt(ctx, tx, entity, doubts)
}

// jobPaused reports whether a run's job does not want its pages played now.
func (db *Pages) jobPaused(ctx context.Context, id int64) (bool, error) {
	var state rework.State
	err := db.sql.QueryRowContext(ctx, "SELECT state FROM sync_job WHERE id = ?", id).Scan(&state)
	return state != rework.Running, sqldb.Outage(err, "read the state of the page's job")
}
