// Package basestore holds the SQL on the tables of the SYNC base, report_base_row and
// report_base_cursor.
package basestore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable/base"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Store is the tables of the base. It implements base.Store and is safe for concurrent
// use.
type Store struct{ db *sqldb.DB }

// New returns the store over a pool.
func New(db *sqldb.DB) *Store { return &Store{db} }

// Lease implements base.Store.
func (s *Store) Lease(ctx context.Context, d time.Duration) (string, bool, error) {
	if _, err := s.db.ExecContext(ctx, "INSERT IGNORE INTO report_base_cursor (name) VALUES ('round')"); err != nil {
		return "", false, sqldb.Outage(err, "open the lease of the SYNC base")
	}
	g := lease.Grant{Token: rand.Text(), For: d} // the column is shorter than lease.NewToken's tokens
	taken, err := lease.Take(ctx, s.db, g, "UPDATE report_base_cursor SET "+lease.Set+" WHERE name = 'round' AND "+lease.Over)
	return g.Token, taken, sqldb.Outage(err, "take the SYNC base")
}

// Renew implements base.Store.
func (s *Store) Renew(ctx context.Context, token string, d time.Duration) error {
	lost := fault.New(fault.Superseded, "base-taken-over", "another process took the SYNC base over")
	return sqldb.Outage(sqldb.ExactlyOne(ctx, s.db, lost, `UPDATE report_base_cursor SET lease_until = NOW(6) + INTERVAL ? MICROSECOND
		WHERE name = 'round' AND token = ?`, sqldb.Micros(d), token), "renew the SYNC base")
}

// Release implements base.Store.
func (s *Store) Release(ctx context.Context, token string) error {
	_, err := s.db.ExecContext(ctx, "UPDATE report_base_cursor SET lease_until = NULL WHERE name = 'round' AND token = ?", token)
	return sqldb.Outage(err, "give the SYNC base back")
}

// scanShadow reads a row of row_key, record_id, agreed.
func scanShadow(row sqldb.Row) (base.Shadow, error) {
	var one base.Shadow
	var text []byte
	if err := row.Scan(&one.Key, &one.Record, &text); err != nil {
		return one, err
	}
	return one, json.Unmarshal(text, &one.Values)
}

// Shadows implements base.Store.
func (s *Store) Shadows(ctx context.Context, sheet string, of *base.Some) ([]base.Shadow, error) {
	const query = "SELECT row_key, record_id, agreed FROM report_base_row WHERE sheet = ?"
	if of == nil {
		list, err := sqldb.Collect(ctx, s.db, scanShadow, query, sheet)
		return list, sqldb.Outage(err, "read the rows of the SYNC base")
	}
	found := map[string]base.Shadow{}
	for column, names := range map[string][]string{"row_key": of.Keys, "record_id": of.Records} {
		err := sqldb.InChunks(names, func(part []string) error {
			return sqldb.Each(ctx, s.db, func(row sqldb.Row) error {
				one, err := scanShadow(row)
				found[one.Key] = one
				return err
			}, query+" AND "+column+" IN ("+sqldb.Marks(len(part))+")", sqldb.Args(part, sheet)...)
		})
		if err != nil {
			return nil, sqldb.Outage(err, "read some rows of the SYNC base")
		}
	}
	return slices.Collect(maps.Values(found)), nil
}

// Keep implements base.Store.
func (s *Store) Keep(ctx context.Context, sheet string, list []base.Shadow, notes []string) error {
	return s.db.InTx(ctx, "note what the SYNC base holds", func(tx *sql.Tx) error {
		for _, one := range list {
			text, err := json.Marshal(one.Values)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `INSERT INTO report_base_row (sheet, row_key, record_id, agreed) VALUES (?, ?, ?, ?)
				ON DUPLICATE KEY UPDATE record_id = VALUES(record_id), agreed = VALUES(agreed)`, sheet, one.Key, one.Record, text)
			if err != nil {
				return err
			}
		}
		for _, note := range notes {
			if err := runlog.Write(ctx, tx, runlog.Entry{Severity: runlog.Warning, Message: note}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Drop implements base.Store.
func (s *Store) Drop(ctx context.Context, sheet string, keys []string) error {
	err := sqldb.InChunks(keys, func(part []string) error {
		_, err := s.db.ExecContext(ctx, "DELETE FROM report_base_row WHERE sheet = ? AND row_key IN ("+sqldb.Marks(len(part))+")", sqldb.Args(part, sheet)...)
		return err
	})
	return sqldb.Outage(err, "forget rows of the SYNC base")
}

// Cursor implements base.Store.
func (s *Store) Cursor(ctx context.Context, name string) (base.Cursor, error) {
	var at *time.Time
	var c base.Cursor
	err := s.db.QueryRowContext(ctx, "SELECT at, last_id FROM report_base_cursor WHERE name = ?", name).Scan(&at, &c.ID)
	if at != nil {
		c.At = *at
	}
	return c, sqldb.Outage(sqldb.IgnoreNoRows(err), "read how far the SYNC base is")
}

// Move implements base.Store.
func (s *Store) Move(ctx context.Context, name string, c base.Cursor) error {
	var at *time.Time
	if !c.At.IsZero() {
		at = &c.At
	}
	_, err := s.db.ExecContext(ctx, `INSERT INTO report_base_cursor (name, at, last_id) VALUES (?, ?, ?)
		ON DUPLICATE KEY UPDATE at = VALUES(at), last_id = VALUES(last_id)`, name, at, c.ID)
	return sqldb.Outage(err, "note how far the SYNC base is")
}

// Entries implements base.Store.
func (s *Store) Entries(ctx context.Context, after int64, settle time.Duration, limit int) ([]runlog.Entry, error) {
	return runlog.New(s.db).ReadLog(ctx, runlog.Filter{After: after, Settled: settle, Limit: limit})
}
