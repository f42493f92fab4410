package store

import (
	"context"
	"database/sql"
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// Notes is the table transfer_note, which holds a row for each name from the beginning.
type Notes struct{ tables }

var _ transfer.Notes = (*Notes)(nil)

// Note implements transfer.Notes.
func (s *Notes) Note(ctx context.Context, name transfer.NoteName) (n transfer.Note, err error) {
	var body sql.NullString
	var at sql.NullTime
	err = s.db.QueryRowContext(ctx, sqldb.Rebind(s.d.name, s.d.text("SELECT body, left_at, {now} FROM transfer_note WHERE name = ?")), string(name)).
		Scan(&body, &at, &n.Now)
	n.Body, n.At = body.String, at.Time
	return n, sqldb.Outage(err, "read a note of transfers")
}

// Leave implements transfer.Notes.
func (s *Notes) Leave(ctx context.Context, name transfer.NoteName, body string) error {
	return s.retried(ctx, "leave a note of transfers", func() error {
		return sqldb.ExactlyOne(ctx, s.db, fmt.Errorf("there is no note %q", name), sqldb.Rebind(s.d.name, s.d.text("UPDATE transfer_note SET body = ?, left_at = {now} WHERE name = ?")), body, string(name))
	})
}
