package store

import (
	"context"
	"database/sql"
	"iter"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

const sliceColumns = `s.id, s.name, s.slice_type, s.content_hash, s.content_digest, s.content_count, s.content_date, s.allow_sync, s.sync_status,
	s.last_sync_attempt, s.last_good_sync, s.created_at, s.updated_at`

// sliceFields returns the destinations of sliceColumns.
func sliceFields(s *exchange.Slice) []any {
	return []any{
		&s.ID, &s.Name, &s.Type, &s.Hash, &s.Digest, &s.Count, moment{&s.Date}, &s.AllowSync, &s.Status,
		moment{&s.LastTry}, moment{&s.LastGood}, &s.CreatedAt, &s.UpdatedAt,
	}
}

func scanSlice(row sqldb.Row) (s exchange.Slice, err error) {
	err = row.Scan(sliceFields(&s)...)
	return s, err
}

// Slice returns a slice with its metadata, as it was last refreshed.
func (s *Slices) Slice(ctx context.Context, id exchange.ID) (exchange.Slice, error) {
	slice, err := scanSlice(s.db.QueryRowContext(ctx, "SELECT "+sliceColumns+" FROM exchange_slice s WHERE s.id = ?", bin(id)))
	if err == nil {
		slice.Metadata, err = metadata(ctx, s.db, id)
	}
	return slice, notThere(err, "slice")
}

// SliceNamed returns a slice by its name.
func (s *Slices) SliceNamed(ctx context.Context, name string) (exchange.Slice, error) {
	var id exchange.ID
	err := s.db.QueryRowContext(ctx, "SELECT id FROM exchange_slice WHERE name = ?", name).Scan(&id)
	if err != nil {
		return exchange.Slice{}, notThere(err, "slice")
	}
	return s.Slice(ctx, id)
}

// List returns all slices by name, without metadata.
func (s *Slices) List(ctx context.Context) ([]exchange.Slice, error) {
	list, err := sqldb.Collect(ctx, s.db, scanSlice, "SELECT "+sliceColumns+" FROM exchange_slice s ORDER BY s.name")
	return list, sqldb.Outage(err, "read the slices")
}

// CreateSlice adds a slice without grains.
func (s *Slices) CreateSlice(ctx context.Context, slice exchange.Slice) error {
	return s.db.InTx(ctx, "add a slice", func(tx *sql.Tx) error {
		if err := insertSlice(ctx, tx, slice); err != nil {
			return err
		}
		return writeMetadata(ctx, tx, slice.ID, slice.Metadata)
	})
}

// insertSlice adds a slice's row. One that has metadata is stale from the beginning.
func insertSlice(ctx context.Context, tx *sql.Tx, slice exchange.Slice) error {
	version := min(1, len(slice.Metadata))
	_, err := tx.ExecContext(ctx, `INSERT INTO exchange_slice (id, name, slice_type, version, allow_sync, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, NOW(6), NOW(6))`, bin(slice.ID), slice.Name, slice.Type, version, slice.AllowSync)
	return taken(err, "another slice has this id or name")
}

// UpdateSlice writes a slice's name, type, lock and metadata.
func (s *Slices) UpdateSlice(ctx context.Context, slice exchange.Slice) error {
	return s.db.InTx(ctx, "change a slice", func(tx *sql.Tx) error {
		err := sqldb.ExactlyOne(ctx, tx, sql.ErrNoRows, "UPDATE exchange_slice SET name = ?, slice_type = ?, allow_sync = ?, version = version + 1, updated_at = NOW(6) WHERE id = ?",
			slice.Name, slice.Type, slice.AllowSync, bin(slice.ID))
		if err != nil {
			return notThere(taken(err, "another slice has this name"), "slice")
		}
		return writeMetadata(ctx, tx, slice.ID, slice.Metadata)
	})
}

// AllowSync locks or unlocks a slice for partners.
func (s *Slices) AllowSync(ctx context.Context, id exchange.ID, allow bool) error {
	err := sqldb.ExactlyOne(ctx, s.db, sql.ErrNoRows, "UPDATE exchange_slice SET allow_sync = ?, updated_at = NOW(6) WHERE id = ?", allow, bin(id))
	return notThere(err, "slice")
}

// DeleteSlice removes a slice that nobody subscribes to, with its content.
func (s *Slices) DeleteSlice(ctx context.Context, id exchange.ID) error {
	return s.db.InTx(ctx, "remove a slice", func(tx *sql.Tx) error {
		var subs int
		if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM exchange_subscription WHERE slice_id = ?", bin(id)).Scan(&subs); err != nil {
			return err
		}
		if subs > 0 {
			return fault.New(fault.Superseded, "in-use", "the slice has %d subscriptions: remove them first", subs)
		}
		for _, table := range []string{"exchange_grain", "exchange_staging", "exchange_surplus", "exchange_metadata", "exchange_slice_tag"} {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE slice_id = ?", bin(id)); err != nil {
				return err
			}
		}
		return notThere(sqldb.ExactlyOne(ctx, tx, sql.ErrNoRows, "DELETE FROM exchange_slice WHERE id = ?", bin(id)), "slice")
	})
}

