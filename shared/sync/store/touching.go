package store

import (
	"context"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// recentRuns bounds the runs whose change lists are searched for a root.
const recentRuns = 500

// Touching returns the newest runs of an entity that had a root on their change list, at
// most limit. Change lists of old runs are not kept.
func (db *Runs) Touching(ctx context.Context, entity string, root uint64, limit int) ([]run.Run, error) {
	recent, err := db.Newest(ctx, entity, recentRuns)
	if err != nil || len(recent) == 0 {
		return nil, err
	}
	var found []run.Run
	err = sqldb.Each(ctx, db.sql, func(row sqldb.Row) error {
		var packed []byte
		r, err := scanRun(sqldb.Wider{Row: row, Last: []any{&packed}})
		if err != nil || len(found) == limit {
			return err
		}
		listed := []uint64{root}
		if packed != nil {
			listed, err = rootlist.Unpack(packed)
		}
		if _, ok := slices.BinarySearch(listed, root); ok {
			found = append(found, r)
		}
		return err
	}, "SELECT "+runColumns+`, p.listed FROM sync_run r LEFT JOIN sync_page p FORCE INDEX (ix_roots) ON p.run_id = r.id AND p.last_root >= ? AND p.first_root <= ?
		LEFT JOIN sync_change c ON c.run_id = r.id AND c.root_id = ?
		WHERE r.entity = ? AND r.id >= ? AND (p.listed IS NOT NULL OR c.root_id IS NOT NULL) ORDER BY r.id DESC`,
		root, root, root, entity, recent[len(recent)-1].ID)
	return found, sqldb.Outage(err, "read the runs")
}
