package store

import (
	"context"
	"database/sql"
	"iter"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// clock returns the database's time, the zero time if it cannot be read; the statement
// behind it fails then as well.
func (s *Store) clock(ctx context.Context, q sqldb.Querier) (now time.Time) {
	_ = q.QueryRowContext(ctx, "SELECT NOW(6)").Scan(&now)
	return now
}

// stamped returns grains with a creation time.
func stamped(grains []exchange.Grain, now time.Time) []exchange.Grain {
	list := make([]exchange.Grain, len(grains))
	for i, g := range grains {
		if g.CreatedAt = g.CreatedAt.UTC(); g.CreatedAt.Year() < minYear {
			g.CreatedAt = now
		}
		list[i] = g
	}
	return list
}

// minYear is the first year that a DATETIME of every server takes.
const minYear = 1000

// Staged implements exchange.Copy.
func (s *Store) Staged(ctx context.Context, slice exchange.ID, ids []exchange.ID) (map[exchange.ID]bool, error) {
	staged := map[exchange.ID]bool{}
	err := sqldb.InChunks(ids, func(part []exchange.ID) error {
		return sqldb.Each(ctx, s.db, func(row sqldb.Row) error {
			var id exchange.ID
			err := row.Scan(&id)
			staged[id] = true
			return err
		}, "SELECT id FROM exchange_staging WHERE slice_id = ? AND id IN ("+sqldb.Marks(len(part))+")", bins(part, bin(slice))...)
	})
	return staged, sqldb.Outage(err, "read what is staged")
}

// Stage implements exchange.Copy.
func (s *Store) Stage(ctx context.Context, slice exchange.ID, grains []exchange.Grain) error {
	err := write(ctx, s.db, "REPLACE", "exchange_staging", slice, stamped(grains, s.clock(ctx, s.db)))
	return sqldb.Outage(err, "stage grains")
}

// Discard implements exchange.Copy.
func (s *Store) Discard(ctx context.Context, slice exchange.ID) error {
	_, err := s.db.ExecContext(ctx, "DELETE FROM exchange_staging WHERE slice_id = ?", bin(slice))
	return sqldb.Outage(err, "discard what is staged")
}

// Swap implements exchange.Copy. The proof is made of the rows that the transaction
// would commit.
func (s *Store) Swap(ctx context.Context, swap exchange.Swap) error {
	return s.db.InTx(ctx, "swap a slice's content", func(tx *sql.Tx) error {
		var version int64
		err := tx.QueryRowContext(ctx, "SELECT version FROM exchange_slice WHERE id = ? FOR UPDATE", bin(swap.Slice)).Scan(&version)
		if err != nil {
			return notThere(err, "slice")
		}
		if err := removeGrains(ctx, tx, "exchange_grain", swap.Slice, swap.Delete); err != nil {
			return err
		}
		if err := moveStaged(ctx, tx, swap); err != nil {
			return err
		}
		if err := writeMetadata(ctx, tx, swap.Slice, swap.Metadata); err != nil {
			return err
		}
		proof, err := exchange.Prove(ids(ctx, tx, swap.Slice, exchange.Whole), swap.Metadata)
		if err != nil {
			return err
		}
		if !proof.Equal(swap.Want) {
			return exchange.ErrUnproven
		}
		_, err = tx.ExecContext(ctx, `UPDATE exchange_slice SET slice_type = ?, content_hash = ?, content_digest = ?, content_count = ?, content_date = ?,
			version = version + 1, hashed = version, sync_status = ?, last_sync_attempt = NOW(6), last_good_sync = NOW(6), updated_at = NOW(6) WHERE id = ?`,
			swap.Type, proof.Hash, proof.Digest, proof.Count, orNull(swap.Date), exchange.StatusSuccess, bin(swap.Slice))
		return err
	})
}

// removeGrains removes some grains of a slice from a table.
func removeGrains(ctx context.Context, tx *sql.Tx, table string, slice exchange.ID, ids []exchange.ID) error {
	return sqldb.InChunks(ids, func(part []exchange.ID) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE slice_id = ? AND id IN ("+sqldb.Marks(len(part))+")", bins(part, bin(slice))...)
		return err
	})
}

// moveStaged moves the staged grains that a swap adds into the content and removes
// those that an older session left.
func moveStaged(ctx context.Context, tx *sql.Tx, swap exchange.Swap) error {
	_, left, err := exchange.Diff(swap.Add, stagedIDs(ctx, tx, swap.Slice))
	if err != nil {
		return err
	}
	if err := removeGrains(ctx, tx, "exchange_staging", swap.Slice, left); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO exchange_grain (slice_id, id, grain_key, source, encoding, payload, created_at)
		SELECT slice_id, id, grain_key, source, encoding, payload, created_at FROM exchange_staging WHERE slice_id = ?`, bin(swap.Slice))
	if sqldb.IsDuplicate(err) {
		return fault.Wrap(err, fault.Invalid, "bad-peer", "two grains of the slice have one grain_key; the old content was kept")
	}
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM exchange_staging WHERE slice_id = ?", bin(swap.Slice))
	return err
}

// stagedIDs streams the ids that are staged for a slice, ascending.
func stagedIDs(ctx context.Context, q sqldb.Querier, slice exchange.ID) iter.Seq2[exchange.ID, error] {
	return func(yield func(exchange.ID, error) bool) {
		err := sqldb.Each(ctx, q, func(row sqldb.Row) error {
			var id exchange.ID
			if err := row.Scan(&id); err != nil {
				return err
			}
			if !yield(id, nil) {
				return errStopped
			}
			return nil
		}, "SELECT id FROM exchange_staging WHERE slice_id = ? ORDER BY id", bin(slice))
		if err != nil && err != errStopped { //nolint:errorlint // it is never wrapped
			yield(exchange.ID{}, err)
		}
	}
}

// errStopped ends a query whose rows nobody reads any more.
var errStopped = fault.New(fault.Internal, "stopped", "the reader has stopped")

// Failed implements exchange.Local.
func (s *Store) Failed(ctx context.Context, slice exchange.ID) error {
	_, err := s.db.ExecContext(ctx, "UPDATE exchange_slice SET sync_status = ?, last_sync_attempt = NOW(6) WHERE id = ?", exchange.StatusError, bin(slice))
	return sqldb.Outage(err, "note a failed sync")
}
