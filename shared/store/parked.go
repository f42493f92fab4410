package store

import (
	"context"
	"database/sql"
	"time"
)

// The reasons why a record is parked.
const (
	TooLarge = "TOO_LARGE" // more bytes than the definition's limit
	Rejected = "REJECTED"  // the index refused it
	BadRow   = "BAD_ROW"   // the row has no JSON form
)

// Parked is a record that is kept out of the index, with its reason.
type Parked struct {
	ObjectID   string     `json:"objectID"`
	Root       uint64     `json:"root"`
	Reason     string     `json:"reason"`
	Detail     string     `json:"detail"`
	Bytes      int        `json:"bytes"`
	Attempts   int        `json:"attempts"`
	FirstSeen  time.Time  `json:"firstSeen"`
	LastSeen   time.Time  `json:"lastSeen"`
	ResolvedAt *time.Time `json:"resolvedAt,omitempty"`
}

// park stores records that were refused by this page.
func park(ctx context.Context, tx *sql.Tx, p Page, list []Parked) error {
	return inChunks(list, func(chunk []Parked) error {
		args := make([]any, 0, 7*len(chunk))
		for _, r := range chunk {
			args = append(args, p.Run.Entity, r.ObjectID, r.Root, p.Run.ID, r.Reason, cut(r.Detail, 512), r.Bytes)
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO sync_parked (entity, object_id, root_id, run_id, reason, detail, bytes) VALUES "+
			placeholders(len(chunk), 7)+` ON DUPLICATE KEY UPDATE run_id = VALUES(run_id), reason = VALUES(reason), detail = VALUES(detail),
			bytes = VALUES(bytes), attempts = attempts + 1, last_seen = NOW(6), resolved_at = NULL`, args...)
		return err
	})
}

// resolve marks parked records that were saved or deleted after all.
func resolve(ctx context.Context, tx *sql.Tx, entity string, ids []string) error {
	return inChunks(ids, func(chunk []string) error {
		args := []any{entity}
		for _, id := range chunk {
			args = append(args, id)
		}
		_, err := tx.ExecContext(ctx, `UPDATE sync_parked SET resolved_at = NOW(6)
			WHERE entity = ? AND resolved_at IS NULL AND object_id IN (`+marks(len(chunk))+")", args...)
		return err
	})
}

// ParkedOpen returns the records that are parked now, newest first, at most limit.
func (db *DB) ParkedOpen(ctx context.Context, entity string, limit int) ([]Parked, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT object_id, root_id, reason, detail, bytes, attempts, first_seen, last_seen, resolved_at
		FROM sync_parked WHERE entity = ? AND resolved_at IS NULL ORDER BY last_seen DESC, object_id LIMIT ?`, entity, limit)
	if err != nil {
		return nil, outage(err, "read the parked records")
	}
	defer func() { _ = rows.Close() }()
	var list []Parked
	for rows.Next() {
		var r Parked
		if err := rows.Scan(&r.ObjectID, &r.Root, &r.Reason, &r.Detail, &r.Bytes, &r.Attempts, &r.FirstSeen, &r.LastSeen, &r.ResolvedAt); err != nil {
			return nil, outage(err, "read the parked records")
		}
		list = append(list, r)
	}
	return list, outage(rows.Err(), "read the parked records")
}

// ParkedCount returns how many records are parked now.
func (db *DB) ParkedCount(ctx context.Context, entity string) (n int64, err error) {
	err = db.sql.QueryRowContext(ctx, "SELECT COUNT(*) FROM sync_parked WHERE entity = ? AND resolved_at IS NULL", entity).Scan(&n)
	return n, outage(err, "count the parked records")
}
