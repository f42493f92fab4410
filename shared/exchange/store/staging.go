package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
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
func (c *Copies) Staged(ctx context.Context, slice exchange.ID, ids []exchange.ID) (map[exchange.ID]bool, error) {
	staged := map[exchange.ID]bool{}
	err := sqldb.InChunks(ids, func(part []exchange.ID) error {
		return sqldb.Each(ctx, c.db, func(row sqldb.Row) error {
			var id exchange.ID
			err := row.Scan(&id)
			staged[id] = true
			return err
		}, "SELECT id FROM exchange_staging WHERE slice_id = ? AND id IN ("+sqldb.Marks(len(part))+")", bins(part, bin(slice))...)
	})
	return staged, sqldb.Outage(err, "read what is staged")
}

// Stage implements exchange.Copy.
func (c *Copies) Stage(ctx context.Context, slice exchange.ID, grains []exchange.Grain) error {
	return c.write(ctx, "stage grains", func(tx *sql.Tx) error {
		list, err := dated(ctx, tx, grains)
		if err != nil {
			return err
		}
		return write(ctx, tx, "REPLACE", "exchange_staging", slice, list)
	})
}

// Drop implements exchange.Copy.
func (c *Copies) Drop(ctx context.Context, slice exchange.ID, ids []exchange.ID) error {
	return c.write(ctx, "note grains that leave", func(tx *sql.Tx) error {
		return sqldb.InChunks(ids, func(part []exchange.ID) error {
			tuples, args := sqldb.Values(part, func(id exchange.ID) []any { return []any{bin(slice), bin(id)} })
			_, err := tx.ExecContext(ctx, "INSERT IGNORE INTO exchange_surplus (slice_id, id) VALUES "+tuples, args...)
			return err
		})
	})
}

// Retain implements exchange.Copy.
func (c *Copies) Retain(ctx context.Context, slice exchange.ID, r exchange.Range, ids []exchange.ID) error {
	return c.write(ctx, "remove what an earlier sync staged", func(tx *sql.Tx) error {
		args := []any{bin(slice), bin(r.After), bin(r.Upto)}
		const within = " WHERE slice_id = ? AND id > ? AND id <= ?"
		if _, err := tx.ExecContext(ctx, "DELETE FROM exchange_surplus"+within, args...); err != nil {
			return err
		}
		but := ""
		if len(ids) > 0 {
			but = " AND id NOT IN (" + sqldb.Marks(len(ids)) + ")"
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM exchange_staging"+within+but, bins(ids, args...)...)
		return err
	})
}

// Discard implements exchange.Copy.
func (c *Copies) Discard(ctx context.Context, slice exchange.ID) error {
	return c.write(ctx, "discard what is staged", func(tx *sql.Tx) error { return discard(ctx, tx, slice) })
}

// discard removes what is staged for some slices.
func discard(ctx context.Context, tx *sql.Tx, slices ...exchange.ID) error {
	return sqldb.InChunks(slices, func(part []exchange.ID) error {
		for _, table := range []string{"exchange_staging", "exchange_surplus"} {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE slice_id IN ("+sqldb.Marks(len(part))+")", bins(part)...); err != nil {
				return err
			}
		}
		return nil
	})
}

// Swap implements exchange.Copy. The proof is made of the rows that the transaction
// would commit.
func (c *Copies) Swap(ctx context.Context, swap exchange.Swap) error {
	return c.write(ctx, "swap a slice's content", func(tx *sql.Tx) error {
		var version int64
		err := tx.QueryRowContext(ctx, "SELECT version FROM exchange_slice WHERE id = ? FOR UPDATE", bin(swap.Slice)).Scan(&version)
		if err != nil {
			return notThere(err, "slice")
		}
		if err := moveStaged(ctx, tx, swap); err != nil {
			return err
		}
		if err := writeMetadata(ctx, tx, swap.Slice, swap.Metadata); err != nil {
			return err
		}
		swap.Steps.At("moved")
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
		swap.Steps.At("proven")
		return err
	})
}

// moveStaged removes the grains that leave and moves those in that are staged. The walk
// over staged rows leads: the server would else read the whole content for a few.
func moveStaged(ctx context.Context, tx *sql.Tx, swap exchange.Swap) error {
	_, err := tx.ExecContext(ctx, `DELETE g FROM exchange_surplus s STRAIGHT_JOIN exchange_grain g ON g.slice_id = s.slice_id AND g.id = s.id
		WHERE s.slice_id = ?`, bin(swap.Slice))
	if err != nil {
		return err
	}
	swap.Steps.At("removed")
	_, err = tx.ExecContext(ctx, `INSERT INTO exchange_grain (slice_id, id, grain_key, source, encoding, payload, created_at)
		SELECT slice_id, id, grain_key, source, encoding, payload, created_at FROM exchange_staging WHERE slice_id = ?`, bin(swap.Slice))
	if sqldb.IsDuplicate(err) {
		return exchange.ErrKeyTwice // the server's words would quote the key
	}
	if err != nil {
		return err
	}
	return discard(ctx, tx, swap.Slice)
}

// Failed implements exchange.Local.
func (c *Copies) Failed(ctx context.Context, slice exchange.ID) error {
	return c.write(ctx, "note a failed sync", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE exchange_slice SET sync_status = ?, last_sync_attempt = NOW(6) WHERE id = ?", exchange.StatusError, bin(slice))
		return err
	})
}
