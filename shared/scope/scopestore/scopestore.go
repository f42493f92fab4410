// Package scopestore holds the SQL on scopes, their members and the statuses of what
// their members sync: sync_scope, sync_scope_member and sync_status. A status follows
// a run of the sync, whose state it reads from sync_run and
// order_return_algolia_sync.
package scopestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// scopeColumns and scanScope belong together. The last two are whether the deadline is
// over, and the idempotency key of the last start.
const scopeColumns = `id, title, state, not_started, syncing, failed, synced, run_number, reason, details,
	last_started_at, last_failed_at, last_synced_at, changed_at, COALESCE(deadline_at <= NOW(6), 0), COALESCE(occurrence_key, '')`

// storedScope is a scope with the columns that only the store reads.
type storedScope struct {
	scope.Scope
	text       string // the details as they are stored
	overdue    bool
	occurrence string
}

// scanScope reads a row of scopeColumns.
func scanScope(row sqldb.Row) (storedScope, error) {
	var s storedScope
	err := row.Scan(&s.ID, &s.Title, &s.State, &s.Counts.NotStarted, &s.Counts.Syncing, &s.Counts.Failed, &s.Counts.Synced, &s.Run, &s.Reason,
		&s.text, &s.LastStartedAt, &s.LastFailedAt, &s.LastSyncedAt, &s.ChangedAt, &s.overdue, &s.occurrence)
	if err == nil {
		err = json.Unmarshal([]byte(s.text), &s.Details)
	}
	return s, err
}

// errNoScope is the error of a scope that was never started, or was deleted.
func errNoScope(id string) error {
	return fault.New(fault.NotFound, "no-scope", "there is no sync scope %s: it was never started, or was deleted", id)
}

// Store is the tables of scopes. It is safe for concurrent use.
type Store struct{ db *sqldb.DB }

// New returns the store over a pool.
func New(db *sqldb.DB) *Store { return &Store{db} }

