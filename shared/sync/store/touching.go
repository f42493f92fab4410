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
	touched := map[int64]bool{}
	least := recent[len(recent)-1].ID
	err = sqldb.Each(ctx, db.sql, func(row sqldb.Row) error {
		var id int64
		var packed []byte
		err := row.Scan(&id, &packed)
		listed := []uint64{root}
		if err == nil && packed != nil {
			listed, err = rootlist.Unpack(packed)
		}
		if _, ok := slices.BinarySearch(listed, root); ok {
			touched[id] = true
		}
		return err
	}, `SELECT p.run_id, p.listed FROM sync_run r JOIN sync_page p FORCE INDEX (ix_roots) ON p.run_id = r.id
			WHERE r.entity = ? AND r.id >= ? AND p.last_root >= ? AND p.first_root <= ?
		UNION ALL SELECT c.run_id, NULL FROM sync_run r JOIN sync_change c ON c.run_id = r.id WHERE r.entity = ? AND r.id >= ? AND c.root_id = ?`,
		entity, least, root, root, entity, least, root)
	found := slices.DeleteFunc(recent, func(r run.Run) bool { return !touched[r.ID] })
	return found[:min(limit, len(found))], sqldb.Outage(err, "find the runs of a root")
}
