// Package runlog keeps the log that people read: what happened, in sentences without
// personal data, in the table sync_log. What happens inside a transaction is written
// by it, so that the event and its entry are stored together or not at all.
package runlog

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
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
	return "", fault.New(fault.Invalid, "bad-severity", "severity %q is not known: want info, warning or error", s).WithParam("severity")
}

// Entry is a row of sync_log.
type Entry struct {
	ID       int64     `json:"id"`
	At       time.Time `json:"at"` // the database's clock; Log sets it
	Severity Severity  `json:"severity"`
	// Subject is what the event is about, such as the sync's entity; empty: nothing
	// in particular. Column and field keep the name that they had first.
	Subject string `json:"entity,omitempty"`
	RunID   int64  `json:"runId,omitempty"` // 0: about no run
	Message string `json:"message"`
}

// logColumns and scanLog belong together.
const logColumns = "id, at, severity, entity, run_id, message"

// scanLog reads a row of logColumns.
func scanLog(rows sqldb.Row) (Entry, error) {
	var e Entry
	err := rows.Scan(&e.ID, &e.At, &e.Severity, &e.Subject, &e.RunID, &e.Message)
	return e, err
}

// Store is the run log's table. It is safe for concurrent use.
type Store struct{ db *sqldb.DB }

// New returns the store over a pool.
func New(db *sqldb.DB) *Store { return &Store{db} }

// Log writes an entry. An empty severity is Info.
func (s *Store) Log(ctx context.Context, e Entry) error {
	return sqldb.Outage(Write(ctx, s.db, e), "write the run log")
}

// Write is Log within a transaction.
func Write(ctx context.Context, to sqldb.Execer, e Entry) error {
	if e.Severity == "" {
		e.Severity = Info
	}
	_, err := to.ExecContext(ctx, "INSERT INTO sync_log (at, severity, entity, run_id, message) VALUES (NOW(6), ?, ?, ?, ?)",
		e.Severity, e.Subject, e.RunID, sqldb.Cut(e.Message, 1024))
	return err
}

// Filter chooses entries. The zero value of a field chooses all.
type Filter struct {
	Subject string
	RunID   int64
	Least   Severity // this severity and graver ones
	Since   time.Time
	Settled time.Duration // entries that are older than this
	Before  int64         // ids less than this; 0: all
	After   int64         // ids greater than this, oldest first; without it the newest
	Limit   int
}

// ReadLog returns entries, the oldest first: the newest Limit of them, or with
// After the first Limit behind it.
func (s *Store) ReadLog(ctx context.Context, f Filter) ([]Entry, error) {
	query, args := f.query()
	list, err := sqldb.Collect(ctx, s.db, scanLog, query, args...)
	return list, sqldb.Outage(err, "read the run log")
}

// query returns a filter's statement.
func (f Filter) query() (string, []any) {
	conditions, args := []string{"id > ?"}, []any{f.After}
	if f.Subject != "" {
		conditions, args = append(conditions, "entity = ?"), append(args, f.Subject)
	}
	if f.RunID != 0 {
		conditions, args = append(conditions, "run_id = ?"), append(args, f.RunID)
	}
	if !f.Since.IsZero() {
		conditions, args = append(conditions, "at >= ?"), append(args, f.Since)
	}
	if f.Before > 0 {
		conditions, args = append(conditions, "id < ?"), append(args, f.Before)
	}
	if f.Settled > 0 {
		conditions, args = append(conditions, "at < NOW(6) - INTERVAL ? MICROSECOND"), append(args, sqldb.Micros(f.Settled))
	}
	if grave := f.Least.andGraver(); len(grave) < len(severities) {
		conditions = append(conditions, "severity IN ("+sqldb.Marks(len(grave))+")")
		args = sqldb.Args(grave, args...)
	}
	query := "SELECT " + logColumns + " FROM sync_log WHERE " + strings.Join(conditions, " AND ")
	args = append(args, f.Limit)
	if f.After > 0 {
		return query + " ORDER BY id LIMIT ?", args
	}
	return "SELECT " + logColumns + " FROM (" + query + " ORDER BY id DESC LIMIT ?) AS newest ORDER BY id", args
}

// andGraver returns a severity and those above it; all for the empty one.
func (s Severity) andGraver() []Severity {
	var list []Severity
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
func (s *Store) PruneLog(ctx context.Context, keepDays, most int) (removed int64, err error) {
	err = s.db.InTx(ctx, "prune the run log", func(tx *sql.Tx) error {
		removed, err = sqldb.Affected(ctx, tx, "DELETE FROM sync_log WHERE at < NOW(6) - INTERVAL ? DAY ORDER BY at LIMIT ?", keepDays, most)
		return err
	})
	return removed, err
}
