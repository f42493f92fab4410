package store

import (
	"context"
	"database/sql"

	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// pruneRuns is how many runs of a type one call removes.
const pruneRuns = 500

// PruneRuns removes ended runs of real-time types that began before a date: a run an
// hour is 8760 rows a year, and destinations keep the newest alone. Dated reports stay.
// It returns how many it removed.
func (s *Store) PruneRuns(ctx context.Context, before report.Date) (removed int, err error) {
	types, err := s.Types.List(ctx)
	if err != nil {
		return 0, err
	}
	for _, t := range types {
		if !t.RealTime {
			continue
		}
		n, err := s.pruneType(ctx, t.Name, before)
		if removed += n; err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// pruneType removes ended runs of one type. A type may have been dated once: those
// reports stay.
func (s *Store) pruneType(ctx context.Context, typ string, before report.Date) (n int, err error) {
	ids, err := sqldb.Collect(ctx, s.db, func(row sqldb.Row) (id int64, err error) { return id, row.Scan(&id) },
		`SELECT id FROM report_report WHERE type = ? AND state IN ('done', 'failed') AND slot < ? AND slot LIKE '____-__-__T%' LIMIT ?`, typ, before.String(), pruneRuns)
	if err != nil || len(ids) == 0 {
		return 0, sqldb.Outage(err, "read old runs of a type")
	}
	return len(ids), s.db.InTx(ctx, "remove old runs of a type", func(tx *sql.Tx) error {
		for _, table := range []string{
			"DELETE FROM report_chunk WHERE report_id IN (", "DELETE FROM report_key WHERE report_id IN (", "DELETE FROM report_parked WHERE report_id IN (",
			"DELETE FROM report_account WHERE report_id IN (", "DELETE FROM report_report WHERE id IN (",
		} {
			if _, err := tx.ExecContext(ctx, table+sqldb.Marks(len(ids))+")", sqldb.Args(ids)...); err != nil {
				return err
			}
		}
		return nil
	})
}
