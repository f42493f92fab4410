package scopestore

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// statusColumns, statusTables and scanStatus belong together.
const (
	statusColumns = `s.id, s.operation, s.instance_id, s.provider, s.entity, s.function_id, s.state, s.interrupted,
	COALESCE(s.error, ''), s.started_at, s.changed_at, COALESCE(r.id, 0), COALESCE(r.pages_done, 0), COALESCE(r.pages_total, 0)`
	statusTables = " FROM sync_status s LEFT JOIN sync_run r ON r.claim_token = s.claim_token "
)

// scanStatus reads a row of statusColumns.
func scanStatus(row sqldb.Row) (scope.Status, error) {
	var s scope.Status
	err := row.Scan(&s.ID, &s.Operation, &s.Instance, &s.Provider, &s.Entity, &s.FunctionID, &s.State, &s.Interrupted,
		&s.Error, &s.StartedAt, &s.ChangedAt, &s.RunID, &s.PagesDone, &s.PagesTotal)
	return s, err
}

// readStatuses reads the statuses that a condition and an order choose.
func readStatuses(ctx context.Context, q sqldb.Querier, where string, args ...any) ([]scope.Status, error) {
	return sqldb.Collect(ctx, q, scanStatus, "SELECT "+statusColumns+statusTables+where, args...)
}

// StatusFilter chooses statuses; empty members choose all.
type StatusFilter struct {
	ID        string
	Entity    string
	State     scope.State
	Instance  string
	Operation string
	Limit     int
}

// Statuses returns the newest statuses, newest first.
func (s *Store) Statuses(ctx context.Context, f StatusFilter) ([]scope.Status, error) {
	where, args := "WHERE s.deleted_at IS NULL", []any{}
	for _, c := range []struct{ column, value string }{
		{"s.id", f.ID}, {"s.entity", f.Entity}, {"s.state", string(f.State)}, {"s.instance_id", f.Instance}, {"s.operation", f.Operation},
	} {
		if c.value != "" {
			where += " AND " + c.column + " = ?"
			args = append(args, c.value)
		}
	}
	list, err := readStatuses(ctx, s.db, where+" ORDER BY s.id DESC LIMIT ?", append(args, f.Limit)...)
	return list, sqldb.Outage(err, "read the sync statuses")
}

// DeleteStatus removes a status from sight; one that is not there is
// fault.NotFound. The row itself goes when no open scope counts it any more, so
// that removing a failure does not turn it into a success.
func (s *Store) DeleteStatus(ctx context.Context, id int64) error {
	return s.db.InTx(ctx, "delete the sync status", func(tx *sql.Tx) error {
		none := fault.New(fault.NotFound, "no-status", "there is no sync status %d", id)
		return sqldb.ExactlyOne(ctx, tx, none, "UPDATE sync_status SET deleted_at = NOW(6) WHERE id = ? AND deleted_at IS NULL", id)
	})
}

// NewOperation is a call that syncs entities, of a member or of nobody.
type NewOperation struct {
	Token    string // fresh
	Instance string
	Targets  []scope.Target
	// Lease is how long its starter has to bind its statuses to claims.
	Lease time.Duration
}

// insertStatuses writes an operation's statuses.
func insertStatuses(ctx context.Context, tx *sql.Tx, o NewOperation) error {
	args := make([]any, 0, 7*len(o.Targets))
	for _, t := range o.Targets {
		args = append(args, o.Token, o.Instance, t.Provider, t.Entity, t.FunctionID, scope.Syncing, sqldb.Micros(o.Lease))
	}
	one := ",(?,?,?,?,?,?,NOW(6) + INTERVAL ? MICROSECOND,NOW(6),NOW(6))"
	_, err := tx.ExecContext(ctx, `INSERT INTO sync_status (operation, instance_id, provider, entity, function_id, state, lease_until, started_at, changed_at)
		VALUES `+strings.Repeat(one, len(o.Targets))[1:], args...)
	return err
}