// Scope returns a scope; an unknown one is fault.NotFound.
func (s *Store) Scope(ctx context.Context, id string) (scope.Scope, error) {
	found, err := scanScope(s.db.QueryRowContext(ctx, "SELECT "+scopeColumns+" FROM sync_scope WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return scope.Scope{}, errNoScope(id)
	}
	return found.Scope, sqldb.Outage(err, "read the sync scope")
}

// Scopes returns at most limit scopes in the order of their ids.
func (s *Store) Scopes(ctx context.Context, limit int) ([]scope.Scope, error) {
	var list []scope.Scope
	err := sqldb.Each(ctx, s.db, func(row sqldb.Row) error {
		one, err := scanScope(row)
		list = append(list, one.Scope)
		return err
	}, "SELECT "+scopeColumns+" FROM sync_scope ORDER BY id LIMIT ?", limit)
	return list, sqldb.Outage(err, "read the sync scopes")
}

// DeleteScope removes a scope. The syncs of its members go on and count nowhere.
func (s *Store) DeleteScope(ctx context.Context, id string) error {
	return s.db.InTx(ctx, "delete the sync scope", func(tx *sql.Tx) error {
		if err := sqldb.ExactlyOne(ctx, tx, errNoScope(id), "DELETE FROM sync_scope WHERE id = ?", id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM sync_scope_member WHERE scope_id = ?", id)
		return err
	})
}

// ScopeStart is a request to start a scope.
type ScopeStart struct {
	ID    string
	Title string // empty keeps the one it has
	// Plans are the members; nil means those of the last start.
	Plans   []scope.Plan
	Restart bool // even if it is syncing
	// Occurrence is the idempotency key of a start by a schedule: a second start with
	// the same does nothing. Empty for a person's.
	Occurrence string
	Timeout    time.Duration // 0 for none
	Lease      time.Duration // see NewOperation
	Token      func() string // makes operations' tokens
}

// ScopeAnswer is what a start did.
type ScopeAnswer int

// The answers.
const (
	ScopeStarted   ScopeAnswer = iota
	ScopeSyncing               // it was syncing already, and nothing was changed
	ScopeDuplicate             // this occurrence has started it already
)

// StartScope starts or restarts a scope, in one transaction: of many that try at
// once one succeeds. Every member has then not started, except those with
// entities, whose operations it begins and returns.
func (s *Store) StartScope(ctx context.Context, w ScopeStart) (answer ScopeAnswer, begun []NewOperation, err error) {
	err = s.db.InTx(ctx, "start the sync scope", func(tx *sql.Tx) error {
		begun = nil
		now, err := makeScope(ctx, tx, w.ID)
		if err != nil {
			return err
		}
		switch {
		case w.Occurrence != "" && w.Occurrence == now.occurrence:
			answer = ScopeDuplicate
			return nil
		case now.State == scope.Syncing && !w.Restart:
			answer = ScopeSyncing
			return nil
		}
		answer = ScopeStarted
		if w.Plans == nil {
			if w.Plans, err = readPlans(ctx, tx, w.ID); err != nil {
				return err
			}
		}
		if len(w.Plans) == 0 {
			return fault.New(fault.Invalid, "no-members", "the sync scope %s has no members yet: list them at its first start", w.ID).WithParam("options.instanceIds")
		}
		begun, err = restartScope(ctx, tx, now, w)
		return err
	})
	return answer, begun, err
}

// makeScope locks a scope's row and inserts it if it is not there; the caller
// fills it in the same transaction or gives up both.
func makeScope(ctx context.Context, tx *sql.Tx, id string) (storedScope, error) {
	s, err := lockScope(ctx, tx, id)
	if err != nil || s.ID != "" {
		return s, err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO sync_scope (id, state, details, changed_at) VALUES (?, '', '{}', NOW(6)) ON DUPLICATE KEY UPDATE id = id", id)
	if err != nil {
		return s, err
	}
	return lockScope(ctx, tx, id)
}

// lockScope reads a scope and locks its row; without one the answer is empty.
func lockScope(ctx context.Context, tx *sql.Tx, id string) (storedScope, error) {
	s, err := scanScope(tx.QueryRowContext(ctx, "SELECT "+scopeColumns+" FROM sync_scope WHERE id = ? FOR UPDATE", id))
	if errors.Is(err, sql.ErrNoRows) {
		return storedScope{}, nil
	}
	return s, err
}

// restartScope resets a scope and begins its members' operations.
func restartScope(ctx context.Context, tx *sql.Tx, s storedScope, w ScopeStart) ([]NewOperation, error) {
	err := sqldb.ExactlyOne(ctx, tx, errNoScope(w.ID), `UPDATE sync_scope SET state = ?, title = COALESCE(NULLIF(?, ''), title), run_number = run_number + 1, reason = '',
		last_started_at = NOW(6), occurrence_key = NULLIF(?, ''), deadline_at = NOW(6) + INTERVAL NULLIF(?, 0) MICROSECOND, changed_at = NOW(6)
		WHERE id = ?`, scope.Syncing, w.Title, w.Occurrence, sqldb.Micros(w.Timeout), w.ID)
	if err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM sync_scope_member WHERE scope_id = ?", w.ID); err != nil {
		return nil, err
	}
	var begun []NewOperation
	for i, p := range w.Plans {
		o := NewOperation{Instance: p.ID, Targets: p.Targets, Lease: w.Lease}
		if len(p.Targets) > 0 {
			o.Token = w.Token()
			if err := insertStatuses(ctx, tx, o); err != nil {
				return nil, err
			}
			begun = append(begun, o)
		}
		if err := insertMember(ctx, tx, w.ID, i, o); err != nil {
			return nil, err
		}
	}
	s.State, s.overdue, s.text = scope.Syncing, false, "" // so that new details are written in any case
	return begun, judgeScope(ctx, tx, s)
}

// insertMember writes a member; its targets are kept for the next start.
func insertMember(ctx context.Context, tx *sql.Tx, id string, position int, o NewOperation) error {
	targets, err := json.Marshal(append([]scope.Target{}, o.Targets...))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO sync_scope_member (scope_id, instance_id, position, targets, operation) VALUES (?, ?, ?, ?, NULLIF(?, ''))",
		id, o.Instance, position, string(targets), o.Token)
	return err
}

// RefreshScopes judges every open scope anew and returns those that it closed.
func (s *Store) RefreshScopes(ctx context.Context) ([]scope.Scope, error) {
	ids, err := sqldb.Collect(ctx, s.db, sqldb.Column[string], "SELECT id FROM sync_scope WHERE state = ? ORDER BY id", scope.Syncing)
	if err != nil {
		return nil, sqldb.Outage(err, "read the open sync scopes")
	}
	var closed []scope.Scope
	for _, id := range ids {
		var after scope.Scope
		err := s.db.InTx(ctx, "refresh the sync scope", func(tx *sql.Tx) error {
			after = scope.Scope{}
			now, err := lockScope(ctx, tx, id)
			if err != nil || now.State != scope.Syncing {
				return err
			}
			if err = judgeScope(ctx, tx, now); err == nil {
				now, err = lockScope(ctx, tx, id)
				after = now.Scope
			}
			return err
		})
		if err != nil {
			return closed, err
		}
		if after.ID != "" && after.State != scope.Syncing {
			closed = append(closed, after)
		}
	}
	return closed, nil
}
