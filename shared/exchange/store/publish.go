package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Record is a record that a slice may hold, by its id. A nil body, and a record of an account
// other than the slice's, are not to be in it.
type Record struct {
	Key  string
	Body []byte
}

// EnsureSlice makes a slice that records feed, unless it exists. Several processes may
// do so at once.
func (s *Slices) EnsureSlice(ctx context.Context, slice exchange.Slice) error {
	_, err := s.Slice(ctx, slice.ID)
	if fault.KindOf(err) != fault.NotFound {
		return err
	}
	if err = s.CreateSlice(ctx, slice); fault.KindOf(err) == fault.Superseded {
		if _, found := s.Slice(ctx, slice.ID); found == nil {
			return nil
		}
	}
	return err
}

// PublishRecords brings a slice in line with some records, within a transaction of the
// caller. The slice's row is locked only if a record differs from its grain; asOf is
// then the content's date, if it is the newest.
func PublishRecords(ctx context.Context, tx *sql.Tx, slice exchange.ID, asOf time.Time, records []Record) error {
	return sqldb.InChunks(records, func(part []Record) error { return publish(ctx, tx, slice, asOf, part) })
}

// keyed returns records by their grains' keys: the id, or, of an id that is too long for a
// key, the id's hash.
func keyed(records []Record) []Record {
	list := slices.Clone(records)
	for i, r := range list {
		if len(r.Key) > exchange.MaxKey {
			list[i].Key = fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(r.Key)))
		}
	}
	return list
}

// publish publishes few enough records for one statement.
func publish(ctx context.Context, tx *sql.Tx, slice exchange.ID, asOf time.Time, records []Record) error {
	records = keyed(records)
	held, err := heldKeys(ctx, tx, slice, records)
	if err != nil {
		return err
	}
	var stale []any
	var fresh []exchange.Grain
	for _, r := range records {
		id, there := held[r.Key]
		if r.Body == nil {
			if there {
				stale = append(stale, []byte(r.Key))
			}
			continue
		}
		g := exchange.Grain{
			ID: exchange.GrainID(slice, r.Key, r.Body), SliceID: slice, Key: r.Key, Source: "record", Encoding: exchange.EncodingRaw, Payload: string(r.Body),
		}
		if id == g.ID {
			continue
		}
		if err := g.Check(); err != nil {
			return err
		}
		stale, fresh = append(stale, []byte(r.Key)), append(fresh, g)
	}
	if len(stale) == 0 {
		return nil
	}
	err = sqldb.ExactlyOne(ctx, tx, errNoSlice, `UPDATE exchange_slice SET version = version + 1, content_date = GREATEST(COALESCE(content_date, ?), ?), updated_at = NOW(6)
		WHERE id = ?`, asOf.UTC(), asOf.UTC(), bin(slice))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM exchange_grain WHERE slice_id = ? AND grain_key IN ("+sqldb.Marks(len(stale))+")", append([]any{bin(slice)}, stale...)...)
	if err != nil {
		return err
	}
	return write(ctx, tx, "INSERT", "exchange_grain", slice, stamped(fresh, asOf))
}

// errNoSlice is the error of a slice that was removed while records feed it.
var errNoSlice = errors.New("the slice that the entity feeds does not exist any more: start the function again, or take it out of EXCHANGE_PUBLISH")

// heldKeys returns the grains' ids of those keys that a slice holds.
func heldKeys(ctx context.Context, tx *sql.Tx, slice exchange.ID, records []Record) (map[string]exchange.ID, error) {
	args := []any{bin(slice)}
	for _, r := range records {
		args = append(args, []byte(r.Key))
	}
	held := map[string]exchange.ID{}
	err := sqldb.Each(ctx, tx, func(row sqldb.Row) error {
		var key string
		var id exchange.ID
		err := row.Scan(&key, &id)
		held[key] = id
		return err
	}, "SELECT grain_key, id FROM exchange_grain WHERE slice_id = ? AND grain_key IN ("+sqldb.Marks(len(records))+")", args...)
	return held, err
}
