package store

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// lookBack is how many jobs of the archive are looked through. The archive has no index of
// records, and a job that was posted twice is close behind its twin.
const lookBack = 10000

// Deleted implements transfer.Queue.
func (s *Store) Deleted(ctx context.Context, j transfer.Job) (bool, error) {
	const same = "job_source_system = ? AND job_source_model = ? AND job_source_record_id = ? AND job_state = 'done' AND job_source_type = 'delete' LIMIT 1"
	key := []any{string(j.System), j.Model, j.RecordID}
	list, err := s.collect(ctx, s.db, "SELECT "+all+" FROM transfer_job WHERE "+same, key...)
	if err == nil && len(list) == 0 {
		list, err = s.collect(ctx, s.db, "SELECT "+all+" FROM transfer_job_archive WHERE job_id BETWEEN ? AND ? AND "+same, append([]any{j.ID - lookBack, j.ID + lookBack}, key...)...)
	}
	return len(list) > 0, sqldb.Outage(err, "look for a transfer job that deleted the record")
}
