package store

import (
	"context"
	"database/sql"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
)

// ledgerWidth is how many values a row of the ledger is written with.
const ledgerWidth = 4

// writeLedger stores the rows and returns what another run has written about
// the same roots since this page read them. Of two pages that worked at one root
// at the same time, the later writer does not know whether its entries or the
// other's describe the index: the records of both become unconfirmed.
func (db *Pages) writeLedger(ctx context.Context, tx *sql.Tx, p Page, rows []LedgerRow) (ledger.Journal, error) {
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

// prepareLedger makes ready what writes a number of rows.
func (db *Pages) prepareLedger(ctx context.Context, rows int) error {
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

// ledgerArgs returns the values of rows, with room for those that a kept statement is
// filled up with.
func ledgerArgs(p Page, rows []LedgerRow) []any {
	args := make([]any, 0, ledgerWidth*max(len(rows), keptRows))
	var entity, run any = p.Run.Entity, p.Run.ID // one object each for all rows
	for _, r := range rows {
		args = append(args, entity, r.Root, run, ledger.PackVersion(r.Version, r.Entries))
	}
	return args
}

// insertLedger returns the statement that writes rows where there are none.
func insertLedger(rows int) string {
	return "INSERT IGNORE INTO sync_ledger (entity, root_id, run_id, records) VALUES " + sqldb.Tuples(rows, ledgerWidth)
}

// replaceLedger returns the statement that writes rows over others.
func replaceLedger(rows int) string {
	return "INSERT INTO sync_ledger (entity, root_id, run_id, records) VALUES " + sqldb.Tuples(rows, ledgerWidth) +
		" ON DUPLICATE KEY UPDATE run_id = VALUES(run_id), records = VALUES(records)"
}
