package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
)

// Indices is what indices answered last, and what they should hold by the ledger.
type Indices struct{ sql *sqldb.DB }

// Basis is a count of an entity's ledger, and what its runs had sent by then.
type Basis struct {
	Records int64 `json:"records"` // that the index should have
	Parked  int64 `json:"parked"`  // of which the index may have an older state
	Roots   int64 `json:"roots"`
	Saved   int64 `json:"saved"`
	Deleted int64 `json:"deleted"`
}

// KeptIndex returns what the index of an entity answered last, nil if it was never
// asked, and the count that the answer was compared with.
func (db *Indices) KeptIndex(ctx context.Context, entity string) (*judge.Index, *Basis, error) {
	x, b, err := keptIndex(ctx, db.sql, entity)
	return x, b, sqldb.Outage(err, "read what the index answered")
}

// keptIndex does KeptIndex's work.
func keptIndex(ctx context.Context, q sqldb.Querier, entity string) (*judge.Index, *Basis, error) {
	var answer, basis []byte
	err := q.QueryRowContext(ctx, "SELECT answer, basis FROM sync_index WHERE entity = ?", entity).Scan(&answer, &basis)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	var x judge.Index
	var b Basis
	return &x, &b, errors.Join(json.Unmarshal(answer, &x), json.Unmarshal(basis, &b))
}

// KeepIndex keeps what the index of an entity answered. An older answer does not
// replace a newer one.
func (db *Indices) KeepIndex(ctx context.Context, entity string, x judge.Index, b Basis) error {
	answer, err := json.Marshal(x)
	if err != nil {
		return err
	}
	basis, err := json.Marshal(b)
	if err != nil {
		return err
	}
	_, err = db.sql.ExecContext(ctx, `INSERT INTO sync_index (entity, checked_at, answer, basis) VALUES (?, ?, ?, ?)
		ON DUPLICATE KEY UPDATE answer = IF(VALUES(checked_at) >= checked_at, VALUES(answer), answer),
		basis = IF(VALUES(checked_at) >= checked_at, VALUES(basis), basis), checked_at = GREATEST(checked_at, VALUES(checked_at))`,
		entity, x.At, answer, basis)
	return sqldb.Outage(err, "keep what the index answered")
}

// Expected is how many records the ledger allows the index to have at one moment.
type Expected struct {
	Basis
	Least, Most int64
}

// recountAt is the change since the last count, in percent of the records, from
// which the ledger is counted again: counting reads the whole ledger.
const recountAt = 1

// Expect says how many records an entity's index should have. What is on its way
// to the index widens the bounds: the records that open runs have sent or are
// about to send, those of runs that failed within a minute (a synced run has
// waited for the index), and the unconfirmed ones. basis is a count made before,
// nil for none.
func (db *Indices) Expect(ctx context.Context, entity string, basis *Basis) (e Expected, err error) {
	err = db.sql.Snapshot(ctx, "count what the index should hold", func(tx *sql.Tx) (err error) {
		e, err = expect(ctx, tx, entity, basis)
		return err
	})
	return e, err
}

// expect does Expect's work within its transaction.
func expect(ctx context.Context, tx *sql.Tx, entity string, basis *Basis) (e Expected, err error) {
	var saved, deleted, moving int64
	err = tx.QueryRowContext(ctx, `SELECT COALESCE(SUM(saved), 0), COALESCE(SUM(deleted), 0),
		COALESCE(SUM(CASE WHEN closed_at IS NULL OR state <> 'synced' AND closed_at > NOW(6) - INTERVAL 1 MINUTE THEN saved + deleted END), 0)
		FROM sync_run WHERE entity = ?`, entity).Scan(&saved, &deleted, &moving)
	if err != nil {
		return e, err
	}
	if basis == nil || saved < basis.Saved || deleted < basis.Deleted || 100*(saved-basis.Saved+deleted-basis.Deleted) > recountAt*basis.Records {
		basis = &Basis{Saved: saved, Deleted: deleted}
		if err := countLedger(ctx, tx, entity, basis); err != nil {
			return e, err
		}
	}
	open, err := unconfirmed(ctx, tx, entity, *basis)
	moving += open
	e.Basis = *basis
	e.Least = max(basis.Records-(deleted-basis.Deleted)-moving, 0)
	e.Most = basis.Records + basis.Parked + (saved - basis.Saved) + moving
	return e, err
}

// countLedger counts the records of the ledger.
func countLedger(ctx context.Context, tx *sql.Tx, entity string, into *Basis) error {
	var packed sql.RawBytes
	return sqldb.Each(ctx, tx, func(row sqldb.Row) error {
		if err := row.Scan(&packed); err != nil {
			return err
		}
		entries, err := ledger.Unpack(packed)
		if err != nil {
			return nil // verify names rows that cannot be read
		}
		into.Roots++
		for _, one := range entries {
			if one.Parked {
				into.Parked++
			} else {
				into.Records++
			}
		}
		return nil
	}, "SELECT records FROM sync_ledger WHERE entity = ?", entity)
}

// unconfirmed counts the records that may or may not have reached the index: those
// in the journals of pages that have not ended, and those of unconfirmed roots. A
// root that is unconfirmed as a whole and names no record counts as many as an
// average root has.
func unconfirmed(ctx context.Context, tx *sql.Tx, entity string, b Basis) (int64, error) {
	average := int64(1)
	if b.Roots > 0 {
		average += b.Records / b.Roots
	}
	var sum int64
	for _, query := range []string{
		`SELECT p.journal FROM sync_page p JOIN sync_run r ON r.id = p.run_id
			WHERE r.entity = ? AND r.closed_at IS NULL AND p.state IN (0, 1, 3) AND p.journal IS NOT NULL`,
		"SELECT ids FROM sync_recheck WHERE entity = ?",
	} {
		n, err := journalled(ctx, tx, query, entity, average)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// journalled counts the records of the journals that a query returns.
func journalled(ctx context.Context, tx *sql.Tx, query, entity string, average int64) (int64, error) {
	var sum int64
	list, err := sqldb.Collect(ctx, tx, sqldb.Column[[]byte], query, entity)
	for _, packed := range list {
		j, err := ledger.UnpackJournal(packed)
		if err != nil {
			return 0, fmt.Errorf("a journal of %s: %w", entity, err)
		}
		if len(j) == 0 {
			sum += average
		}
		for _, ids := range j {
			sum += max(int64(len(ids)), 1)
		}
	}
	return sum, err
}
