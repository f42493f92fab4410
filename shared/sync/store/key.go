package store

import (
	"bytes"
	"context"
	"log/slog"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// Keys is the map of keys that are no numbers to numbers of ours.
type Keys struct{ sql *sqldb.DB }

// OpenKeys returns the map behind a DSN with a pool of its own: keys get numbers while a
// transaction of the other tables lists changes, and one pool could run out of
// connections. It does not connect.
func OpenKeys(dsn string, maxConnections int, log *slog.Logger, dial ...sqldb.Dial) (*Keys, func() error, error) {
	db, err := Open(dsn, maxConnections, log, dial...)
	if err != nil {
		return nil, nil, err
	}
	return db.Keys, db.Close, nil
}

// Numbers returns the numbers of keys. Keys whose bytes are new get the number of a key
// that the source holds equal, or a new one: same returns for each of them a text that is
// equal for equal keys. A key that same leaves out gets none.
func (db *Keys) Numbers(ctx context.Context, space string, keys []entity.Key, same func(unknown []entity.Key) (map[entity.Key]string, error)) (map[entity.Key]uint64, error) {
	numbers := make(map[entity.Key]uint64, len(keys))
	err := sqldb.InChunks(keys, func(chunk []entity.Key) error {
		unknown, err := db.known(ctx, space, chunk, numbers)
		if err != nil || len(unknown) == 0 {
			return err
		}
		sames, err := same(unknown)
		if err != nil {
			return err
		}
		return db.give(ctx, space, sames, numbers)
	})
	return numbers, sqldb.Outage(err, "read the numbers of keys")
}

// known adds the numbers of keys whose bytes are known, and returns the other keys.
func (db *Keys) known(ctx context.Context, space string, keys []entity.Key, numbers map[entity.Key]uint64) ([]entity.Key, error) {
	byHash := make(map[string]entity.Key, len(keys))
	args := make([]any, 1, 1+len(keys))
	args[0] = space
	for _, k := range keys {
		h := idHash(string(k))
		byHash[string(h)] = k
		args = append(args, h)
	}
	err := sqldb.Each(ctx, db.sql, func(row sqldb.Row) error {
		var h []byte
		var n uint64
		err := row.Scan(&h, &n)
		numbers[byHash[string(h)]] = n
		return err
	}, "SELECT key_hash, number FROM sync_key_spelling WHERE entity = ? AND key_hash IN ("+sqldb.Marks(len(keys))+")", args...)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(keys), func(k entity.Key) bool { _, ok := numbers[k]; return ok }), nil
}

// give adds the numbers of new spellings. Two processes that do so at once agree: a row
// that the other one inserted stays. If the process dies in between, a number without a
// spelling is left, and the key finds it again.
func (db *Keys) give(ctx context.Context, space string, sames map[entity.Key]string, numbers map[entity.Key]uint64) error {
	if len(sames) == 0 {
		return nil
	}
	hashes := make([][]byte, 0, len(sames))
	for _, same := range sames {
		hashes = append(hashes, idHash(same))
	}
	// In one order, so that two processes do not wait for each other.
	slices.SortFunc(hashes, bytes.Compare)
	hashes = slices.CompactFunc(hashes, bytes.Equal)
	values, args := sqldb.Values(hashes, func(h []byte) []any { return []any{space, h} })
	if _, err := db.sql.ExecContext(ctx, "INSERT IGNORE INTO sync_key (entity, same_hash) VALUES "+values, args...); err != nil {
		return err
	}
	bySame := make(map[string]uint64, len(hashes))
	err := sqldb.Each(ctx, db.sql, func(row sqldb.Row) error {
		var h []byte
		var n uint64
		err := row.Scan(&h, &n)
		bySame[string(h)] = n
		return err
	}, "SELECT same_hash, number FROM sync_key WHERE entity = ? AND same_hash IN ("+sqldb.Marks(len(hashes))+")", sqldb.Args(hashes, space)...)
	if err != nil {
		return err
	}
	keys := make([]entity.Key, 0, len(sames))
	for k, same := range sames {
		numbers[k] = bySame[string(idHash(same))]
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b entity.Key) int { return bytes.Compare(idHash(string(a)), idHash(string(b))) })
	values, args = sqldb.Values(keys, func(k entity.Key) []any { return []any{space, idHash(string(k)), numbers[k], []byte(k)} })
	_, err = db.sql.ExecContext(ctx, "INSERT IGNORE INTO sync_key_spelling (entity, key_hash, number, spelling) VALUES "+values, args...)
	return err
}

// Spellings returns the keys of numbers, in every spelling that was seen. An unknown
// number is absent.
func (db *Keys) Spellings(ctx context.Context, space string, numbers []uint64) (map[uint64][]entity.Key, error) {
	keys := make(map[uint64][]entity.Key, len(numbers))
	err := sqldb.InChunks(numbers, func(chunk []uint64) error {
		return sqldb.Each(ctx, db.sql, func(row sqldb.Row) error {
			var n uint64
			var k []byte
			err := row.Scan(&n, &k)
			keys[n] = append(keys[n], entity.Key(k))
			return err
		}, "SELECT number, spelling FROM sync_key_spelling WHERE entity = ? AND number IN ("+sqldb.Marks(len(chunk))+")", sqldb.Args(chunk, space)...)
	})
	return keys, sqldb.Outage(err, "read the keys of numbers")
}

// Listed returns the numbers in a range that keys have, at most limit, in order.
func (db *Keys) Listed(ctx context.Context, space string, r source.Range, limit int) ([]uint64, error) {
	after, upto := r.Bounds()
	list, err := sqldb.Collect(ctx, db.sql, sqldb.Column[uint64],
		"SELECT number FROM sync_key WHERE entity = ? AND number > ? AND number <= ? ORDER BY number LIMIT ?", space, after, upto, limit)
	return list, sqldb.Outage(err, "list the numbers of keys")
}
