package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// dated returns grains with a creation time, which is the database's where one lacks it.
func dated(ctx context.Context, q sqldb.Querier, grains []exchange.Grain) ([]exchange.Grain, error) {
	if !slices.ContainsFunc(grains, undated) {
		return grains, nil
	}
	var now time.Time
	if err := q.QueryRowContext(ctx, "SELECT NOW(6)").Scan(&now); err != nil {
		return nil, err
	}
	return stamped(grains, now), nil
}

// stamped returns grains of which those have a time that lack one.
func stamped(grains []exchange.Grain, now time.Time) []exchange.Grain {
	list := slices.Clone(grains)
	for i := range list {
		if undated(list[i]) {
			list[i].CreatedAt = now
		}
	}
	return list
}

// undated reports whether a grain has no creation time that a DATETIME of every server
// takes.
func undated(g exchange.Grain) bool {
	const minYear = 1000
	return g.CreatedAt.UTC().Year() < minYear
}

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
	grains, err := dated(ctx, s.db, grains)
	if err == nil {
		err = write(ctx, s.db, "REPLACE", "exchange_staging", slice, grains)
	}
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
		proof, err := exchange.Prove(ids(ctx, tx, content, swap.Slice, exchange.Whole), swap.Metadata)
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
	_, left, err := exchange.Diff(swap.Add, ids(ctx, tx, "exchange_staging", swap.Slice, exchange.Whole))
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

// Failed implements exchange.Local.
func (s *Store) Failed(ctx context.Context, slice exchange.ID) error {
	_, err := s.db.ExecContext(ctx, "UPDATE exchange_slice SET sync_status = ?, last_sync_attempt = NOW(6) WHERE id = ?", exchange.StatusError, bin(slice))
	return sqldb.Outage(err, "note a failed sync")
}
