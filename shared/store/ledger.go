package store

import (
	"context"
	"database/sql"

	"gitlab.com/eshopbox-team/return-sync/shared/ledger"
)

// Ledger returns what was last pushed for the roots, by root.
func (db *DB) Ledger(ctx context.Context, entity string, roots []uint64) (map[uint64][]ledger.Entry, error) {
	found := make(map[uint64][]ledger.Entry, len(roots))
	if len(roots) == 0 {
		return found, nil
	}
	rows, err := db.sql.QueryContext(ctx, "SELECT root_id, records FROM sync_ledger WHERE entity = ? AND root_id IN ("+marks(len(roots))+")",
		withIDs(roots, entity)...)
	if err != nil {
		return nil, outage(err, "read the ledger")
	}
	defer func() { _ = rows.Close() }()
	var packed sql.RawBytes
	for rows.Next() {
		var root uint64
		if err := rows.Scan(&root, &packed); err != nil {
			return nil, outage(err, "read the ledger")
		}
		entries, err := ledger.Unpack(packed)
		if err != nil {
			return nil, err
		}
		found[root] = entries
	}
	return found, outage(rows.Err(), "read the ledger")
}

// LedgerRow is a root's entries as they are after a push; none removes the root.
type LedgerRow struct {
	Root    uint64
	Entries []ledger.Entry
}

// writeLedger stores the rows.
func writeLedger(ctx context.Context, tx *sql.Tx, p Page, rows []LedgerRow) error {
	var kept []LedgerRow
	var gone []uint64
	for _, r := range rows {
		if len(r.Entries) == 0 {
			gone = append(gone, r.Root)
			continue
		}
		kept = append(kept, r)
	}
	err := inChunks(kept, func(chunk []LedgerRow) error {
		args := make([]any, 0, 4*len(chunk))
		for _, r := range chunk {
			args = append(args, p.Run.Entity, r.Root, p.Run.ID, ledger.Pack(r.Entries))
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO sync_ledger (entity, root_id, run_id, records) VALUES "+placeholders(len(chunk), 4)+
			" ON DUPLICATE KEY UPDATE run_id = VALUES(run_id), records = VALUES(records)", args...)
		return err
	})
	if err != nil {
		return err
	}
	return inChunks(gone, func(chunk []uint64) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM sync_ledger WHERE entity = ? AND root_id IN ("+marks(len(chunk))+")", withIDs(chunk, p.Run.Entity)...)
		return err
	})
}
