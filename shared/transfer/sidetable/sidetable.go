// Package sidetable is a transfer.System that keeps the records of one side in a table,
// beside the jobs. It rehearses a side: records survive the death of every process, and
// each write leaves a row, so that a story can count what was written. It reaches no
// system of anybody.
package sidetable

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"strings"
	"time"

	driver "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// Side is one side. It is safe for concurrent use.
type Side struct {
	db      *sql.DB
	dialect sqldb.Dialect
	side    transfer.Side
	now     func() time.Time
}

var _ transfer.System = (*Side)(nil)

// Open returns a side over a pool whose tables are migrated.
func Open(db *sql.DB, d sqldb.Dialect, side transfer.Side, now func() time.Time) *Side {
	return &Side{db: db, dialect: d, side: side, now: now}
}

//go:embed mysql/*.sql postgres/*.sql
var files embed.FS

// Migrate makes the tables.
func Migrate(ctx context.Context, db *sql.DB, d sqldb.Dialect, log *slog.Logger) error {
	const table = "transfer_side_migration"
	if d == sqldb.MySQL {
		sub, err := fs.Sub(files, "mysql")
		if err == nil {
			_, err = (&sqldb.DB{DB: db, Log: log}).Migrate(ctx, sqldb.List{Files: sub, Table: table})
		}
		return err
	}
	sub, err := fs.Sub(files, "postgres")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, sub, goose.WithTableName(table))
	if err == nil {
		_, err = provider.Up(ctx)
	}
	return sqldb.Outage(err, "make the tables of the rehearsed sides")
}

// rebind writes a statement's placeholders.
func (s *Side) rebind(query string) string { return sqldb.Rebind(s.dialect, query) }

const columns = "id, foreign_id, sosync_write_date, write_date, synced_version, fields"

// scan reads a record.
func scan(row sqldb.Row) (r transfer.Record, err error) {
	var foreign sql.NullInt64
	var text string
	if err := row.Scan(&r.ID, &foreign, &r.WriteDate, &r.ChangedAt, &r.SyncedVersion, &text); err != nil {
		return r, err
	}
	r.ForeignID = foreign.Int64
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber() // ids stay exact
	return r, d.Decode(&r.Fields)
}

// one reads a record, ErrNotFound for none.
func (s *Side) one(ctx context.Context, q sqldb.Querier, where string, args ...any) (transfer.Record, error) {
	r, err := scan(q.QueryRowContext(ctx, s.rebind("SELECT "+columns+" FROM transfer_side_record WHERE side = ? AND model = ? AND "+where), args...))
	if errors.Is(err, sql.ErrNoRows) {
		return r, transfer.ErrNotFound
	}
	return r, err
}

// Read implements transfer.System.
func (s *Side) Read(ctx context.Context, model string, id int64) (transfer.Record, error) {
	r, err := s.one(ctx, s.db, "id = ?", string(s.side), model, id)
	return r, sqldb.Outage(err, "read a record of "+s.side.Word())
}

// Find implements transfer.System.
func (s *Side) Find(ctx context.Context, model string, foreign int64) (transfer.Record, error) {
	r, err := s.one(ctx, s.db, "foreign_id = ?", string(s.side), model, foreign)
	return r, sqldb.Outage(err, "find a record of "+s.side.Word())
}

// Search implements transfer.System. The statement looks for the text of each value, so
// that few records are compared.
func (s *Side) Search(ctx context.Context, model string, q transfer.Query) ([]transfer.Record, error) {
	return s.search(ctx, s.db, model, q)
}