// metadata returns a slice's metadata, nil for none.
func metadata(ctx context.Context, q sqldb.Querier, slice exchange.ID) (map[string]string, error) {
	var meta map[string]string
	err := sqldb.Each(ctx, q, func(row sqldb.Row) error {
		var name, value string
		if err := row.Scan(&name, &value); err != nil {
			return err
		}
		if meta == nil {
			meta = map[string]string{}
		}
		meta[name] = value
		return nil
	}, "SELECT name, value FROM exchange_metadata WHERE slice_id = ?", bin(slice))
	return meta, err
}

// Metadata returns a slice's metadata, nil for none and for a slice that does not
// exist.
func (s *Slices) Metadata(ctx context.Context, slice exchange.ID) (map[string]string, error) {
	meta, err := metadata(ctx, s.db, slice)
	return meta, sqldb.Outage(err, "read a slice's metadata")
}

// writeMetadata replaces a slice's metadata.
func writeMetadata(ctx context.Context, tx *sql.Tx, slice exchange.ID, meta map[string]string) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM exchange_metadata WHERE slice_id = ?", bin(slice)); err != nil {
		return err
	}
	for name, value := range meta {
		if _, err := tx.ExecContext(ctx, "INSERT INTO exchange_metadata (slice_id, name, value) VALUES (?, ?, ?)", bin(slice), []byte(name), []byte(value)); err != nil {
			return err
		}
	}
	return nil
}

// Refresh brings a slice's hash, digest and count up to its content and returns the
// slice. It reads in a snapshot and holds no lock; a change meanwhile leaves the row
// stale, and the answer is of the moment of the snapshot.
func (s *Slices) Refresh(ctx context.Context, id exchange.ID) (slice exchange.Slice, err error) {
	var version, hashed int64
	var fresh bool
	err = s.db.Snapshot(ctx, "hash a slice", func(tx *sql.Tx) error {
		row := sqldb.Wider{Row: tx.QueryRowContext(ctx, "SELECT "+sliceColumns+", s.version, s.hashed FROM exchange_slice s WHERE s.id = ?", bin(id)), Last: []any{&version, &hashed}}
		slice, err = scanSlice(row)
		if err != nil {
			return notThere(err, "slice")
		}
		if slice.Metadata, err = metadata(ctx, tx, id); err != nil {
			return err
		}
		if fresh = version == hashed; fresh {
			return nil
		}
		proof, err := exchange.Prove(ids(ctx, tx, content, id, exchange.Whole), slice.Metadata)
		slice.Hash, slice.Digest, slice.Count = proof.Hash, proof.Digest, proof.Count
		return err
	})
	if err != nil || fresh {
		return slice, err
	}
	_, err = s.db.ExecContext(ctx, `UPDATE exchange_slice SET content_hash = ?, content_digest = ?, content_count = ?, hashed = version,
		content_date = COALESCE(content_date, NOW(6)) WHERE id = ? AND version = ?`, slice.Hash, slice.Digest, slice.Count, bin(id), version)
	return slice, sqldb.Outage(err, "keep a slice's hash")
}

// chunk is how many ids one statement reads. Ending a longer answer early would still
// read all of it.
const chunk = 4096

// content is the table of the content, read by the index that holds no payloads.
const content = "exchange_grain FORCE INDEX (ix_ids)"

// ids streams the ids of a range in ascending order: of the content, or of what is staged.
func ids(ctx context.Context, q sqldb.Querier, table string, slice exchange.ID, r exchange.Range) iter.Seq2[exchange.ID, error] {
	return func(yield func(exchange.ID, error) bool) {
		after := r.After
		for {
			list, err := sqldb.Collect(ctx, q, sqldb.Column[exchange.ID],
				"SELECT id FROM "+table+" WHERE slice_id = ? AND id > ? AND id <= ? ORDER BY id LIMIT ?", bin(slice), bin(after), bin(r.Upto), chunk)
			if err != nil {
				yield(exchange.ID{}, sqldb.Outage(err, "read a slice's ids"))
				return
			}
			for _, id := range list {
				if !yield(id, nil) {
					return
				}
			}
			if len(list) < chunk {
				return
			}
			after = list[len(list)-1]
		}
	}
}

// IDs implements exchange.Index.
func (s *Grains) IDs(ctx context.Context, slice exchange.ID, r exchange.Range) iter.Seq2[exchange.ID, error] {
	return ids(ctx, s.db, content, slice, r)
}

// Count implements exchange.Index.
func (s *Grains) Count(ctx context.Context, slice exchange.ID, r exchange.Range) (n int, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+content+" WHERE slice_id = ? AND id > ? AND id <= ?", bin(slice), bin(r.After), bin(r.Upto)).Scan(&n)
	return n, sqldb.Outage(err, "count a slice's grains")
}
