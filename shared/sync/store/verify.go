package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// Comparisons is how the comparisons of ledger and index with the source stand, and
// what of the sync's own tables they compare.
type Comparisons struct{ sql *sqldb.DB }

// Verify is how the comparison that runs by itself stands for one entity.
type Verify struct {
	Entity          string     `json:"entity"`
	After           uint64     `json:"after,string"` // the root after which the round goes on
	RoundStartedAt  *time.Time `json:"roundStartedAt,omitempty"`
	RoundFinishedAt *time.Time `json:"roundFinishedAt,omitempty"` // of the last whole round
	RoundRoots      int64      `json:"roundRoots"`                // compared in this round so far
	LastRoots       int64      `json:"lastRoots"`                 // compared in the last whole round
	Checked         int64      `json:"checked"`                   // records compared, ever
	LastError       string     `json:"lastError,omitempty"`
	UpdatedAt       *time.Time `json:"updatedAt,omitempty"` // nil before the first share

	Drift    int64   `json:"drift"` // records that differ, as last seen
	Examples []Drift `json:"examples,omitempty"`
}

// Drift is a record in which ledger or index were found to differ from the
// source.
type Drift struct {
	Root     uint64    `json:"root,string"`
	Place    string    `json:"place"`
	ObjectID string    `json:"objectID"`
	Kind     string    `json:"kind"`
	Account  string    `json:"account,omitempty"`
	Records  int64     `json:"records"` // above 1: so many more, not listed
	SeenAt   time.Time `json:"seenAt"`
}

// The bounds of what is kept of drift.
const (
	driftRows     = 1000 // rows a share may leave
	driftExamples = 5    // shown
)

// Share is what one comparison of a range of roots came to.
type Share struct {
	Range   source.Range
	Places  []string // that were compared
	Roots   int64
	Records int64
	Last    bool // the range ends the round
	Drift   []Drift
	More    int64 // drift beyond the list
}

// verifyColumns and scanVerify belong together.
const verifyColumns = `entity, after_root, round_started_at, round_finished_at, round_roots, last_roots, checked, COALESCE(last_error, ''), updated_at`

// scanVerify reads a row of verifyColumns.
func scanVerify(row *sql.Row) (Verify, error) {
	var v Verify
	err := row.Scan(&v.Entity, &v.After, &v.RoundStartedAt, &v.RoundFinishedAt, &v.RoundRoots, &v.LastRoots, &v.Checked, &v.LastError, &v.UpdatedAt)
	return v, err
}

// VerifyState returns how the comparison of an entity stands, with the drift that
// is open and a few examples. Before the first share it is empty.
func (db *Comparisons) VerifyState(ctx context.Context, entity string) (Verify, error) {
	v, err := scanVerify(db.sql.QueryRowContext(ctx, "SELECT "+verifyColumns+" FROM sync_verify WHERE entity = ?", entity))
	if errors.Is(err, sql.ErrNoRows) {
		return Verify{Entity: entity}, nil
	}
	if err == nil {
		err = db.sql.QueryRowContext(ctx, "SELECT COALESCE(SUM(records), 0) FROM sync_drift WHERE entity = ?", entity).Scan(&v.Drift)
	}
	if err == nil && v.Drift > 0 {
		v.Examples, err = db.DriftOpen(ctx, entity, driftExamples)
	}
	return v, sqldb.Outage(err, "read the state of the comparison")
}

// DriftOpen returns the drift of an entity that is open, by root, at most limit
// rows.
func (db *Comparisons) DriftOpen(ctx context.Context, entity string, limit int) ([]Drift, error) {
	list, err := sqldb.Collect(ctx, db.sql, func(row sqldb.Row) (d Drift, err error) {
		err = row.Scan(&d.Root, &d.Place, &d.ObjectID, &d.Kind, &d.Account, &d.Records, &d.SeenAt)
		return d, err
	}, `SELECT root_id, place, object_id, kind, account, records, seen_at
		FROM sync_drift WHERE entity = ? ORDER BY root_id, place, object_id LIMIT ?`, entity, limit)
	return list, sqldb.Outage(err, "read the drift")
}

