package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// Changes is the change lists of runs: their roots, numbered into pages.
type Changes struct{ sql *sqldb.DB }

// List writes a run's change list and its pages, once, and returns how many
// pages there are. It is one transaction on the run's locked row, so a twin or
// a later delivery of the window task finds it done; an empty list closes the
// run there and then. A nil lister means that the source's tables are on this
// server, and the list is one INSERT ... SELECT. A window lists the roots in
// doubt too; a repair and a record list their job's roots.
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
	if err := c.fill(ctx, tx); err != nil {
		return 0, err
	}
	n, err := sqldb.Affected(ctx, tx, `INSERT INTO sync_page (run_id, page, roots)
		SELECT run_id, page, COUNT(*) FROM sync_change WHERE run_id = ? GROUP BY run_id, page`, c.run.ID)
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
	return int(n), noteRun(ctx, tx, c.run.ID, runlog.Info, fmt.Sprintf("the run began over %v: pages to work: %d", c.run.Window, n))
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

// unnumbered is the page of ids that a foreign source has sent and that have no
// page yet.
const unnumbered = 0

// fill writes the change list, numbered into pages in id order.
func (c changeList) fill(ctx context.Context, tx *sql.Tx) error {
	changed, args := c.def.Changed.Bind(map[string][]any{"from": {c.run.Window.From}, "to": {c.run.Window.To}})
	if c.run.Kind == run.Repair || c.run.Kind == run.Record {
		changed, args, c.lister = "SELECT root_id AS _root FROM sync_job_root WHERE job_id = ?", []any{c.run.JobID}, nil
	}
	if c.lister != nil {
		listed, err := c.lister(ctx, func(ids []uint64) error { return addUnnumbered(ctx, tx, c.run.ID, ids) })
		if err == nil {
			err = c.note(ctx, tx, listed)
		}
		if err != nil {
			return err
		}
		changed, args = "SELECT root_id AS _root FROM sync_change WHERE run_id = ? AND page = ?", []any{c.run.ID, unnumbered}
	}
	if err := c.number(ctx, tx, changed, args); err != nil {
		return c.blame(ctx, tx, err)
	}
	if c.lister == nil {
		return nil
	}
	_, err := tx.ExecContext(ctx, "DELETE FROM sync_change WHERE run_id = ? AND page = ?", c.run.ID, unnumbered)
	return err
}

// number writes the roots of a query into the change list, in pages.
func (c changeList) number(ctx context.Context, tx *sql.Tx, changed string, args []any) error {
	listed := "SELECT DISTINCT _root FROM (" + changed + ") AS changed"
	if c.run.Kind == run.Window {
		listed, args = "SELECT _root FROM ("+changed+") AS changed UNION SELECT root_id FROM sync_recheck WHERE entity = ?", append(slices.Clone(args), c.def.Name)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO sync_change (run_id, page, root_id)
		SELECT ?, 1 + FLOOR((ROW_NUMBER() OVER (ORDER BY listed._root) - 1) / ?), listed._root FROM (`+listed+`) AS listed`,
		append([]any{c.run.ID, c.def.PageSize}, args...)...)
	return err
}

// fromChanged reports whether the list comes from changed.sql in the same statement.
func (c changeList) fromChanged() bool {
	return c.lister == nil && c.run.Kind != run.Repair && c.run.Kind != run.Record
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

// blame classifies an error of the statement that writes the change list, in
// which the definition's changed.sql and our own tables stand side by side. What
// the values of changed.sql brought about is the definition's mistake. Of a wrong
// text or a missing right the database is asked whether changed.sql alone has it.
func (c changeList) blame(ctx context.Context, tx *sql.Tx, err error) error {
	file := c.def.Source + "/changed.sql"
	cause := sqldb.CauseOf(err)
	if cause == sqldb.Transient || !c.fromChanged() {
		return err
	}
	if cause == sqldb.Data {
		return sqldb.Definition(err, file)
	}
	text, args := c.def.Changed.Bind(map[string][]any{"from": {c.run.Window.From}, "to": {c.run.Window.To}})
	rows, alone := tx.QueryContext(ctx, "SELECT _root FROM ("+text+") AS changed LIMIT 0", args...)
	if alone != nil {
		return sqldb.Definition(alone, file)
	}
	defer func() { _ = rows.Close() }()
	return errors.Join(err, rows.Err())
}

// addUnnumbered stores ids that have no page yet. One comes twice where two spellings of
// a key have one number.
func addUnnumbered(ctx context.Context, tx *sql.Tx, runID int64, ids []uint64) error {
	values, args := sqldb.Values(ids, func(id uint64) []any { return []any{runID, unnumbered, id} })
	_, err := tx.ExecContext(ctx, "INSERT IGNORE INTO sync_change (run_id, page, root_id) VALUES "+values, args...)
	return err
}

// Changed returns the root ids of a page, in order.
func (db *Changes) Changed(ctx context.Context, runID int64, page int) ([]uint64, error) {
	list, err := sqldb.Collect(ctx, db.sql, sqldb.Column[uint64], "SELECT root_id FROM sync_change WHERE run_id = ? AND page = ? ORDER BY root_id", runID, page)
	return list, sqldb.Outage(err, "read the page's change list")
}

// Prune removes the change lists and pages of runs that closed longer ago than
// keepDays, a bounded number at a time; the runs themselves stay.
func (db *Changes) Prune(ctx context.Context, entityName string, keepDays int) error {
	const atOnce = 20_000
	var id sql.NullInt64
	err := db.sql.QueryRowContext(ctx, `SELECT MIN(p.run_id) FROM sync_page p JOIN sync_run r ON r.id = p.run_id
		WHERE r.entity = ? AND r.closed_at < NOW(6) - INTERVAL ? DAY`, entityName, keepDays).Scan(&id)
	if err != nil || !id.Valid {
		return sqldb.Outage(err, "find old change lists")
	}
	n, err := sqldb.Affected(ctx, db.sql, "DELETE FROM sync_change WHERE run_id = ? LIMIT ?", id.Int64, atOnce)
	if err == nil && n < atOnce {
		_, err = db.sql.ExecContext(ctx, "DELETE FROM sync_page WHERE run_id = ?", id.Int64)
	}
	if err == nil {
		_, err = db.sql.ExecContext(ctx, `DELETE FROM sync_job_root WHERE job_id IN (SELECT j.id FROM sync_job j
			WHERE j.entity = ? AND j.closed_at < NOW(6) - INTERVAL ? DAY) LIMIT ?`, entityName, keepDays, atOnce)
	}
	return sqldb.Outage(err, "prune old change lists")
}
