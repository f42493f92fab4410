package store

import (
	"context"
	"database/sql"
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
)

// Ledger is what is known of roots: what was last pushed, what of that is unconfirmed,
// and which root owns an id.
type Ledger struct{ sql *sqldb.DB }

// LedgerRow is a root's row of the ledger.
type LedgerRow = ledger.Row

// Known returns the ledger's rows of the roots, by root.
func (db *Ledger) Known(ctx context.Context, entity string, roots []uint64) (map[uint64]LedgerRow, error) {
	found, err := ledgerOf(ctx, db.sql, entity, roots, "")
	return found, sqldb.Outage(err, "read the ledger")
}

// ledgerOf reads the ledger's rows of the roots; lock is FOR UPDATE or nothing.
func ledgerOf(ctx context.Context, q sqldb.Querier, entity string, roots []uint64, lock string) (map[uint64]LedgerRow, error) {
	found := map[uint64]LedgerRow{}
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
		if len(found) == 0 { // room for all: as a rule all roots have a row, or none has
			found = make(map[uint64]LedgerRow, len(roots))
		}
		found[r.Root] = r
		return nil
	}, "SELECT root_id, run_id, records FROM sync_ledger WHERE entity = ? AND "+list.Condition("root_id")+lock, list.Args(entity)...)
	if err != nil {
		return nil, err
	}
	return found, nil
}

// DiscardLedger removes the ledger's row of a root that cannot be read, and marks
// the whole root as unconfirmed.
func (db *Ledger) DiscardLedger(ctx context.Context, entity string, root uint64) error {
	return db.sql.InTx(ctx, "discard a row of the ledger", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM sync_ledger WHERE entity = ? AND root_id = ?", entity, root); err != nil {
			return err
		}
		return doubt(ctx, tx, entity, ledger.Journal{root: nil})
	})
}
