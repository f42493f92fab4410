package store

import (
	"context"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// PackedRow is a root's row of the ledger as it is stored, readable or not.
type PackedRow struct {
	Root   uint64
	Packed []byte
}

// LedgerPage returns the ledger's rows of the roots in a range, at most limit, in
// the order of the roots.
func (db *Comparisons) LedgerPage(ctx context.Context, entity string, r source.Range, limit int) ([]PackedRow, error) {
	after, upto := r.Bounds()
	return db.packed(ctx, "root_id > ? AND root_id <= ? ORDER BY root_id LIMIT ?", entity, after, upto, limit)
}

// LedgerRows returns the ledger's rows of the roots, as far as it has them.
func (db *Comparisons) LedgerRows(ctx context.Context, entity string, roots []uint64) ([]PackedRow, error) {
	if len(roots) == 0 {
		return nil, nil
	}
	list := rootlist.Each(roots)
	return db.packed(ctx, list.Condition("root_id"), list.Args(entity)...)
}

// packed reads rows of the ledger; the first argument is the entity.
func (db *Comparisons) packed(ctx context.Context, where string, args ...any) ([]PackedRow, error) {
	list, err := sqldb.Collect(ctx, db.sql, func(row sqldb.Row) (r PackedRow, err error) {
		err = row.Scan(&r.Root, &r.Packed)
		return r, err
	}, "SELECT root_id, records FROM sync_ledger WHERE entity = ? AND "+where, args...)
	return list, sqldb.Outage(err, "read the ledger")
}

// LedgerSize returns how many roots the ledger knows.
func (db *Comparisons) LedgerSize(ctx context.Context, entity string) (n int64, err error) {
	err = db.sql.QueryRowContext(ctx, "SELECT COUNT(*) FROM sync_ledger WHERE entity = ?", entity).Scan(&n)
	return n, sqldb.Outage(err, "count the ledger")
}

// underWork is a run whose pushes the index may not have published: one that has
// not closed, and for a while one that closed without waiting for the index.
const underWork = `r.entity = ? AND (r.state IN (?, ?) OR (r.state IN (?, ?) AND r.closed_at > NOW(6) - INTERVAL 1 MINUTE))`

// underWorkArgs are the arguments of underWork.
func underWorkArgs(entity string) []any {
	return []any{entity, run.Windowing, run.Processing, run.Failed, run.Interrupted}
}

// Busy returns which of the roots are unconfirmed or on the change list of a run
// that is under way: what the ledger and the index say of them may be about to
// change. Doubts are read first: one that is settled between the two readings
// was settled by a page, and its run is then seen by the second.
func (db *Comparisons) Busy(ctx context.Context, entity string, roots []uint64) (map[uint64]bool, error) {
	busy := make(map[uint64]bool)
	if len(roots) == 0 {
		return busy, nil
	}
	list := rootlist.Each(roots)
	for _, q := range []struct {
		text string
		args []any
	}{
		{"SELECT root_id FROM sync_recheck WHERE entity = ? AND " + list.Condition("root_id"), list.Args(entity)},
		{"SELECT DISTINCT c.root_id FROM sync_run r JOIN sync_change c ON c.run_id = r.id WHERE " + underWork + " AND " + list.Condition("c.root_id"),
			list.Args(underWorkArgs(entity)...)},
	} {
		ids, err := sqldb.Collect(ctx, db.sql, sqldb.Column[uint64], q.text, q.args...)
		if err != nil {
			return nil, sqldb.Outage(err, "find the roots that are under work")
		}
		for _, root := range ids {
			busy[root] = true
		}
	}
	sorted := slices.Sorted(slices.Values(roots))
	err := sqldb.Each(ctx, db.sql, func(row sqldb.Row) error {
		var packed []byte
		if err := row.Scan(&packed); err != nil {
			return err
		}
		listed, err := rootlist.Unpack(packed)
		for _, root := range listed {
			if _, asked := slices.BinarySearch(sorted, root); asked {
				busy[root] = true
			}
		}
		return err
	}, "SELECT p.listed FROM sync_run r JOIN sync_page p FORCE INDEX (ix_roots) ON p.run_id = r.id WHERE "+underWork+" AND p.last_root >= ? AND p.first_root <= ?",
		append(underWorkArgs(entity), sorted[0], sorted[len(sorted)-1])...)
	return busy, sqldb.Outage(err, "find the roots that are under work")
}

// Working reports whether any run of an entity is under way.
func (db *Comparisons) Working(ctx context.Context, entity string) (bool, error) {
	var n int
	err := db.sql.QueryRowContext(ctx, "SELECT COUNT(*) FROM sync_run r WHERE "+underWork, underWorkArgs(entity)...).Scan(&n)
	return n > 0, sqldb.Outage(err, "find the runs under way")
}
