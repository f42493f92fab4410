package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
)

// LedgerRow is a root's row of the ledger.
type LedgerRow = ledger.Row

// Ledger returns what was last pushed for the roots, by root.
func (db *DB) Ledger(ctx context.Context, entity string, roots []uint64) (map[uint64][]ledger.Entry, error) {
	rows, err := db.Known(ctx, entity, roots)
	entries := make(map[uint64][]ledger.Entry, len(rows))
	for root, r := range rows {
		entries[root] = r.Entries
	}
	return entries, err
}

// Known returns the ledger's rows of the roots, by root.
func (db *DB) Known(ctx context.Context, entity string, roots []uint64) (map[uint64]LedgerRow, error) {
	found, err := ledgerOf(ctx, db.sql, entity, roots, "")
	return found, sqldb.Outage(err, "read the ledger")
}

// ledgerOf reads the ledger's rows of the roots; lock is FOR UPDATE or nothing.
func ledgerOf(ctx context.Context, q sqldb.Querier, entity string, roots []uint64, lock string) (map[uint64]LedgerRow, error) {
	found := make(map[uint64]LedgerRow, len(roots))
	if len(roots) == 0 {
		return found, nil
	}
	list := rootlist.Of(roots)
	if lock != "" { // of these alone
		list = rootlist.Each(roots)
	}
	var packed sql.RawBytes
	err := sqldb.Each(ctx, q, func(row sqldb.Row) error {
		var r LedgerRow
		err := row.Scan(&r.Root, &r.Run, &packed)
		if err != nil || !list.Has(r.Root) {
			return err
		}
		if r.Version, r.Entries, err = ledger.UnpackVersion(packed); err != nil {
			return fault.Wrap(err, fault.Misconfigured, "ledger-unreadable",
				fmt.Sprintf("the ledger's row of root %d of %s is unreadable: repair the row with returnsync repair --wait --entity %s", r.Root, entity, entity))
		}
		found[r.Root] = r
		return nil
	}, "SELECT root_id, run_id, records FROM sync_ledger WHERE entity = ? AND "+list.Condition("root_id")+lock, list.Args(entity)...)
	if err != nil {
		return nil, err
	}
	return found, nil
}

// writeLedger stores the rows and returns what another run has written about
// the same roots since this page read them. Of two pages that worked at one root
// at the same time, the later writer does not know whether its entries or the
// other's describe the index: the records of both become unconfirmed.
func (db *DB) writeLedger(ctx context.Context, tx *sql.Tx, p Page, rows []LedgerRow) (ledger.Journal, error) {
	contested := ledger.Journal{}
	var fresh, known, read []LedgerRow
	var gone []uint64
	for _, r := range rows {
		switch {
		case r.Run == 0 && len(r.Entries) > 0:
			fresh = append(fresh, r)
		case len(r.Entries) > 0:
			known, read = append(known, r), append(read, r)
		default:
			gone, read = append(gone, r.Root), append(read, r)
		}
	}
	for chunk := range slices.Chunk(fresh, keptRows) {
		n, err := db.insertLedger.exec(ctx, tx, ledgerArgs(p, chunk))
		if err != nil {
			return nil, err
		}
		// An absent row cannot be locked, but it cannot be inserted twice either: one of
		// these roots has got a row from another run.
		if n < int64(len(chunk)) {
			known, read = append(known, chunk...), append(read, chunk...)
		}
	}
	if err := compareLedger(ctx, tx, p, read, contested); err != nil {
		return nil, err
	}
	for chunk := range slices.Chunk(known, keptRows) {
		if _, err := db.replaceLedger.exec(ctx, tx, ledgerArgs(p, chunk)); err != nil {
			return nil, err
		}
	}
	return contested, sqldb.InChunks(gone, func(chunk []uint64) error {
		list := rootlist.Each(chunk)
		_, err := tx.ExecContext(ctx, "DELETE FROM sync_ledger WHERE entity = ? AND "+list.Condition("root_id"), list.Args(p.Run.Entity)...)
		return err
	})
}

// ledgerWidth is how many values a row of the ledger is written with.
const ledgerWidth = 4

// insertLedger returns the statement that writes rows where there are none.
func insertLedger(rows int) string {
	return "INSERT IGNORE INTO sync_ledger (entity, root_id, run_id, records) VALUES " + sqldb.Tuples(rows, ledgerWidth)
}

// replaceLedger returns the statement that writes rows over others.
func replaceLedger(rows int) string {
	return "INSERT INTO sync_ledger (entity, root_id, run_id, records) VALUES " + sqldb.Tuples(rows, ledgerWidth) +
		" ON DUPLICATE KEY UPDATE run_id = VALUES(run_id), records = VALUES(records)"
}

// prepareLedger makes ready what writes a number of rows.
func (db *DB) prepareLedger(ctx context.Context, rows int) error {
	err := db.insertLedger.prepare(ctx, db.sql, rows)
	if err == nil {
		err = db.replaceLedger.prepare(ctx, db.sql, rows)
	}
	return sqldb.Outage(err, "prepare to write the ledger")
}

// compareLedger locks the rows that a page had read and notes in contested the
// records, of both sides, of those that are no longer what it read.
func compareLedger(ctx context.Context, tx *sql.Tx, p Page, read []LedgerRow, contested ledger.Journal) error {
	return sqldb.InChunks(read, func(chunk []LedgerRow) error {
		roots := make([]uint64, len(chunk))
		for i, r := range chunk {
			roots[i] = r.Root
		}
		now, err := ledgerOf(ctx, tx, p.Run.Entity, roots, " ORDER BY root_id FOR UPDATE")
		if err != nil {
			return err
		}
		for _, r := range chunk {
			if run := now[r.Root].Run; run != r.Run && run != p.Run.ID { // or it was inserted just now
				contested.Add(r.Root, idsOf(r.Entries)...)
				contested.Add(r.Root, idsOf(now[r.Root].Entries)...)
			}
		}
		return nil
	})
}

// idsOf returns the ids of entries.
func idsOf(entries []ledger.Entry) []string {
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.ID
	}
	return ids
}

// ledgerArgs returns the values of rows.
func ledgerArgs(p Page, rows []LedgerRow) []any {
	args := make([]any, 0, ledgerWidth*len(rows))
	for _, r := range rows {
		args = append(args, p.Run.Entity, r.Root, p.Run.ID, ledger.PackVersion(r.Version, r.Entries))
	}
	return args
}

// DiscardLedger removes the ledger's row of a root that cannot be read, and marks
// the whole root as unconfirmed.
func (db *DB) DiscardLedger(ctx context.Context, entity string, root uint64) error {
	return db.sql.InTx(ctx, "discard a row of the ledger", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM sync_ledger WHERE entity = ? AND root_id = ?", entity, root); err != nil {
			return err
		}
		return doubt(ctx, tx, entity, ledger.Journal{root: nil})
	})
}
