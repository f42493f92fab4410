package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// Status is what our tables say about one entity, all of it from one moment.
type Status struct {
	Now     time.Time  // this database's clock
	Claim   *claim.Row // the newest row of the job type; nil before the first tick
	Current *run.Run   // the run under way; nil if there is none
	Last    *run.Run   // the newest run that has ended; nil before the first
	Parked  int64      // records that are kept out of the index now
	Doubts  int64      // roots that the next run sends again whatever the ledger says
	// Operations is what the index was sent, as it bills it.
	Operations Operations
}

// Operations counts what the runs that began in a time sent to the index.
type Operations struct {
	Day   int64 `json:"day"`   // the last 24 hours
	Month int64 `json:"month"` // the last 30 days
	Total int64 `json:"total"`
}

// Status reads an entity's status. It writes nothing, not even the first row of
// a job type, and takes no locks.
func (db *Facts) Status(ctx context.Context, d entity.Definition) (Status, error) {
	var s Status
	err := db.sql.Snapshot(ctx, "read the status of "+d.Name, func(tx *sql.Tx) (err error) {
		s, err = statusOf(ctx, tx, d)
		return err
	})
	return s, err
}

// statusOf does Status's work within its transaction.
func statusOf(ctx context.Context, tx *sql.Tx, d entity.Definition) (Status, error) {
	var s Status
	err := tx.QueryRowContext(ctx, `SELECT NOW(6),
		(SELECT COUNT(*) FROM sync_parked WHERE entity = ? AND resolved_at IS NULL),
		(SELECT COUNT(*) FROM sync_recheck WHERE entity = ?)`, d.Name, d.Name).Scan(&s.Now, &s.Parked, &s.Doubts)
	if err != nil {
		return s, err
	}
	row, err := scanClaim(tx.QueryRowContext(ctx, "SELECT "+claimColumns+`
		FROM order_return_algolia_sync WHERE job_type = ? ORDER BY created_at DESC, id DESC LIMIT 1`, d.JobType))
	if err == nil {
		s.Claim = &row
	} else if !errors.Is(err, sql.ErrNoRows) {
		return s, err
	}
	err = tx.QueryRowContext(ctx, `SELECT
		COALESCE(SUM(CASE WHEN created_at >= NOW(6) - INTERVAL 1 DAY THEN operations END), 0),
		COALESCE(SUM(CASE WHEN created_at >= NOW(6) - INTERVAL 30 DAY THEN operations END), 0),
		COALESCE(SUM(operations), 0) FROM sync_run WHERE entity = ?`, d.Name).
		Scan(&s.Operations.Day, &s.Operations.Month, &s.Operations.Total)
	return s, errors.Join(err, s.readRuns(ctx, tx, d.Name))
}

// readRuns reads the two newest syncs: a claim lets only the newest be under way.
// The runs of jobs have a status of their own.
func (s *Status) readRuns(ctx context.Context, tx *sql.Tx, entityName string) error {
	list, err := sqldb.Collect(ctx, tx, scanRun, "SELECT "+runColumns+" FROM sync_run r WHERE r.entity = ? AND r.kind = ? ORDER BY r.id DESC LIMIT 2", entityName, run.Window)
	for _, r := range list {
		if !r.State.Final() {
			s.Current = &r
		} else if s.Last == nil {
			s.Last = &r
		}
	}
	return err
}