// Operate writes an operation's statuses and makes it the one that its member
// follows, in every scope that is open. A closed scope does not notice.
func (s *Store) Operate(ctx context.Context, o NewOperation) error {
	return s.db.InTx(ctx, "begin to sync entities", func(tx *sql.Tx) error {
		if err := insertStatuses(ctx, tx, o); err != nil || o.Instance == "" {
			return err
		}
		ids, err := sqldb.Collect(ctx, tx, sqldb.Column[string], `SELECT m.scope_id FROM sync_scope_member m JOIN sync_scope s ON s.id = m.scope_id
			WHERE m.instance_id = ? AND s.state = ? ORDER BY m.scope_id`, o.Instance, scope.Syncing)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := attach(ctx, tx, id, o); err != nil {
				return err
			}
		}
		return nil
	})
}

// attach makes an operation the one that a scope's member follows, if the scope
// is still open.
func attach(ctx context.Context, tx *sql.Tx, id string, o NewOperation) error {
	s, err := lockScope(ctx, tx, id)
	if err != nil || s.State != scope.Syncing {
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE sync_scope_member SET operation = ? WHERE scope_id = ? AND instance_id = ?", o.Token, id, o.Instance)
	if err != nil {
		return err
	}
	return judgeScope(ctx, tx, s)
}

// Part is the statuses of some operations for one entity.
type Part struct {
	Operations []string
	Entity     string
}

// where returns the part's condition and its arguments.
func (p Part) where() (string, []any) {
	return " WHERE s.entity = ? AND s.state = ? AND s.operation IN " + sqldb.Tuples(1, len(p.Operations)), sqldb.Args(p.Operations, p.Entity, scope.Syncing)
}

// BindStatuses makes statuses follow the run of the claim that stands in a row
// now: the one that was just taken, or, if that has ended since, a later one.
func (s *Store) BindStatuses(ctx context.Context, p Part, claimID int64) error {
	var token sql.NullString
	err := s.db.QueryRowContext(ctx, "SELECT token FROM order_return_algolia_sync WHERE id = ?", claimID).Scan(&token)
	if err != nil {
		return sqldb.Outage(err, "read the claim of a sync status")
	}
	where, args := p.where()
	return s.db.InTx(ctx, "bind sync statuses to their claim", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE sync_status s SET s.claim_id = ?, s.claim_token = ?"+where, append([]any{claimID, token}, args...)...)
		return err
	})
}

// EndStatuses ends statuses that will follow no run: failed, with the reason.
func (s *Store) EndStatuses(ctx context.Context, p Part, e StatusEnd) error {
	where, args := p.where()
	return s.db.InTx(ctx, "end sync statuses", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE sync_status s SET s.state = ?, s.interrupted = ?, s.error = ?, s.changed_at = NOW(6)"+where,
			append([]any{scope.Failed, e.Interrupted, sqldb.Cut(e.Reason, 1024)}, args...)...)
		return err
	})
}

// StatusEnd is why a status failed.
type StatusEnd struct {
	Reason      string
	Interrupted bool // the process that did it ended
}

// atMostSettled bounds how many statuses one call settles.
const atMostSettled = 2000

// SettleStatuses ends the statuses whose runs have ended and those that nobody
// works on any more, and returns how many it ended. It is what recovers from
// crashes, and doing it twice does nothing.
func (s *Store) SettleStatuses(ctx context.Context) (int, error) {
	trails, err := s.trails(ctx)
	if err != nil {
		return 0, sqldb.Outage(err, "follow the sync statuses")
	}
	ended := 0
	for _, t := range trails {
		state, why := t.Verdict()
		if state == scope.Syncing {
			continue
		}
		err := s.db.InTx(ctx, "end a sync status", func(tx *sql.Tx) error { return t.settle(ctx, tx, state, why) })
		if err != nil {
			return ended, err
		}
		ended++
	}
	return ended, nil
}

// settle writes a status's end. Another sweep may have been here first; then
// there is nothing to do.
func (t trail) settle(ctx context.Context, tx *sql.Tx, state scope.State, why string) error {
	stored := state
	if state == scope.Interrupted { // the documented table has no such state
		stored = scope.Failed
	}
	_, err := tx.ExecContext(ctx, `UPDATE sync_status SET state = ?, interrupted = ?, error = NULLIF(?, ''), changed_at = COALESCE(?, NOW(6))
		WHERE id = ? AND state = ?`, stored, state == scope.Interrupted, sqldb.Cut(why, 1024), t.at, t.id, scope.Syncing)
	return err
}

// trail is the trail of a status.
type trail struct {
	scope.Trail
	id int64
	at *time.Time // when the run closed
}

