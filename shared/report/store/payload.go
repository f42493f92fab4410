package store

import (
	"context"
	"database/sql"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Payloads is the loaded rows of reports, their accounts and parked rows. It is safe for
// concurrent use.
type Payloads struct{ db *sqldb.DB }

// PayloadsOf returns the payloads over a pool.
func PayloadsOf(db *sqldb.DB) *Payloads { return &Payloads{db} }

// AddChunk stores a part of the payload that the caller loads, and renews the lease.
func (s *Payloads) AddChunk(ctx context.Context, r report.Report, seq int64, body []byte, lease time.Duration) error {
	return s.db.InTx(ctx, "store a part of a report", func(tx *sql.Tx) error {
		if err := renew(ctx, tx, r, lease); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO report_chunk (report_id, payload, seq, body) VALUES (?, ?, ?, ?)", r.ID, r.Token, seq, body)
		return err
	})
}

// renew makes the caller's lease begin anew.
func renew(ctx context.Context, e sqldb.Execer, r report.Report, lease time.Duration) error {
	return hold(ctx, e, r, "", "lease_until = NOW(6) + INTERVAL ? MICROSECOND", sqldb.Micros(lease))
}

// Loaded is the verb load: the whole payload is stored, in that many parts, numbered
// from 0.
func (s *Payloads) Loaded(ctx context.Context, r report.Report, rows, chunks int64) (report.Report, error) {
	err := hold(ctx, s.db, r, report.Loaded, "rows_read = ?, payload = token, chunks = ?, error = ''", rows, chunks)
	r.State, r.Rows, r.Payload, r.Chunks, r.Accounts, r.Since = report.Loaded, rows, r.Token, chunks, nil, r.Now
	return r, sqldb.Outage(err, "end the loading of a report")
}

// Chunk returns a part of the payload.
func (s *Payloads) Chunk(ctx context.Context, r report.Report, seq int64) ([]byte, error) {
	var body []byte
	err := s.db.QueryRowContext(ctx, "SELECT body FROM report_chunk WHERE report_id = ? AND payload = ? AND seq = ?", r.ID, r.Payload, seq).Scan(&body)
	return body, sqldb.Outage(err, "read a part of a report")
}

// pruneChunks is how many parts one statement removes: each may have a megabyte.
const pruneChunks = 50

// DropPayloads removes the parts of a report that no attempt needs any more.
func (s *Payloads) DropPayloads(ctx context.Context, r report.Report) error {
	for {
		n, err := sqldb.Affected(ctx, s.db, `DELETE FROM report_chunk WHERE report_id = ?
			AND payload NOT IN (SELECT payload FROM report_report WHERE id = ?) LIMIT ?`, r.ID, r.ID, pruneChunks)
		if err != nil || n < pruneChunks {
			return fault.Join(sqldb.Outage(err, "remove the parts of a report"), s.DropKeys(ctx, r))
		}
	}
}

// accounts returns the accounts of a report's present attempt.
func accounts(ctx context.Context, q sqldb.Querier, r report.Report) ([]report.Account, error) {
	return sqldb.Collect(ctx, q, func(row sqldb.Row) (a report.Account, err error) {
		err = row.Scan(&a.Sink, &a.Written, &a.Unchanged, &a.Parked, &a.Chunks, &a.Finished)
		return a, err
	}, "SELECT sink, written, unchanged, parked, chunks, finished FROM report_account WHERE report_id = ? AND attempt = ? ORDER BY sink", r.ID, r.Attempt)
}

// Written adds the outcome of one part to the account of a destination, with its
// parked rows, and renews the lease, in one transaction. a is the account before it.
func (s *Payloads) Written(ctx context.Context, r report.Report, a report.Account, out report.Outcome, lease time.Duration) (report.Account, error) {
	after := a
	after.Counts, after.Chunks = a.Add(out.Counts()), a.Chunks+1
	err := s.db.InTx(ctx, "account for a part of a report", func(tx *sql.Tx) error {
		if err := renew(ctx, tx, r, lease); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO report_account (report_id, attempt, sink, written, unchanged, parked, chunks) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON DUPLICATE KEY UPDATE written = VALUES(written), unchanged = VALUES(unchanged), parked = VALUES(parked), chunks = VALUES(chunks)`,
			r.ID, r.Attempt, a.Sink, after.Written, after.Unchanged, after.Parked, after.Chunks)
		if err != nil {
			return err
		}
		return sqldb.InChunks(out.Parked, func(list []report.Parked) error {
			tuples, args := sqldb.Values(list, func(p report.Parked) []any {
				return []any{r.ID, r.Attempt, a.Sink, p.Row, sqldb.Cut(p.Key, 255), sqldb.Cut(p.Reason, 512)}
			})
			_, err := tx.ExecContext(ctx, "INSERT IGNORE INTO report_parked (report_id, attempt, sink, row_no, row_key, reason) VALUES "+tuples, args...)
			return err
		})
	})
	return after, err
}

// SinkFinished notes that a destination has the whole payload and nothing older.
func (s *Payloads) SinkFinished(ctx context.Context, r report.Report, a report.Account, lease time.Duration) error {
	return s.db.InTx(ctx, "end a report at a destination", func(tx *sql.Tx) error {
		if err := renew(ctx, tx, r, lease); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO report_account (report_id, attempt, sink, finished) VALUES (?, ?, ?, 1)
			ON DUPLICATE KEY UPDATE finished = 1`, r.ID, r.Attempt, a.Sink)
		return err
	})
}

// ParkedRow is a row that a destination does not have.
type ParkedRow struct {
	Sink   string `json:"sink"`
	Row    int64  `json:"row"`
	Key    string `json:"key"`
	Reason string `json:"reason"`
}

// Parked returns the parked rows of a report's newest attempt, at most so many.
func (s *Payloads) Parked(ctx context.Context, r report.Report, limit int) ([]ParkedRow, error) {
	list, err := sqldb.Collect(ctx, s.db, func(row sqldb.Row) (p ParkedRow, err error) {
		err = row.Scan(&p.Sink, &p.Row, &p.Key, &p.Reason)
		return p, err
	}, "SELECT sink, row_no, row_key, reason FROM report_parked WHERE report_id = ? AND attempt = ? ORDER BY sink, row_no LIMIT ?", r.ID, r.Attempt, limit)
	return list, sqldb.Outage(err, "read the parked rows of a report")
}
