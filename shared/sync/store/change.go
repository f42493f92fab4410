package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// Changes is the change lists of runs. A page's row of sync_page holds the page's roots in
// packed form. Versions before migration 27 wrote a row of sync_change for each root
// instead; the runs that such a version listed are read from there.
type Changes struct{ sql *sqldb.DB }

// List writes a run's change list and its pages, once, and returns how many
// pages there are. It is one transaction on the run's locked row, so a twin or
// a later delivery of the window task finds it done; an empty list closes the
// run there and then. A window lists the unconfirmed roots too; a repair and a record
// list their job's roots and never call the lister.
func (db *Changes) List(ctx context.Context, r run.Run, d entity.Definition, lister rootlist.Lister) (pages int, err error) {
	err = db.sql.InTx(ctx, "list the changes of the run", func(tx *sql.Tx) error {
		pages, err = list(ctx, tx, changeList{run: r, def: d, lister: lister})
		return err
	})
	return pages, err
}

// changeList is what list needs to know.
type changeList struct {
	run    run.Run
	def    entity.Definition
	lister rootlist.Lister
}

// list does List's work within its transaction.
func list(ctx context.Context, tx *sql.Tx, c changeList) (int, error) {
	var state run.State
	var pages int
	err := tx.QueryRowContext(ctx, "SELECT state, pages_total FROM sync_run WHERE id = ? FOR UPDATE", c.run.ID).Scan(&state, &pages)
	if err != nil || state != run.Windowing {
		return pages, err
	}
	n, err := c.fill(ctx, tx)
	if err != nil {
		return 0, err
	}
	if n == 0 {
		return 0, closeEmpty(ctx, tx, c.run)
	}
	ok, err := move(ctx, tx, c.run.ID, run.Processing, ", pages_total = ?", n)
	if err == nil && !ok {
		err = errSuperseded("the window task")
	}
	if err != nil {
		return 0, err
	}
	return n, noteRun(ctx, tx, c.run.ID, runlog.Info, fmt.Sprintf("the run began over %v: pages to work: %d", c.run.Window, n))
}

// closeEmpty closes a run that found nothing changed.
func closeEmpty(ctx context.Context, tx *sql.Tx, r run.Run) error {
	ok, err := move(ctx, tx, r.ID, run.Synced, ", closed_at = NOW(6)")
	if err == nil && !ok {
		err = errSuperseded("the window task")
	}
	if err != nil {
		return err
	}
	return release(ctx, tx, r.ClaimID, r.Token, &r.Window.From, &r.Window.To)
}

// fill writes the pages and returns how many there are.
func (c changeList) fill(ctx context.Context, tx *sql.Tx) (int, error) {
	w := &pageWriter{tx: tx, run: c.run.ID, size: c.def.PageSize}
	switch c.run.Kind {
	case run.Repair, run.Record:
		w.own = &tableRoots{tx: tx, query: "SELECT root_id FROM sync_job_root WHERE job_id = ?", key: c.run.JobID}
		return w.end(ctx)
	case run.Window:
		w.own = &tableRoots{tx: tx, query: "SELECT root_id FROM sync_recheck WHERE entity = ?", key: c.def.Name}
	}
	listed, err := c.lister(ctx, func(ids []uint64) error { return w.add(ctx, ids) })
	if err == nil {
		err = c.note(ctx, tx, listed)
	}
	if err != nil {
		return 0, err
	}
	return w.end(ctx)
}

// note writes into the run log how many rows have no usable root, and what the server
// warned of.
func (c changeList) note(ctx context.Context, tx *sql.Tx, l rootlist.Listed) error {
	var problems []error
	if l.Skipped > 0 {
		problems = append(problems, noteRun(ctx, tx, c.run.ID, runlog.Warning, fmt.Sprintf("%s/changed.sql gave rows whose _root is NULL or negative, left out: %d; correct the rows or the statement", c.def.Source, l.Skipped)))
	}
	if len(l.Warnings) > 0 {
		problems = append(problems, noteRun(ctx, tx, c.run.ID, runlog.Warning, fmt.Sprintf("%s/changed.sql makes the server warn: %s", c.def.Source, strings.Join(l.Warnings, "; "))))
	}
	return errors.Join(problems...)
}

// Changed returns the root ids of a page, in order.
func (db *Changes) Changed(ctx context.Context, runID int64, page int) ([]uint64, error) {
	var packed []byte
	var list []uint64
	err := db.sql.QueryRowContext(ctx, "SELECT listed FROM sync_page WHERE run_id = ? AND page = ?", runID, page).Scan(&packed)
	switch {
	case err != nil:
	case packed == nil:
		list, err = sqldb.Collect(ctx, db.sql, sqldb.Column[uint64], "SELECT root_id FROM sync_change WHERE run_id = ? AND page = ? ORDER BY root_id", runID, page)
	default:
		list, err = rootlist.Unpack(packed)
	}
	return list, sqldb.Outage(err, "read the page's change list")
}

// Prune removes the change lists and pages of runs that closed longer ago than
// keepDays, a bounded number at a time; the runs themselves stay.
func (db *Changes) Prune(ctx context.Context, entityName string, keepDays int) error {
	const atOnce, pagesAtOnce = 20_000, 2000
	var id sql.NullInt64
	err := db.sql.QueryRowContext(ctx, `SELECT MIN(p.run_id) FROM sync_page p JOIN sync_run r ON r.id = p.run_id
		WHERE r.entity = ? AND r.closed_at < NOW(6) - INTERVAL ? DAY`, entityName, keepDays).Scan(&id)
	if err != nil || !id.Valid {
		return sqldb.Outage(err, "find old change lists")
	}
	n, err := sqldb.Affected(ctx, db.sql, "DELETE FROM sync_change WHERE run_id = ? LIMIT ?", id.Int64, atOnce)
	if err == nil && n < atOnce {
		_, err = db.sql.ExecContext(ctx, "DELETE FROM sync_page WHERE run_id = ? LIMIT ?", id.Int64, pagesAtOnce)
	}
	if err == nil {
		_, err = db.sql.ExecContext(ctx, `DELETE FROM sync_job_root WHERE job_id IN (SELECT j.id FROM sync_job j
			WHERE j.entity = ? AND j.closed_at < NOW(6) - INTERVAL ? DAY) LIMIT ?`, entityName, keepDays, atOnce)
	}
	return sqldb.Outage(err, "prune old change lists")
}
