package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
)

// Doubt is an unconfirmed root.
type Doubt = ledger.Unconfirmed

// Doubts returns the doubts about the roots, by root.
func (db *DB) Doubts(ctx context.Context, entity string, roots []uint64) (map[uint64]Doubt, error) {
	found, err := doubtsOf(ctx, db.sql, entity, roots)
	return found, outage(err, "read the roots in doubt")
}

// querier is a transaction or the pool.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// doubtsOf reads the doubts about the roots.
func doubtsOf(ctx context.Context, q querier, entity string, roots []uint64) (map[uint64]Doubt, error) {
	if len(roots) == 0 {
		return nil, nil
	}
	list := rootlist.Of(roots)
	rows, err := q.QueryContext(ctx, "SELECT root_id, stamp, ids, whole FROM sync_recheck WHERE entity = ? AND "+list.Condition("root_id"), list.Args(entity)...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	found := map[uint64]Doubt{}
	for rows.Next() {
		var root uint64
		var d Doubt
		var packed []byte
		if err := rows.Scan(&root, &d.Stamp, &packed, &d.Whole); err != nil {
			return nil, err
		}
		if !list.Has(root) {
			continue
		}
		j, err := ledger.UnpackJournal(packed)
		if err != nil {
			return nil, err
		}
		d.IDs = j[root]
		found[root] = d
	}
	return found, rows.Err()
}

// doubt puts roots in doubt as a whole, added to what is already in doubt about
// them.
func doubt(ctx context.Context, tx *sql.Tx, entity string, doubts ledger.Journal) error {
	return enterDoubts(ctx, tx, entity, doubts, true)
}

// enterDoubts puts roots in doubt: as a whole, or only the records listed. What
// is in doubt as a whole stays so.
func enterDoubts(ctx context.Context, tx *sql.Tx, entity string, doubts ledger.Journal, whole bool) error {
	if len(doubts) == 0 {
		return nil
	}
	roots := make([]uint64, 0, len(doubts))
	for root := range doubts {
		roots = append(roots, root)
	}
	older, err := doubtsOf(ctx, tx, entity, roots)
	if err != nil {
		return err
	}
	for root, d := range older {
		doubts.Add(root, d.IDs...)
	}
	stamp := claim.NewToken()
	return inChunks(roots, func(chunk []uint64) error {
		args := make([]any, 0, 5*len(chunk))
		for _, root := range chunk {
			args = append(args, entity, root, stamp, ledger.Journal{root: doubts[root]}.Pack(), whole)
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO sync_recheck (entity, root_id, stamp, ids, whole) VALUES "+placeholders(len(chunk), 5)+
			" ON DUPLICATE KEY UPDATE stamp = VALUES(stamp), ids = VALUES(ids), whole = GREATEST(whole, VALUES(whole))", args...)
		return err
	})
}

// settle removes doubts, unless a newer one about the same root came meanwhile.
func settle(ctx context.Context, tx *sql.Tx, entity string, doubts map[uint64]Doubt) error {
	byStamp := map[string][]uint64{}
	for root, d := range doubts {
		byStamp[d.Stamp] = append(byStamp[d.Stamp], root)
	}
	var problems []error
	for stamp, roots := range byStamp {
		list := rootlist.Each(roots)
		_, err := tx.ExecContext(ctx, "DELETE FROM sync_recheck WHERE entity = ? AND stamp = ? AND "+list.Condition("root_id"), list.Args(entity, stamp)...)
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// marks returns "?,?,?" for n values.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

// chunkSize is how many rows one statement writes: large enough for speed, far
// below the server's max_allowed_packet.
const chunkSize = 1000

// inChunks calls fn with successive parts of a list.
func inChunks[T any](list []T, fn func([]T) error) error {
	for start := 0; start < len(list); start += chunkSize {
		if err := fn(list[start:min(start+chunkSize, len(list))]); err != nil {
			return err
		}
	}
	return nil
}
