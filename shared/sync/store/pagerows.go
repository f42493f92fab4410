package store

import (
	"context"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// PageRow is a page as people look at it.
type PageRow struct {
	Page       int        `json:"page"`
	State      page.State `json:"state"`
	Roots      int        `json:"roots"`
	Attempts   int        `json:"attempts"`
	Counts     run.Counts `json:"counts"`
	LastError  string     `json:"lastError,omitempty"`
	LeaseUntil *time.Time `json:"leaseUntil,omitempty"`
	FinishedAt *time.Time `json:"finishedAt,omitempty"`
}

// OfRun returns a run's pages, at most limit: those that did not go well first,
// then in order. Pages of old runs are not kept.
func (db *Pages) OfRun(ctx context.Context, runID int64, limit int) ([]PageRow, error) {
	list, err := sqldb.Collect(ctx, db.sql, scanPageRow, `SELECT page, state, roots, attempts, found, saved, deleted, unchanged, parked, operations,
		COALESCE(last_error, ''), lease_until, finished_at FROM sync_page WHERE run_id = ?
		ORDER BY state = ? DESC, COALESCE(last_error, '') <> '' DESC, page LIMIT ?`, runID, page.Failed, limit)
	return list, sqldb.Outage(err, "read the run's pages")
}

// scanPageRow reads a row of OfRun.
func scanPageRow(row sqldb.Row) (p PageRow, err error) {
	c := &p.Counts
	err = row.Scan(&p.Page, &p.State, &p.Roots, &p.Attempts, &c.Found, &c.Saved, &c.Deleted, &c.Unchanged, &c.Parked, &c.Operations,
		&p.LastError, &p.LeaseUntil, &p.FinishedAt)
	return p, err
}

// OpenPages returns the pages of a run that have not ended, in order.
func (db *Pages) OpenPages(ctx context.Context, runID int64) ([]int, error) {
	list, err := sqldb.Collect(ctx, db.sql, sqldb.Column[int], "SELECT page FROM sync_page WHERE run_id = ? AND state IN (0, 1) ORDER BY page", runID)
	return list, sqldb.Outage(err, "read the open pages")
}
