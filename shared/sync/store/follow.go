package store

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/follow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
)

// Follow is the tables of who follows the source's log, how far, and of the gaps. It
// implements the interfaces of package follow.
type Follow struct{ sql *sqldb.DB }

// followName is the row of follow_reader: one log is followed.
const followName = "source"

// errNotOwner is a write of an owner that another one has followed.
func errNotOwner() error {
	return fault.New(fault.Superseded, "not-owner", "another process follows the log now; nothing to do")
}

// Take implements follow.Owners.
func (db *Follow) Take(ctx context.Context, token string, hold time.Duration) (follow.Position, bool, error) {
	_, err := db.sql.ExecContext(ctx, "INSERT INTO follow_reader (name) VALUES (?) ON DUPLICATE KEY UPDATE name = name", followName)
	if err != nil {
		return "", false, sqldb.Outage(err, "insert the row of follow_reader")
	}
	ok, err := lease.Take(ctx, db.sql, lease.Grant{Token: token, For: hold},
		"UPDATE follow_reader SET "+lease.Set+", caught_up_at = COALESCE(caught_up_at, NOW(6)), updated_at = NOW(6) WHERE name = ? AND "+lease.Over, followName)
	if err != nil || !ok {
		return "", false, sqldb.Outage(err, "take the lease of following")
	}
	var p follow.Position
	err = db.sql.QueryRowContext(ctx, "SELECT COALESCE(position, '') FROM follow_reader WHERE name = ?", followName).Scan(&p)
	return p, true, sqldb.Outage(err, "read the saved position")
}

// Keep implements follow.Owners.
func (db *Follow) Keep(ctx context.Context, token string, hold time.Duration, p follow.Pulse) error {
	err := sqldb.ExactlyOne(ctx, db.sql, errNotOwner(), `UPDATE follow_reader SET lease_until = NOW(6) + INTERVAL ? MICROSECOND, updated_at = NOW(6),
		changes = changes + ?, problem = ?, caught_up_at = CASE WHEN ? THEN NOW(6) ELSE caught_up_at END
		WHERE name = ? AND token = ? AND lease_until > NOW(6)`,
		sqldb.Micros(hold), p.Changes, sqldb.Cut(p.Problem, 1024), p.CaughtUp, followName, token)
	return sqldb.Outage(err, "renew the lease of following")
}

// Free implements follow.Owners.
func (db *Follow) Free(ctx context.Context, token string) error {
	_, err := db.sql.ExecContext(ctx, "UPDATE follow_reader SET lease_until = NULL, updated_at = NOW(6) WHERE name = ? AND token = ?", followName, token)
	return sqldb.Outage(err, "give the lease of following back")
}

// hintsAtOnce is how many roots are stored in one transaction.
const hintsAtOnce = 2000

// Commit implements follow.Hints. Of a target that no run has begun for, roots need not
// be stored: its first run will list them.
func (db *Follow) Commit(ctx context.Context, token string, h follow.Hint) error {
	type part struct {
		name  string
		roots []uint64
	}
	var parts []part
	for _, name := range slices.Sorted(maps.Keys(h.Roots)) {
		begun := false
		err := db.sql.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sync_run WHERE entity = ?)", name).Scan(&begun)
		if err != nil {
			return sqldb.Outage(err, "look whether a run has begun")
		}
		for roots := range slices.Chunk(h.Roots[name], hintsAtOnce) {
			if begun {
				parts = append(parts, part{name, roots})
			}
		}
	}
	for len(parts) > 1 {
		one := parts[0]
		parts = parts[1:]
		if err := db.commit(ctx, token, func(tx *sql.Tx) error { return hint(ctx, tx, one.name, one.roots) }); err != nil {
			return err
		}
	}
	return db.commit(ctx, token, func(tx *sql.Tx) error {
		for _, last := range parts {
			if err := hint(ctx, tx, last.name, last.roots); err != nil {
				return err
			}
		}
		for _, name := range slices.Sorted(maps.Keys(h.Gaps)) {
			if err := addGap(ctx, tx, name, h.Gaps[name]); err != nil {
				return err
			}
		}
		if h.Position == "" {
			return nil
		}
		_, err := tx.ExecContext(ctx, "UPDATE follow_reader SET position = ?, position_at = NOW(6) WHERE name = ?", string(h.Position), followName)
		return err
	})
}