// BeginShare makes sure that an entity has its row and a round under way.
func (db *Comparisons) BeginShare(ctx context.Context, entity string) (Verify, error) {
	_, err := db.sql.ExecContext(ctx, `INSERT INTO sync_verify (entity, round_started_at, updated_at) VALUES (?, NOW(6), NOW(6))
		ON DUPLICATE KEY UPDATE round_started_at = COALESCE(round_started_at, NOW(6))`, entity)
	if err != nil {
		return Verify{}, sqldb.Outage(err, "begin a share of the comparison")
	}
	return db.VerifyState(ctx, entity)
}

// EndShare notes what a share came to: the round moves on, and the drift that was
// found replaces what was known of the same roots. False means that another call
// has compared them meanwhile; then nothing is written.
func (db *Comparisons) EndShare(ctx context.Context, entity string, s Share) (ok bool, err error) {
	err = db.sql.InTx(ctx, "end a share of the comparison", func(tx *sql.Tx) error {
		next, moved := s.Range.Upto, "round_roots = round_roots + ?"
		if s.Last {
			next, moved = 0, "last_roots = round_roots + ?, round_roots = 0, round_started_at = NULL, round_finished_at = NOW(6)"
		}
		n, err := sqldb.Affected(ctx, tx, "UPDATE sync_verify SET after_root = ?, checked = checked + ?, last_error = NULL, updated_at = NOW(6), "+moved+
			" WHERE entity = ? AND after_root = ?", next, s.Records, s.Roots, entity, s.Range.After)
		ok = n == 1
		if err != nil || !ok {
			return err
		}
		return replaceDrift(ctx, tx, entity, s)
	})
	return ok, err
}

// NoteCompared notes a comparison that a person asked for: its drift replaces what
// was known of the same roots, and the round that runs by itself stays where it is.
func (db *Comparisons) NoteCompared(ctx context.Context, entity string, s Share) error {
	return db.sql.InTx(ctx, "note a comparison", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO sync_verify (entity, updated_at) VALUES (?, NOW(6))
			ON DUPLICATE KEY UPDATE last_error = NULL, updated_at = NOW(6)`, entity)
		if err != nil {
			return err
		}
		return replaceDrift(ctx, tx, entity, s)
	})
}

// replaceDrift writes a share's drift in the place of what was known before.
func replaceDrift(ctx context.Context, tx *sql.Tx, entity string, s Share) error {
	// A stranger whose root nobody knows stands at root 0, before the first share.
	_, err := tx.ExecContext(ctx, "DELETE FROM sync_drift WHERE entity = ? AND root_id <= ? AND (root_id > ? OR ? = 0) AND place IN ("+sqldb.Marks(len(s.Places))+")",
		sqldb.Args(s.Places, entity, s.Range.Upto, s.Range.After, s.Range.After)...)
	if err != nil {
		return err
	}
	listed := s.Drift[:min(len(s.Drift), driftRows)]
	if more := s.More + int64(len(s.Drift)-len(listed)); more > 0 {
		listed = append(listed[:len(listed):len(listed)], Drift{Root: s.Range.Upto, Place: s.Places[0], Kind: "more", Records: more})
	}
	return sqldb.InChunks(listed, func(chunk []Drift) error {
		values, args := sqldb.Values(chunk, func(d Drift) []any {
			return []any{entity, d.Root, d.Place, sqldb.Cut(d.ObjectID, 255), d.Kind, sqldb.Cut(d.Account, 190), max(d.Records, 1)}
		})
		_, err := tx.ExecContext(ctx, "INSERT INTO sync_drift (entity, root_id, place, object_id, kind, account, records) VALUES "+values+
			" ON DUPLICATE KEY UPDATE kind = VALUES(kind), records = records + VALUES(records), seen_at = NOW(6)", args...)
		return err
	})
}

// FailShare notes why a share could not be compared; the next call tries it again.
func (db *Comparisons) FailShare(ctx context.Context, entity, reason string) error {
	_, err := db.sql.ExecContext(ctx, "UPDATE sync_verify SET last_error = ?, updated_at = NOW(6) WHERE entity = ?", sqldb.Cut(reason, 1024), entity)
	return sqldb.Outage(err, "note why the comparison failed")
}