// trails reads the trails of all statuses that are syncing. It is one statement,
// so that a run's end and the release of its claim are seen together.
func (s *Store) trails(ctx context.Context) ([]trail, error) {
	return sqldb.Collect(ctx, s.db, scanTrail, `SELECT s.id, r.id IS NOT NULL, COALESCE(CASE WHEN r.closed_at IS NOT NULL THEN r.state END, ''), r.closed_at, COALESCE(r.last_error, ''),
		s.claim_token IS NOT NULL, s.lease_until > NOW(6),
		COALESCE(c.status <> 0 AND c.token = s.claim_token AND c.lease_until > NOW(6), 0)
		FROM sync_status s LEFT JOIN sync_run r ON r.claim_token = s.claim_token
		LEFT JOIN order_return_algolia_sync c ON c.id = s.claim_id
		WHERE s.state = ? AND INSTR(s.entity, ':') = 0 ORDER BY s.id LIMIT ?`, scope.Syncing, atMostSettled)
}

// Foreign is a status that is syncing and stands for work of another wing.
type Foreign struct {
	ID     int64
	Entity string // the target's kind and name, such as report:sales
	Ref    string // the work, as its wing names it; empty before it has begun
	// Starting says that the process that wrote the status may still be about to start
	// the work.
	Starting bool
}

// ForeignStatuses returns the statuses of other wings that are syncing.
func (s *Store) ForeignStatuses(ctx context.Context) ([]Foreign, error) {
	list, err := sqldb.Collect(ctx, s.db, func(row sqldb.Row) (f Foreign, err error) {
		err = row.Scan(&f.ID, &f.Entity, &f.Ref, &f.Starting)
		return f, err
	}, `SELECT id, entity, COALESCE(claim_token, ''), lease_until > NOW(6) FROM sync_status
		WHERE state = ? AND INSTR(entity, ':') > 0 ORDER BY id LIMIT ?`, scope.Syncing, atMostSettled)
	return list, sqldb.Outage(err, "follow the sync statuses of other wings")
}

// BindForeign notes the work that statuses of another wing follow.
func (s *Store) BindForeign(ctx context.Context, p Part, ref string) error {
	where, args := p.where()
	return s.db.InTx(ctx, "bind sync statuses to their work", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE sync_status s SET s.claim_token = ?"+where, append([]any{ref}, args...)...)
		return err
	})
}

// EndForeign ends a status of another wing: synced, failed or interrupted.
func (s *Store) EndForeign(ctx context.Context, id int64, state scope.State, why string) error {
	return s.db.InTx(ctx, "end a sync status", func(tx *sql.Tx) error { return trail{id: id}.settle(ctx, tx, state, why) })
}

// scanTrail reads a row of trails. A run's final states have the same names here.
func scanTrail(row sqldb.Row) (t trail, err error) {
	err = row.Scan(&t.id, &t.Begun, &t.Ended, &t.at, &t.Reason, &t.Bound, &t.Starting, &t.Held)
	return t, err
}

// atMostPruned bounds how many statuses one call removes.
const atMostPruned = 1000

// PruneStatuses removes statuses that ended so many days ago or were deleted. One
// that an open scope counts stays. They are looked for without locks, because no
// status that has ended becomes a member's again.
func (s *Store) PruneStatuses(ctx context.Context, days int) (int64, error) {
	ids, err := sqldb.Collect(ctx, s.db, sqldb.Column[int64], `SELECT s.id FROM sync_status s
		WHERE (s.deleted_at IS NOT NULL OR s.state <> ? AND s.changed_at < NOW(6) - INTERVAL ? DAY)
		AND NOT EXISTS (SELECT 1 FROM sync_scope_member m JOIN sync_scope p ON p.id = m.scope_id
			WHERE m.operation = s.operation AND p.state = ?)
		ORDER BY s.id LIMIT ?`, scope.Syncing, days, scope.Syncing, atMostPruned)
	if err != nil || len(ids) == 0 {
		return 0, sqldb.Outage(err, "look for old sync statuses")
	}
	var n int64
	err = s.db.InTx(ctx, "remove old sync statuses", func(tx *sql.Tx) (err error) {
		n, err = sqldb.Affected(ctx, tx, "DELETE FROM sync_status WHERE id IN "+sqldb.Tuples(1, len(ids)), sqldb.Args(ids)...)
		return err
	})
	return n, err
}
