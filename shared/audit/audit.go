// Package audit keeps a row for each act of a person, in the table sync_audit.
package audit

import (
	"context"
	"errors"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Entry is a row of sync_audit.
type Entry struct {
	ID     int64     `json:"id"`
	At     time.Time `json:"at"`     // this database's clock
	Who    string    `json:"who"`    // an address, a token's subject, or a user of a machine
	Via    string    `json:"via"`    // ViaConsole, ViaCLI ...
	Action string    `json:"action"` // such as edit-schedule
	Object string    `json:"object"` // what was changed
	Old    string    `json:"old"`    // its value before, in words; empty for none
	New    string    `json:"new"`    // the value that was asked for
	// Outcome is Done, why nothing was done, or empty for an act that broke off.
	Outcome string `json:"outcome"`
}

// The ways by which people act.
const (
	ViaConsole   = "console"
	ViaCLI       = "cli"
	ViaScopes    = "scopes"    // the scopes function's routes
	ViaWindow    = "window"    // a historic sync, posted to the window function
	ViaCron      = "cron"      // a tick by hand
	ViaSchedules = "schedules" // a schedule's start by hand
)

// Done is the outcome of an act that succeeded.
const Done = "done"

// auditColumns and scanAudit belong together.
const auditColumns = "id, at, who, via, action, object, old_value, new_value, outcome"

// scanAudit reads a row of auditColumns.
func scanAudit(rows sqldb.Row) (Entry, error) {
	var a Entry
	err := rows.Scan(&a.ID, &a.At, &a.Who, &a.Via, &a.Action, &a.Object, &a.Old, &a.New, &a.Outcome)
	return a, err
}

// The most bytes of a value that are kept.
const maxAudit = 4096

// Store is the audit's table. It is safe for concurrent use.
type Store struct{ db *sqldb.DB }

// New returns the store over a pool.
func New(db *sqldb.DB) *Store { return &Store{db} }

// Audited does something for a person and keeps a row of it. The row is written
// first: an act that cannot be recorded is not done. do may complete the entry with
// what it learns; its error becomes the outcome and is returned. The end is written
// even if the caller has gone away.
func (s *Store) Audited(ctx context.Context, a Entry, do func(*Entry) error) error {
	id, err := sqldb.Insert(ctx, s.db, `INSERT INTO sync_audit (at, who, via, action, object, old_value, new_value) VALUES (NOW(6), ?, ?, ?, ?, ?, ?)`,
		sqldb.Cut(a.Who, 255), a.Via, a.Action, sqldb.Cut(a.Object, 255), sqldb.Cut(a.Old, maxAudit), sqldb.Cut(a.New, maxAudit))
	if err != nil {
		return sqldb.Outage(err, "note who is about to change what")
	}
	a.ID = id
	done := do(&a)
	a.Outcome = Done
	if done != nil {
		a.Outcome = "failed: " + reasonOf(done)
	}
	return errors.Join(done, s.endAudit(context.WithoutCancel(ctx), a))
}

// auditWithin is how long the end of an entry may take to be written.
const auditWithin = 5 * time.Second

// endAudit completes an entry.
func (s *Store) endAudit(ctx context.Context, a Entry) error {
	ctx, cancel := context.WithTimeout(ctx, auditWithin)
	defer cancel()
	_, err := s.db.ExecContext(ctx, "UPDATE sync_audit SET object = ?, old_value = ?, new_value = ?, outcome = ? WHERE id = ?",
		sqldb.Cut(a.Object, 255), sqldb.Cut(a.Old, maxAudit), sqldb.Cut(a.New, maxAudit), sqldb.Cut(a.Outcome, 512), a.ID)
	return sqldb.Outage(err, "note what was changed")
}

// reasonOf returns the part of an error that people may see.
func reasonOf(err error) string {
	var f *fault.Error
	if errors.As(err, &f) && f.Kind != fault.Internal {
		return f.Message
	}
	return "internal error; the log has the details"
}

// Audits returns the newest entries, newest first.
func (s *Store) Audits(ctx context.Context, limit int) ([]Entry, error) {
	list, err := sqldb.Collect(ctx, s.db, scanAudit, "SELECT "+auditColumns+" FROM sync_audit ORDER BY id DESC LIMIT ?", limit)
	return append([]Entry{}, list...), sqldb.Outage(err, "read the audit")
}
