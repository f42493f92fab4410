package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Audit is a row of sync_audit: something that a person did.
type Audit struct {
	ID     int64     `json:"id"`
	At     time.Time `json:"at"`     // this database's clock
	Who    string    `json:"who"`    // an address, a token's subject, or a user of a machine
	Via    string    `json:"via"`    // ViaConsole, ViaCLI ...
	Action string    `json:"action"` // such as edit-schedule
	Object string    `json:"object"` // what it was done to
	Old    string    `json:"old"`    // what that was, in words; empty for nothing
	New    string    `json:"new"`    // what it was to become
	// Outcome is AuditDone, why nothing was done, or empty for what broke off.
	Outcome string `json:"outcome"`
}

// The ways by which people change things.
const (
	ViaConsole   = "console"
	ViaCLI       = "cli"
	ViaScopes    = "scopes"    // the scopes function's addresses
	ViaWindow    = "window"    // a historic sync, posted to the window function
	ViaCron      = "cron"      // a tick by hand
	ViaSchedules = "schedules" // a schedule's start by hand
)

// AuditDone is the outcome of what was done.
const AuditDone = "done"

// auditColumns and scanAudit belong together.
const auditColumns = "id, at, who, via, action, object, old_value, new_value, outcome"

// scanAudit reads a row of auditColumns.
func scanAudit(rows *sql.Rows) (Audit, error) {
	var a Audit
	err := rows.Scan(&a.ID, &a.At, &a.Who, &a.Via, &a.Action, &a.Object, &a.Old, &a.New, &a.Outcome)
	return a, err
}

// The most bytes of a value that are kept.
const maxAudit = 4096

// Audited does something for a person and keeps a row of it. The row is written
// first: what cannot be told of is not done. do may complete the entry with what
// it learns; its error becomes the outcome and is returned. The end is written
// even if the caller has gone away.
func (db *DB) Audited(ctx context.Context, a Audit, do func(*Audit) error) error {
	res, err := db.sql.ExecContext(ctx, `INSERT INTO sync_audit (at, who, via, action, object, old_value, new_value) VALUES (NOW(6), ?, ?, ?, ?, ?, ?)`,
		cut(a.Who, 255), a.Via, a.Action, cut(a.Object, 255), cut(a.Old, maxAudit), cut(a.New, maxAudit))
	if err != nil {
		return outage(err, "note who is about to change what")
	}
	if a.ID, err = res.LastInsertId(); err != nil {
		return outage(err, "note who is about to change what")
	}
	done := do(&a)
	a.Outcome = AuditDone
	if done != nil {
		a.Outcome = "failed: " + reasonOf(done)
	}
	return errors.Join(done, db.endAudit(context.WithoutCancel(ctx), a))
}

// auditWithin is how long the end of an entry may take to be written.
const auditWithin = 5 * time.Second

// endAudit completes an entry.
func (db *DB) endAudit(ctx context.Context, a Audit) error {
	ctx, cancel := context.WithTimeout(ctx, auditWithin)
	defer cancel()
	_, err := db.sql.ExecContext(ctx, "UPDATE sync_audit SET object = ?, old_value = ?, new_value = ?, outcome = ? WHERE id = ?",
		cut(a.Object, 255), cut(a.Old, maxAudit), cut(a.New, maxAudit), cut(a.Outcome, 512), a.ID)
	return outage(err, "note what was changed")
}

// reasonOf returns what of an error may be shown to people.
func reasonOf(err error) string {
	var f *fault.Error
	if errors.As(err, &f) && f.Kind != fault.Internal {
		return f.Message
	}
	return "internal error; the log has the details"
}

// Audits returns the newest entries, newest first.
func (db *DB) Audits(ctx context.Context, limit int) ([]Audit, error) {
	rows, err := db.sql.QueryContext(ctx, "SELECT "+auditColumns+" FROM sync_audit ORDER BY id DESC LIMIT ?", limit)
	if err != nil {
		return nil, outage(err, "read the audit")
	}
	defer func() { _ = rows.Close() }()
	list := []Audit{}
	for rows.Next() {
		a, err := scanAudit(rows)
		if err != nil {
			return nil, outage(err, "read the audit")
		}
		list = append(list, a)
	}
	return list, outage(rows.Err(), "read the audit")
}