// search is Search within a transaction, or without one.
func (s *Side) search(ctx context.Context, from sqldb.Querier, model string, q transfer.Query) (list []transfer.Record, err error) {
	where, args := "", []any{string(s.side), model, q.After}
	for name, v := range q.Equal {
		if text, err := json.Marshal(map[string]any{name: v}); err == nil && !transfer.Empty(v) {
			where += " AND fields LIKE ?"
			args = append(args, "%"+like.Replace(string(text[1:len(text)-1]))+"%")
		}
	}
	rows, err := from.QueryContext(ctx, s.rebind("SELECT "+columns+" FROM transfer_side_record WHERE side = ? AND model = ? AND id > ?"+where+" ORDER BY id"), args...)
	if err != nil {
		return nil, sqldb.Outage(err, "search records of "+s.side.Word())
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() && len(list) < q.Most {
		r, err := scan(rows)
		if err != nil {
			return nil, sqldb.Outage(err, "search records of "+s.side.Word())
		}
		if r.Holds(q) {
			list = append(list, r)
		}
	}
	return list, sqldb.Outage(rows.Err(), "search records of "+s.side.Word())
}

// like masks what LIKE reads as a pattern.
var like = strings.NewReplacer(`\`, "_", "%", "_") // the records are compared afterwards

// Put stores a record as a person would change it and returns its id. A new record has
// ID 0.
func (s *Side) Put(ctx context.Context, model string, r transfer.Record) (id int64, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if r.ID == 0 {
			id, err = s.insert(ctx, tx, transfer.Write{Model: model, ForeignID: r.ForeignID, WriteDate: r.WriteDate, SyncedVersion: r.SyncedVersion, Fields: r.Fields})
			return err
		}
		id = r.ID
		return s.update(ctx, tx, r)
	})
	return id, err
}

// Write implements transfer.System.
func (s *Side) Write(ctx context.Context, w transfer.Write) (transfer.Written, error) {
	var id int64
	err := s.tx(ctx, func(tx *sql.Tx) (err error) {
		id, err = s.write(ctx, tx, w)
		for _, p := range w.Parts {
			if err == nil {
				err = s.part(ctx, tx, w, p, id)
			}
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, s.rebind("INSERT INTO transfer_side_write (side, verb, model, record_id, sosync_write_date) VALUES (?, ?, ?, ?, ?)"),
			string(s.side), string(w.Verb), w.Model, id, utc(w.WriteDate))
		return err
	})
	if err != nil {
		return transfer.Written{}, sqldb.Outage(err, "write a record of "+s.side.Word())
	}
	request, err := json.Marshal(w.Plan())
	return transfer.Written{ID: id, Request: string(request), Answer: fmt.Sprintf(`{"id":%d}`, id)}, err
}

// write makes one write.
func (s *Side) write(ctx context.Context, tx *sql.Tx, w transfer.Write) (int64, error) {
	if w.Verb == transfer.Create {
		return s.insert(ctx, tx, w)
	}
	r, err := s.one(ctx, tx, "id = ? FOR UPDATE", string(s.side), w.Model, w.ID)
	switch {
	case err != nil:
		return 0, err
	case w.If != nil && !r.Effective().Equal(*w.If):
		return 0, transfer.ErrChanged
	case w.Verb == transfer.Remove, w.Verb == transfer.Join:
		_, err := tx.ExecContext(ctx, s.rebind("DELETE FROM transfer_side_record WHERE id = ?"), w.ID)
		return w.ID, err
	}
	r.Apply(w)
	return w.ID, s.update(ctx, tx, r)
}

// part writes a piece of a record.
func (s *Side) part(ctx context.Context, tx *sql.Tx, w transfer.Write, p transfer.Part, id int64) error {
	one := transfer.Write{Verb: transfer.Create, Model: p.Model, ID: p.ID, WriteDate: w.WriteDate, If: p.If, Fields: maps.Clone(p.Fields)}
	one.Fields[p.Link] = id
	if p.ID != 0 {
		one.Verb = transfer.Update
	} else if p.Equal != nil { // the record was written before: other transfers wait
		q := transfer.Query{Equal: map[string]any{p.Link: id}, Most: 1}
		maps.Copy(q.Equal, p.Equal)
		if list, err := s.search(ctx, tx, p.Model, q); err != nil {
			return err
		} else if len(list) > 0 {
			return transfer.ErrChanged
		}
	}
	_, err := s.write(ctx, tx, one)
	if errors.Is(err, transfer.ErrNotFound) {
		return transfer.ErrChanged
	}
	return err
}

// insert creates a record and returns its id.
func (s *Side) insert(ctx context.Context, tx *sql.Tx, w transfer.Write) (int64, error) {
	if w.Fields == nil {
		w.Fields = map[string]any{}
	}
	text, err := json.Marshal(w.Fields)
	if err != nil {
		return 0, err
	}
	query := "INSERT INTO transfer_side_record (side, model, foreign_id, sosync_write_date, write_date, synced_version, fields) VALUES (?, ?, ?, ?, ?, ?, ?)"
	args := []any{string(s.side), w.Model, nullable(w.ForeignID), utc(w.WriteDate), transfer.Micro(s.now()), utc(w.SyncedVersion), string(text)}
	if s.dialect == sqldb.PostgreSQL {
		var id int64
		err := tx.QueryRowContext(ctx, s.rebind(query+" RETURNING id"), args...).Scan(&id)
		return id, taken(err)
	}
	id, err := sqldb.Insert(ctx, tx, query, args...)
	return id, taken(err)
}

// update writes a record that exists.
func (s *Side) update(ctx context.Context, tx *sql.Tx, r transfer.Record) error {
	text, err := json.Marshal(r.Fields)
	if err != nil {
		return err
	}
	return sqldb.ExactlyOne(ctx, tx, transfer.ErrNotFound, s.rebind(`UPDATE transfer_side_record SET foreign_id = ?, sosync_write_date = ?, write_date = ?, synced_version = ?, fields = ?
		WHERE id = ?`), nullable(r.ForeignID), utc(r.WriteDate), transfer.Micro(s.now()), utc(r.SyncedVersion), string(text), r.ID)
}

// tx runs fn in a transaction, again if it lost a race of locks.
func (s *Side) tx(ctx context.Context, fn func(*sql.Tx) error) error {
	for try := 1; ; try++ {
		tx, err := s.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if err = fn(tx); err == nil {
			return tx.Commit()
		}
		_ = tx.Rollback()
		if number, state := codes(err); try == 5 || number != 1213 && state != "40P01" {
			return err
		}
	}
}

// taken makes ErrChanged of a foreign id that another record has.
func taken(err error) error {
	if number, state := codes(err); number == 1062 || state == "23505" {
		return transfer.ErrChanged
	}
	return err
}

// codes returns the number of MySQL or the state of PostgreSQL.
func codes(err error) (number uint16, state string) {
	var my *driver.MySQLError
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &my):
		return my.Number, ""
	case errors.As(err, &pg):
		return 0, pg.Code
	}
	return 0, ""
}

// nullable returns an id, nil for 0.
func nullable(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

// utc returns a time as the table holds it.
func utc(t *time.Time) any {
	if t == nil {
		return nil
	}
	return transfer.Micro(*t)
}
