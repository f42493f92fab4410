package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
)

// LedgerRow is a root's row of the ledger; no entries mean that there is none.
type LedgerRow struct {
	Root    uint64
	Entries []ledger.Entry
	// Run is the run that wrote the row, 0 without one. A page that writes a row
	// gives the run that it had read, so that a write in between is noticed.
	Run int64
	// Version is that of the root's rows which the entries describe, 0 if unknown.
	Version uint64
}

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
	return found, outage(err, "read the ledger")
}

// ledgerOf reads the ledger's rows of the roots; lock is FOR UPDATE or nothing.
func ledgerOf(ctx context.Context, q querier, entity string, roots []uint64, lock string) (map[uint64]LedgerRow, error) {
	found := make(map[uint64]LedgerRow, len(roots))
	if len(roots) == 0 {
		return found, nil
	}
	list := rootlist.Of(roots)
	if lock != "" { // of these alone
		list = rootlist.Each(roots)
	}
	rows, err := q.QueryContext(ctx, "SELECT root_id, run_id, records FROM sync_ledger WHERE entity = ? AND "+list.Condition("root_id")+lock, list.Args(entity)...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var packed sql.RawBytes
	for rows.Next() {
		var r LedgerRow
		if err := rows.Scan(&r.Root, &r.Run, &packed); err != nil {
			return nil, err
		}
		if !list.Has(r.Root) {
			continue
		}
		if r.Version, r.Entries, err = ledger.UnpackVersion(packed); err != nil {
			return nil, fault.Wrap(err, fault.Misconfigured, "ledger-unreadable",
				fmt.Sprintf("the ledger's row of root %d of %s is unreadable: repair the row with returnsync repair --wait --entity %s", r.Root, entity, entity))
		}
		found[r.Root] = r
	}
	return found, rows.Err()
}

// writeLedger stores the rows and returns what another run has written about
// the same roots since this page read them. Of two pages that worked at one root
// at the same time, the later writer cannot tell whether its entries or the
// other's describe the index: the records of both are in doubt.
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
	return contested, inChunks(gone, func(chunk []uint64) error {
		list := rootlist.Each(chunk)
		_, err := tx.ExecContext(ctx, "DELETE FROM sync_ledger WHERE entity = ? AND "+list.Condition("root_id"), list.Args(p.Run.Entity)...)
		return err
	})
}

// ledgerWidth is how many values a row of the ledger is written with.
const ledgerWidth = 4

// insertLedger returns the statement that writes rows where there are none.
func insertLedger(rows int) string {
	return "INSERT IGNORE INTO sync_ledger (entity, root_id, run_id, records) VALUES " + placeholders(rows, ledgerWidth)
}

// replaceLedger returns the statement that writes rows over others.
func replaceLedger(rows int) string {
	return "INSERT INTO sync_ledger (entity, root_id, run_id, records) VALUES " + placeholders(rows, ledgerWidth) +
		" ON DUPLICATE KEY UPDATE run_id = VALUES(run_id), records = VALUES(records)"
}

// prepareLedger makes ready what writes a number of rows.
func (db *DB) prepareLedger(ctx context.Context, rows int) error {
	err := db.insertLedger.prepare(ctx, db.sql, rows)
	if err == nil {
		err = db.replaceLedger.prepare(ctx, db.sql, rows)
	}
	return outage(err, "prepare to write the ledger")
}

// compareLedger locks the rows that a page had read and notes in contested the
// records, of both sides, of those that are no longer what it read.
func compareLedger(ctx context.Context, tx *sql.Tx, p Page, read []LedgerRow, contested ledger.Journal) error {
	return inChunks(read, func(chunk []LedgerRow) error {
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

// DiscardLedger removes the ledger's row of a root that cannot be read, and puts
// the root in doubt as a whole.
func (db *DB) DiscardLedger(ctx context.Context, entity string, root uint64) error {
	return db.inTx(ctx, "discard a row of the ledger", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM sync_ledger WHERE entity = ? AND root_id = ?", entity, root); err != nil {
			return err
		}
		return doubt(ctx, tx, entity, ledger.Journal{root: nil})
	})
}