// commit runs fn in a transaction of the owner alone.
func (db *Follow) commit(ctx context.Context, token string, fn func(*sql.Tx) error) error {
	return db.sql.InTx(ctx, "store what the log says", func(tx *sql.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return owned(ctx, tx, token) // at the end, so that renewals wait briefly
	})
}

// owned locks the row of the owner, if that is the one with the token and its lease is not over.
func owned(ctx context.Context, tx *sql.Tx, token string) error {
	var name string
	err := tx.QueryRowContext(ctx, "SELECT name FROM follow_reader WHERE name = ? AND token = ? AND lease_until > NOW(6) FOR UPDATE", followName, token).Scan(&name)
	if errors.Is(err, sql.ErrNoRows) {
		return errNotOwner()
	}
	return err
}

// hint marks roots as unconfirmed: none of their records is known to be wrong, so only
// those that differ from the ledger are sent. The stamp is new in any case.
func hint(ctx context.Context, tx *sql.Tx, name string, roots []uint64) error {
	stamp, none := lease.NewToken(), ledger.Journal{}.Pack()
	return sqldb.InChunks(roots, func(chunk []uint64) error {
		values, args := sqldb.Values(chunk, func(root uint64) []any { return []any{name, root, stamp, none, false} })
		_, err := tx.ExecContext(ctx, "INSERT INTO sync_recheck (entity, root_id, stamp, ids, whole) VALUES "+values+
			" ON DUPLICATE KEY UPDATE stamp = VALUES(stamp)", args...)
		return err
	})
}

// addGap notes a gap of a target.
func addGap(ctx context.Context, tx *sql.Tx, name, reason string) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO follow_gap (entity, reason) VALUES (?, ?) ON DUPLICATE KEY UPDATE seen = seen + 1", name, sqldb.Cut(reason, 512))
	return err
}

// Gaps implements follow.Gaps.
func (db *Follow) Gaps(ctx context.Context) ([]follow.Gap, error) {
	list, err := sqldb.Collect(ctx, db.sql, func(row sqldb.Row) (g follow.Gap, err error) {
		err = row.Scan(&g.Entity, &g.Reason, &g.Seen, &g.Found, &g.FirstAt, &g.Error)
		return g, err
	}, "SELECT entity, reason, seen, found, first_at, last_error FROM follow_gap ORDER BY first_at, entity")
	return list, sqldb.Outage(err, "read the gaps")
}

// Compared implements follow.Gaps.
func (db *Follow) Compared(ctx context.Context, token string, g follow.Gap) error {
	return db.commit(ctx, token, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE follow_gap SET found = ?, last_error = ? WHERE entity = ?", g.Found, sqldb.Cut(g.Error, 1024), g.Entity)
		return err
	})
}

// Filled implements follow.Gaps.
func (db *Follow) Filled(ctx context.Context, token string, g follow.Gap) (ok bool, err error) {
	err = db.commit(ctx, token, func(tx *sql.Tx) error {
		n, err := sqldb.Affected(ctx, tx, "DELETE FROM follow_gap WHERE entity = ? AND seen = ?", g.Entity, g.Seen)
		ok = n == 1
		return err
	})
	return ok, err
}

// Following is how following stands.
type Following struct {
	Held       bool
	Position   string
	PositionAt *time.Time
	CaughtUpAt *time.Time
	Changes    int64
	Problem    string
	UpdatedAt  time.Time
	Now        time.Time
	Gaps       []follow.Gap
}

// State returns how following stands, nil before the first owner.
func (db *Follow) State(ctx context.Context) (*Following, error) {
	var f Following
	err := db.sql.QueryRowContext(ctx, `SELECT COALESCE(lease_until > NOW(6), FALSE), COALESCE(position, ''), position_at, caught_up_at, changes, problem, updated_at, NOW(6)
		FROM follow_reader WHERE name = ?`, followName).
		Scan(&f.Held, &f.Position, &f.PositionAt, &f.CaughtUpAt, &f.Changes, &f.Problem, &f.UpdatedAt, &f.Now)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err == nil {
		f.Gaps, err = db.Gaps(ctx)
	}
	return &f, sqldb.Outage(err, "read how following stands")
}

// NewFollow returns the tables over a pool, for programs that open no other of ours.
func NewFollow(pool *sqldb.DB) *Follow { return &Follow{sql: pool} }
