package store

import (
	"context"
	"maps"
	"slices"

	"golang.org/x/crypto/blake2b"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/owner"
)

// idHash is the key of an id in sync_owner: ids are compared by their bytes and may be
// longer than a key.
func idHash(id string) []byte {
	sum := blake2b.Sum256([]byte(id))
	return sum[:16]
}

// Owners returns the roots that own shared ids, by id; an id without an owner is absent.
func (db *Ledger) Owners(ctx context.Context, entity string, ids []string) (owner.Roots, error) {
	owners := owner.Roots{}
	err := sqldb.InChunks(ids, func(chunk []string) error {
		byHash := make(map[string]string, len(chunk))
		args := []any{entity}
		for _, id := range chunk {
			h := idHash(id)
			byHash[string(h)] = id
			args = append(args, h)
		}
		return sqldb.Each(ctx, db.sql, func(row sqldb.Row) error {
			var h []byte
			var root uint64
			err := row.Scan(&h, &root)
			owners[byHash[string(h)]] = root
			return err
		}, "SELECT id_hash, root_id FROM sync_owner WHERE entity = ? AND id_hash IN ("+sqldb.Marks(len(chunk))+")", args...)
	})
	return owners, sqldb.Outage(err, "read the owners of ids")
}

// Own writes the owners of shared ids. It comes before the push of their records, so
// that a page of another root which deletes one of them sees it.
func (db *Ledger) Own(ctx context.Context, entity string, owners owner.Roots) error {
	// In one order, so that two pages do not wait for each other.
	ids := slices.SortedFunc(maps.Keys(owners), func(a, b string) int { return slices.Compare(idHash(a), idHash(b)) })
	err := sqldb.InChunks(ids, func(chunk []string) error {
		values, args := sqldb.Values(chunk, func(id string) []any { return []any{entity, idHash(id), owners[id]} })
		_, err := db.sql.ExecContext(ctx, "INSERT INTO sync_owner (entity, id_hash, root_id) VALUES "+values+" ON DUPLICATE KEY UPDATE root_id = VALUES(root_id)", args...)
		return err
	})
	return sqldb.Outage(err, "write the owners of ids")
}

// Disown removes the owners of ids that were deleted, as far as they are still those.
func (db *Ledger) Disown(ctx context.Context, entity string, owners owner.Roots) error {
	byRoot := map[uint64][][]byte{}
	for id, root := range owners {
		byRoot[root] = append(byRoot[root], idHash(id))
	}
	for root, hashes := range byRoot {
		err := sqldb.InChunks(hashes, func(chunk [][]byte) error {
			_, err := db.sql.ExecContext(ctx, "DELETE FROM sync_owner WHERE entity = ? AND root_id = ? AND id_hash IN ("+sqldb.Marks(len(chunk))+")",
				sqldb.Args(chunk, entity, root)...)
			return err
		})
		if err != nil {
			return sqldb.Outage(err, "remove the owners of ids")
		}
	}
	return nil
}
