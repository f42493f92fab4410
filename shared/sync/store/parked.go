package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/account"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
)

// The reasons why a record is parked.
const (
	TooLarge = account.TooLarge
	Rejected = account.Rejected
	BadRow   = account.BadRow
)

// Parked is a record that is kept out of the index, with its reason.
type Parked = account.Parked

// ParkedList is the table of parked records.
type ParkedList struct{ sql *sqldb.DB }

// parkedColumns and scanParked belong together.
const parkedColumns = "object_id, root_id, run_id, reason, detail, bytes, attempts, first_seen, last_seen, resolved_at"

// scanParked reads a row of parkedColumns.
func scanParked(row sqldb.Row) (Parked, error) {
	var r Parked
	err := row.Scan(&r.ObjectID, &r.Root, &r.Run, &r.Reason, &r.Detail, &r.Bytes, &r.Attempts, &r.FirstSeen, &r.LastSeen, &r.ResolvedAt)
	return r, err
}

// park stores records that were refused by this page.
func park(ctx context.Context, tx *sql.Tx, p Page, list []Parked) error {
	return sqldb.InChunks(list, func(chunk []Parked) error {
		values, args := sqldb.Values(chunk, func(r Parked) []any {
			return []any{p.Run.Entity, r.ObjectID, r.Root, p.Run.ID, r.Reason, sqldb.Cut(r.Detail, 512), r.Bytes}
		})
		_, err := tx.ExecContext(ctx, "INSERT INTO sync_parked (entity, object_id, root_id, run_id, reason, detail, bytes) VALUES "+
			values+` ON DUPLICATE KEY UPDATE run_id = VALUES(run_id), reason = VALUES(reason), detail = VALUES(detail),
			bytes = VALUES(bytes), attempts = attempts + 1, last_seen = NOW(6), resolved_at = NULL`, args...)
		return err
	})
}

// resolve marks parked records that were saved or deleted after all.
func resolve(ctx context.Context, tx *sql.Tx, entity string, ids []string) error {
	return sqldb.InChunks(ids, func(chunk []string) error {
		_, err := tx.ExecContext(ctx, `UPDATE sync_parked SET resolved_at = NOW(6)
			WHERE entity = ? AND resolved_at IS NULL AND object_id IN (`+sqldb.Marks(len(chunk))+")", sqldb.Args(chunk, entity)...)
		return err
	})
}

// Open returns the records that are parked now, newest first, at most limit.
func (db *ParkedList) Open(ctx context.Context, entity string, limit int) ([]Parked, error) {
	return db.read(ctx, "entity = ? AND resolved_at IS NULL ORDER BY last_seen DESC, object_id LIMIT ?", entity, limit)
}

// Named returns the records with these ids that are parked or were, by id.
func (db *ParkedList) Named(ctx context.Context, entity string, ids []string) ([]Parked, error) {
	var list []Parked
	err := sqldb.InChunks(ids, func(chunk []string) error {
		part, err := db.read(ctx, "entity = ? AND object_id IN ("+sqldb.Marks(len(chunk))+") ORDER BY object_id", sqldb.Args(chunk, entity)...)
		list = append(list, part...)
		return err
	})
	return list, err
}

// Each calls fn with the records that are parked now, for one reason or for
// any (empty), in batches in the order of their ids. What is parked or resolved
// meanwhile may be given or not.
func (db *ParkedList) Each(ctx context.Context, entity, reason string, fn func([]Parked) error) error {
	for after := ""; ; {
		list, err := db.After(ctx, entity, reason, after, sqldb.ChunkSize)
		if err != nil || len(list) == 0 {
			return err
		}
		if err := fn(list); err != nil {
			return err
		}
		after = list[len(list)-1].ObjectID
	}
}

// After returns the records that are parked now whose ids lie behind another one, for one
// reason or for any (empty), in the order of their ids.
func (db *ParkedList) After(ctx context.Context, entity, reason, after string, limit int) ([]Parked, error) {
	return db.read(ctx, "entity = ? AND object_id > ? AND resolved_at IS NULL AND (? = '' OR reason = ?) ORDER BY object_id LIMIT ?", entity, after, reason, reason, limit)
}

