package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
)

// scopeColumns and scanScope belong together. The last two are not the scope's
// own: whether its deadline is over, and the occurrence of its last start.
const scopeColumns = `id, title, state, not_started, syncing, failed, synced, run_number, reason, details,
	last_started_at, last_failed_at, last_synced_at, changed_at, COALESCE(deadline_at <= NOW(6), 0), COALESCE(occurrence_key, '')`

// storedScope is a scope with what only the store looks at.
type storedScope struct {
	scope.Scope
	text       string // the details as they are stored
	overdue    bool
	occurrence string
}

// scanScope reads a row of scopeColumns.
func scanScope(row interface{ Scan(...any) error }) (storedScope, error) {
	var s storedScope
	err := row.Scan(&s.ID, &s.Title, &s.State, &s.Counts.NotStarted, &s.Counts.Syncing, &s.Counts.Failed, &s.Counts.Synced, &s.Run, &s.Reason,
		&s.text, &s.LastStartedAt, &s.LastFailedAt, &s.LastSyncedAt, &s.ChangedAt, &s.overdue, &s.occurrence)
	if err == nil {
		err = json.Unmarshal([]byte(s.text), &s.Details)
	}
	return s, err
}

// errNoScope is a scope that was never started, or was deleted.
func errNoScope(id string) error {
	return fault.New(fault.NotFound, "no-scope", "there is no sync scope %s: it was never started, or was deleted", id)
}

// Scope returns a scope; one that is not there is fault.NotFound.
func (db *DB) Scope(ctx context.Context, id string) (scope.Scope, error) {
	s, err := scanScope(db.sql.QueryRowContext(ctx, "SELECT "+scopeColumns+" FROM sync_scope WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return scope.Scope{}, errNoScope(id)
	}
	return s.Scope, outage(err, "read the sync scope")
}

// Scopes returns at most limit scopes in the order of their ids.
func (db *DB) Scopes(ctx context.Context, limit int) ([]scope.Scope, error) {
	rows, err := db.sql.QueryContext(ctx, "SELECT "+scopeColumns+" FROM sync_scope ORDER BY id LIMIT ?", limit)
	if err != nil {
		return nil, outage(err, "read the sync scopes")
	}
	defer func() { _ = rows.Close() }()
	var list []scope.Scope
	for rows.Next() {
		s, err := scanScope(rows)
		if err != nil {
			return nil, outage(err, "read the sync scopes")
		}
		list = append(list, s.Scope)
	}
	return list, outage(rows.Err(), "read the sync scopes")
}

// DeleteScope removes a scope. The syncs of its members go on and count nowhere.
func (db *DB) DeleteScope(ctx context.Context, id string) error {
	return db.inTx(ctx, "delete the sync scope", func(tx *sql.Tx) error {
		n, err := touched(ctx, tx, "DELETE FROM sync_scope WHERE id = ?", id)
		if err != nil || n != 1 {
			return either(err, unless(n == 1, errNoScope(id)))
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM sync_scope_member WHERE scope_id = ?", id)
		return err
	})
}

// ScopeStart is a wish to start a scope.
type ScopeStart struct {
	ID    string
	Title string // empty keeps the one it has
	// Plans are the members; nil means those of the last start.
	Plans   []scope.Plan
	Restart bool // even if it is syncing
	// Occurrence tells two starts by a schedule apart: a second one with the same
	// does nothing. Empty for a person's.
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
func (db *DB) StartScope(ctx context.Context, w ScopeStart) (answer ScopeAnswer, begun []NewOperation, err error) {
	err = db.inTx(ctx, "start the sync scope", func(tx *sql.Tx) error {
		begun = nil
		s, err := makeScope(ctx, tx, w.ID)
		if err != nil {
			return err
		}
		switch {
		case w.Occurrence != "" && w.Occurrence == s.occurrence:
			answer = ScopeDuplicate
			return nil
		case s.State == scope.Syncing && !w.Restart:
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
		begun, err = restartScope(ctx, tx, s, w)
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

// restartScope gives a scope a clean slate and begins its members' operations.
func restartScope(ctx context.Context, tx *sql.Tx, s storedScope, w ScopeStart) ([]NewOperation, error) {
	n, err := touched(ctx, tx, `UPDATE sync_scope SET state = ?, title = COALESCE(NULLIF(?, ''), title), run_number = run_number + 1, reason = '',
		last_started_at = NOW(6), occurrence_key = NULLIF(?, ''), deadline_at = NOW(6) + INTERVAL NULLIF(?, 0) MICROSECOND, changed_at = NOW(6)
		WHERE id = ?`, scope.Syncing, w.Title, w.Occurrence, micros(w.Timeout), w.ID)
	if err != nil || n != 1 {
		return nil, either(err, unless(n == 1, errNoScope(w.ID)))
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
	s.State, s.overdue, s.text = scope.Syncing, false, "" // whatever the details were, they are written
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
func (db *DB) RefreshScopes(ctx context.Context) ([]scope.Scope, error) {
	ids, err := texts(ctx, db.sql, "SELECT id FROM sync_scope WHERE state = ? ORDER BY id", scope.Syncing)
	if err != nil {
		return nil, outage(err, "read the open sync scopes")
	}
	var closed []scope.Scope
	for _, id := range ids {
		var after scope.Scope
		err := db.inTx(ctx, "refresh the sync scope", func(tx *sql.Tx) error {
			after = scope.Scope{}
			s, err := lockScope(ctx, tx, id)
			if err != nil || s.State != scope.Syncing {
				return err
			}
			if err = judgeScope(ctx, tx, s); err == nil {
				s, err = lockScope(ctx, tx, id)
				after = s.Scope
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
