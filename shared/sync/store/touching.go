package store

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// recentRuns bounds the change lists that are searched for a root: no index leads to one.
const recentRuns = 500

// Touching returns the newest runs of an entity that had a root on their change list, at
// most limit. Change lists of old runs are not kept.
func (db *Runs) Touching(ctx context.Context, entity string, root uint64, limit int) ([]run.Run, error) {
	recent, err := db.Newest(ctx, entity, recentRuns)
	if err != nil || len(recent) == 0 {
		return nil, err
	}
	least := recent[len(recent)-1].ID
	return db.runs(ctx, "JOIN sync_change c ON c.run_id = r.id WHERE r.entity = ? AND r.id >= ? AND c.root_id = ? ORDER BY r.id DESC LIMIT ?", entity, least, root, limit)
}
