package store

import (
	"context"
	"database/sql"
	"errors"

	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
)

// Doubt is an unconfirmed root.
type Doubt = ledger.Unconfirmed

// Doubts returns the doubts about the roots, by root.
func (db *Ledger) Doubts(ctx context.Context, entity string, roots []uint64) (map[uint64]Doubt, error) {
	found, err := doubtsOf(ctx, db.sql, entity, roots)
	return found, sqldb.Outage(err, "read the unconfirmed roots")
}

// doubtsOf reads the doubts about the roots.
func doubtsOf(ctx context.Context, q sqldb.Querier, entity string, roots []uint64) (map[uint64]Doubt, error) {
	if len(roots) == 0 {
		return nil, nil
	}
	list := rootlist.Of(roots)
	found := map[uint64]Doubt{}
	return found, sqldb.Each(ctx, q, func(row sqldb.Row) error {
		var root uint64
		var d Doubt
		var packed []byte
		if err := row.Scan(&root, &d.Stamp, &packed, &d.Whole); err != nil || !list.Has(root) {
			return err
		}
		j, err := ledger.UnpackJournal(packed)
		d.IDs = j[root]
		found[root] = d
		return err
	}, "SELECT root_id, stamp, ids, whole FROM sync_recheck WHERE entity = ? AND "+list.Condition("root_id"), list.Args(entity)...)
}

// doubt marks roots as unconfirmed as a whole, added to the entries that exist about
// them.
func doubt(ctx context.Context, tx *sql.Tx, entity string, doubts ledger.Journal) error {
	return enterDoubts(ctx, tx, entity, doubts, true)
}

// enterDoubts marks roots as unconfirmed: as a whole, or only the records listed. A root
// that is unconfirmed as a whole stays so.
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
	stamp := lease.NewToken()
	return sqldb.InChunks(roots, func(chunk []uint64) error {
		values, args := sqldb.Values(chunk, func(root uint64) []any {
			return []any{entity, root, stamp, ledger.Journal{root: doubts[root]}.Pack(), whole}
		})
		_, err := tx.ExecContext(ctx, "INSERT INTO sync_recheck (entity, root_id, stamp, ids, whole) VALUES "+values+
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
