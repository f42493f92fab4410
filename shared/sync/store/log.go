package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Severity is how grave a log entry is, in Cloud Logging's words.
type Severity string

// The severities, the least first.
const (
	Info    Severity = "INFO"
	Warning Severity = "WARNING"
	Error   Severity = "ERROR"
)

// severities is the order of the severities.
var severities = []Severity{Info, Warning, Error}

// ParseSeverity reads a severity as people write it.
func ParseSeverity(s string) (Severity, error) {
	switch strings.ToUpper(s) {
	case "INFO":
		return Info, nil
	case "WARNING", "WARN":
		return Warning, nil
	case "ERROR":
		return Error, nil
	}
	return "", fault.New(fault.Invalid, "bad-severity", "severity %q is none: want info, warning or error", s).WithParam("severity")
}

// LogEntry is a row of sync_log: something that happened, told for people. The
// message holds no personal data.
type LogEntry struct {
	ID       int64     `json:"id"`
	At       time.Time `json:"at"` // this database's clock; Log sets it
	Severity Severity  `json:"severity"`
	Entity   string    `json:"entity,omitempty"` // empty: about no entity
	RunID    int64     `json:"runId,omitempty"`  // 0: about no run
	Message  string    `json:"message"`
}

// logColumns and scanLog belong together.
const logColumns = "id, at, severity, entity, run_id, message"

// scanLog reads a row of logColumns.
func scanLog(rows *sql.Rows) (LogEntry, error) {
	var e LogEntry
	err := rows.Scan(&e.ID, &e.At, &e.Severity, &e.Entity, &e.RunID, &e.Message)
	return e, err
}

// Log writes an entry. An empty severity is Info.
func (db *DB) Log(ctx context.Context, e LogEntry) error {
	return outage(note(ctx, db.sql, e), "write the run log")
}

// note is Log within a transaction, so that what happened and its entry are
// written together or not at all.
func note(ctx context.Context, to execer, e LogEntry) error {
	if e.Severity == "" {
		e.Severity = Info
	}
	_, err := to.ExecContext(ctx, "INSERT INTO sync_log (at, severity, entity, run_id, message) VALUES (NOW(6), ?, ?, ?, ?)",
		e.Severity, e.Entity, e.RunID, cut(e.Message, 1024))
	return err
}

// noteRun writes an entry about a run of which only the id is known.
func noteRun(ctx context.Context, tx *sql.Tx, id int64, s Severity, message string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO sync_log (at, severity, entity, run_id, message)
		SELECT NOW(6), ?, entity, id, ? FROM sync_run WHERE id = ?`, s, cut(message, 1024), id)
	return err
}

// noteParked writes an entry about records that a page parked, if it parked any.
func noteParked(ctx context.Context, tx *sql.Tx, p Page, n int) error {
	if n == 0 {
		return nil
	}
	message := fmt.Sprintf("page %d kept records out of the index: %d; see why with returnsync parked list", p.Number, n)
	return note(ctx, tx, LogEntry{Severity: Warning, Entity: p.Run.Entity, RunID: p.Run.ID, Message: message})
}

// LogFilter says which entries are wanted. The zero value of a field wants all.
type LogFilter struct {
	Entity string
	RunID  int64
	Least  Severity // this severity and graver ones
	Since  time.Time
	After  int64 // ids greater than this, oldest first; without it the newest
	Limit  int
}

// ReadLog returns entries, the oldest first: the newest Limit of them, or with
// After the first Limit behind it.
func (db *DB) ReadLog(ctx context.Context, f LogFilter) ([]LogEntry, error) {
	query, args := f.query()
	rows, err := db.sql.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, outage(err, "read the run log")
	}
	defer func() { _ = rows.Close() }()
	var list []LogEntry
	for rows.Next() {
		e, err := scanLog(rows)
		if err != nil {
			return nil, outage(err, "read the run log")
		}
		list = append(list, e)
	}
	return list, outage(rows.Err(), "read the run log")
}

// query returns a filter's statement.
func (f LogFilter) query() (string, []any) {
	conditions, args := []string{"id > ?"}, []any{f.After}
	if f.Entity != "" {
		conditions, args = append(conditions, "entity = ?"), append(args, f.Entity)
	}
	if f.RunID != 0 {
		conditions, args = append(conditions, "run_id = ?"), append(args, f.RunID)
	}
	if !f.Since.IsZero() {
		conditions, args = append(conditions, "at >= ?"), append(args, f.Since)
	}
	if grave := f.Least.andGraver(); len(grave) < len(severities) {
		conditions = append(conditions, "severity IN ("+marks(len(grave))+")")
		args = append(args, grave...)
	}
	query := "SELECT " + logColumns + " FROM sync_log WHERE " + strings.Join(conditions, " AND ")
	args = append(args, f.Limit)
	if f.After > 0 {
		return query + " ORDER BY id LIMIT ?", args
	}
	return "SELECT " + logColumns + " FROM (" + query + " ORDER BY id DESC LIMIT ?) AS newest ORDER BY id", args
}

// andGraver returns a severity and those above it; all for the empty one.
func (s Severity) andGraver() []any {
	var list []any
	for i := len(severities) - 1; i >= 0; i-- {
		list = append(list, severities[i])
		if severities[i] == s {
			break
		}
	}
	return list
}

// PruneLog removes entries that are older than keepDays, at most so many, and
// returns how many it removed.
func (db *DB) PruneLog(ctx context.Context, keepDays, most int) (removed int64, err error) {
	err = db.inTx(ctx, "prune the run log", func(tx *sql.Tx) error {
		removed, err = touched(ctx, tx, "DELETE FROM sync_log WHERE at < NOW(6) - INTERVAL ? DAY ORDER BY at LIMIT ?", keepDays, most)
		return err
	})
	return removed, err
}