// Cause is how many records of an entity are parked for one cause.
type Cause struct {
	Reason   string    `json:"reason"`
	Cause    string    `json:"cause"`
	Records  int64     `json:"records"`
	LastSeen time.Time `json:"lastSeen"`
}

// mostDetails bounds the details that are read for causes. Those of most records come first.
const mostDetails = 2000

// Causes groups the records that are parked now, the most frequent cause first.
func (db *ParkedList) Causes(ctx context.Context, entity string) ([]Cause, error) {
	list := []Cause{}
	err := sqldb.Each(ctx, db.sql, func(row sqldb.Row) error {
		var p Parked
		var c Cause
		if err := row.Scan(&p.Reason, &p.Detail, &c.Records, &c.LastSeen); err != nil {
			return err
		}
		c.Reason, c.Cause = p.Reason, p.Cause()
		at := slices.IndexFunc(list, func(known Cause) bool { return known.Reason == c.Reason && known.Cause == c.Cause })
		if at < 0 {
			list = append(list, c)
			return nil
		}
		list[at].Records += c.Records
		if c.LastSeen.After(list[at].LastSeen) {
			list[at].LastSeen = c.LastSeen
		}
		return nil
	}, "SELECT reason, detail, COUNT(*), MAX(last_seen) FROM sync_parked WHERE entity = ? AND resolved_at IS NULL GROUP BY reason, detail ORDER BY COUNT(*) DESC, reason, detail LIMIT ?", entity, mostDetails)
	slices.SortStableFunc(list, func(a, b Cause) int { return int(b.Records - a.Records) })
	return list, sqldb.Outage(err, "read the causes of parked records")
}

// read reads parked records.
func (db *ParkedList) read(ctx context.Context, where string, args ...any) ([]Parked, error) {
	list, err := sqldb.Collect(ctx, db.sql, scanParked, "SELECT "+parkedColumns+" FROM sync_parked WHERE "+where, args...)
	return list, sqldb.Outage(err, "read the parked records")
}

// droppedNote stands before the detail of a record that a person took off the
// list.
const droppedNote = "dropped by hand; "

// Drop takes records off the list and returns how many were on it. The
// ledger goes on calling them parked with the content that was refused, so they
// are sent again, and may come back, only when their rows change.
func (db *ParkedList) Drop(ctx context.Context, entity string, ids []string) (dropped int64, err error) {
	// In one order, so that two who drop the same do not wait for each other.
	ids = slices.Sorted(slices.Values(ids))
	err = db.sql.InTx(ctx, "drop the parked records", func(tx *sql.Tx) error {
		dropped = 0
		return sqldb.InChunks(ids, func(chunk []string) error {
			n, err := sqldb.Affected(ctx, tx, `UPDATE sync_parked SET resolved_at = NOW(6), detail = LEFT(CONCAT(?, detail), 512)
				WHERE entity = ? AND resolved_at IS NULL AND object_id IN (`+sqldb.Marks(len(chunk))+")", sqldb.Args(chunk, droppedNote, entity)...)
			dropped += n
			return err
		})
	})
	return dropped, err
}

// Count returns how many records are parked now.
func (db *ParkedList) Count(ctx context.Context, entity string) (n int64, err error) {
	err = db.sql.QueryRowContext(ctx, "SELECT COUNT(*) FROM sync_parked WHERE entity = ? AND resolved_at IS NULL", entity).Scan(&n)
	return n, sqldb.Outage(err, "count the parked records")
}

// RootsOf returns the roots of the parked records with these ids, each once.
func (db *ParkedList) RootsOf(ctx context.Context, entity string, ids []string) (ledger.Journal, error) {
	found := ledger.Journal{}
	err := sqldb.InChunks(ids, func(chunk []string) error {
		return sqldb.Each(ctx, db.sql, func(row sqldb.Row) error {
			var root uint64
			var id string
			if err := row.Scan(&root, &id); err != nil {
				return err
			}
			found.Add(root, id)
			return nil
		}, "SELECT root_id, object_id FROM sync_parked WHERE entity = ? AND resolved_at IS NULL AND object_id IN ("+sqldb.Marks(len(chunk))+")", sqldb.Args(chunk, entity)...)
	})
	return found, sqldb.Outage(err, "read the parked records")
}
