package store

import (
	"context"
	"database/sql"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Tag groups slices on one server. Tags never cross.
type Tag struct {
	ID          int64     `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

const tagColumns = "id, name, description, created_at, updated_at"

func scanTag(row sqldb.Row) (t Tag, err error) {
	err = row.Scan(&t.ID, &t.Name, &t.Description, &t.CreatedAt, &t.UpdatedAt)
	return t, err
}

// List returns all tags by name.
func (s *Tags) List(ctx context.Context) ([]Tag, error) {
	list, err := sqldb.Collect(ctx, s.db, scanTag, "SELECT "+tagColumns+" FROM exchange_tag ORDER BY name")
	return list, sqldb.Outage(err, "read the tags")
}

// Tag returns a tag.
func (s *Tags) Tag(ctx context.Context, id int64) (Tag, error) {
	t, err := scanTag(s.db.QueryRowContext(ctx, "SELECT "+tagColumns+" FROM exchange_tag WHERE id = ?", id))
	return t, notThere(err, "tag")
}

// CreateTag adds a tag and returns its id.
func (s *Tags) CreateTag(ctx context.Context, t Tag) (int64, error) {
	id, err := sqldb.Insert(ctx, s.db, "INSERT INTO exchange_tag (name, description, created_at, updated_at) VALUES (?, ?, NOW(6), NOW(6))", t.Name, sqldb.Cut(t.Description, 255))
	return id, sqldb.Outage(taken(err, "another tag has this name"), "add a tag")
}

// UpdateTag writes a tag.
func (s *Tags) UpdateTag(ctx context.Context, t Tag) error {
	err := sqldb.ExactlyOne(ctx, s.db, sql.ErrNoRows, "UPDATE exchange_tag SET name = ?, description = ?, updated_at = NOW(6) WHERE id = ?", t.Name, sqldb.Cut(t.Description, 255), t.ID)
	return notThere(taken(err, "another tag has this name"), "tag")
}

// DeleteTag removes a tag from all slices.
func (s *Tags) DeleteTag(ctx context.Context, id int64) error {
	return s.db.InTx(ctx, "remove a tag", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM exchange_slice_tag WHERE tag_id = ?", id); err != nil {
			return err
		}
		return notThere(sqldb.ExactlyOne(ctx, tx, sql.ErrNoRows, "DELETE FROM exchange_tag WHERE id = ?", id), "tag")
	})
}

// TagSlice puts a tag on a slice, or takes it off.
func (s *Tags) TagSlice(ctx context.Context, tag int64, slice exchange.ID, on bool) error {
	if !on {
		return notThere(sqldb.ExactlyOne(ctx, s.db, sql.ErrNoRows, "DELETE FROM exchange_slice_tag WHERE tag_id = ? AND slice_id = ?", tag, bin(slice)), "tag on this slice")
	}
	n, err := sqldb.Affected(ctx, s.db, `INSERT INTO exchange_slice_tag (tag_id, slice_id) SELECT t.id, s.id FROM exchange_tag t JOIN exchange_slice s
		WHERE t.id = ? AND s.id = ? ON DUPLICATE KEY UPDATE slice_id = VALUES(slice_id)`, tag, bin(slice))
	if err == nil && n == 0 {
		err = sql.ErrNoRows
	}
	return notThere(err, "tag or slice")
}

// Tagged returns the slices that have any or all of some tags.
func (s *Tags) Tagged(ctx context.Context, names []string, all bool) ([]exchange.Slice, error) {
	least := 1
	if all {
		least = len(names)
	}
	list, err := sqldb.Collect(ctx, s.db, scanSlice, "SELECT "+sliceColumns+` FROM exchange_slice s WHERE (SELECT COUNT(*) FROM exchange_slice_tag x
		JOIN exchange_tag t ON t.id = x.tag_id WHERE x.slice_id = s.id AND t.name IN (`+sqldb.Marks(len(names))+")) >= ? ORDER BY s.name",
		append(sqldb.Args(names), least)...)
	return list, sqldb.Outage(err, "read the slices with tags")
}
