package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// reportColumns and scanReport belong together.
const reportColumns = `id, type, slot, zone_minutes, state, fail, last_updated, document_id, update_repeated, repeating,
	attempt, intent_at, source_id, document, rows_read, polls, payload, chunks, error, due_at, retried_at, failed_at,
	since_at, turn, next_at, created_at, updated_at, NOW(6)`

// scanReport reads a row of reportColumns.
func scanReport(row sqldb.Row) (report.Report, error) {
	var r report.Report
	err := row.Scan(&r.ID, &r.Type, &r.Slot, &r.Zone, &r.State, &r.Fail, &r.LastUpdated, &r.DocumentID, &r.UpdateRepeated, &r.Repeating,
		&r.Attempt, &r.IntentAt, &r.SourceID, &r.Document, &r.Rows, &r.Polls, &r.Payload, &r.Chunks, &r.Error, &r.DueAt, &r.RetriedAt, &r.FailedAt,
		&r.Since, &r.Turn, &r.NextAt, &r.CreatedAt, &r.UpdatedAt, &r.Now)
	return r, err
}

// Report returns a report with its accounts; its absence is a fault.NotFound.
func (s *Store) Report(ctx context.Context, k report.Key) (report.Report, error) {
	r, err := oneReport(s.db.QueryRowContext(ctx, "SELECT "+reportColumns+" FROM report_report WHERE type = ? AND slot = ?", k.Type, k.Slot), k)
	if err != nil {
		return r, err
	}
	r.Accounts, err = accounts(ctx, s.db, r)
	return r, sqldb.Outage(err, "read the accounts of a report")
}

// oneReport reads a report.
func oneReport(row *sql.Row, k report.Key) (report.Report, error) {
	r, err := scanReport(row)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.New(fault.NotFound, "unknown-report", "there is no report %s: returnsync reports list shows all", k)
	}
	return r, sqldb.Outage(err, "read a report")
}

// Filter chooses reports; empty fields choose all.
type Filter struct {
	Type   string
	Failed bool      // those of the view Failed Reports alone
	Since  time.Time // changed at or after
	// From and Before are bounds of the slot: at or after the one, and before the other.
	From, Before string
	Limit        int // 0 is 100
}

// Reports returns reports, those of the newest dates first.
func (s *Store) Reports(ctx context.Context, f Filter) ([]report.Report, error) {
	if f.Limit == 0 {
		f.Limit = 100
	}
	list, err := sqldb.Collect(ctx, s.db, scanReport, "SELECT "+reportColumns+` FROM report_report
		WHERE (? = '' OR type = ?) AND (? = 0 OR fail = 1) AND updated_at >= ? AND slot >= ? AND (? = '' OR slot < ?) ORDER BY slot DESC, type LIMIT ?`,
		f.Type, f.Type, f.Failed, since(f.Since), f.From, f.Before, f.Before, f.Limit)
	return list, sqldb.Outage(err, "read the reports")
}

// Changed returns reports in the order in which they last changed, those at or after
// a moment, for those who keep a copy.
func (s *Store) Changed(ctx context.Context, at time.Time, afterID int64, limit int) ([]report.Report, error) {
	list, err := sqldb.Collect(ctx, s.db, scanReport, "SELECT "+reportColumns+` FROM report_report
		WHERE updated_at >= ? AND (updated_at, id) > (?, ?) ORDER BY updated_at, id LIMIT ?`, since(at), since(at), afterID, limit)
	return list, sqldb.Outage(err, "read the changed reports")
}

// since returns a time that a DATETIME column can be compared with.
func since(t time.Time) time.Time {
	if t.IsZero() {
		return time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return t
}

// Ensure makes a report due at once unless it exists. False means that it exists; it
// stays as it is.
func (s *Store) Ensure(ctx context.Context, k report.Key, z report.Zone, due time.Time) (created bool, err error) {
	n, err := sqldb.Affected(ctx, s.db, `INSERT IGNORE INTO report_report (type, slot, zone_minutes, due_at, since_at, next_at)
		VALUES (?, ?, ?, ?, NOW(6), NOW(6))`, k.Type, k.Slot, z, due)
	return n == 1, sqldb.Outage(err, "make a report due")
}

// maxRuns is how many runs of a type may begin within so many seconds.
const maxRuns = 60

// EnsureRun makes a run of a real-time type due at once for a request; the request
// repeated gets the run that is there. A second that another run has is left to it: the
// run gets the next one.
func (s *Store) EnsureRun(ctx context.Context, typ string, at time.Time, z report.Zone, request string) (report.Report, error) {
	for i := range maxRuns {
		k := report.RealTimeKey(typ, at.Add(time.Duration(i)*time.Second))
		if _, err := s.db.ExecContext(ctx, `INSERT IGNORE INTO report_report (type, slot, zone_minutes, due_at, since_at, next_at, started_by)
			VALUES (?, ?, ?, NOW(6), NOW(6), NOW(6), ?)`, typ, k.Slot, z, request); err != nil {
			return report.Report{}, sqldb.Outage(err, "make a run due")
		}
		r, err := oneReport(s.db.QueryRowContext(ctx, "SELECT "+reportColumns+" FROM report_report WHERE type = ? AND started_by = ?", typ, request), k)
		if fault.KindOf(err) != fault.NotFound {
			return r, err
		}
	}
	return report.Report{}, fault.New(fault.Throttled, "too-many-runs", "report type %s was started %d times within a minute", typ, maxRuns)
}

// ByID returns a report by its row's id, without its accounts; its absence is a
// fault.NotFound.
func (s *Store) ByID(ctx context.Context, id int64) (report.Report, error) {
	return oneReport(s.db.QueryRowContext(ctx, "SELECT "+reportColumns+" FROM report_report WHERE id = ?", id), report.Key{Type: "of row", Slot: strconv.FormatInt(id, 10)})
}

// Waiting returns the dated reports of a type that may have to run at its next start:
// those that are due without a time, and those that are done, of a date up to bound,
// and never repeated.
func (s *Store) Waiting(ctx context.Context, typ string, bound report.Date) ([]report.Report, error) {
	list, err := sqldb.Collect(ctx, s.db, scanReport, "SELECT "+reportColumns+` FROM report_report
		WHERE type = ? AND (state = 'due' AND next_at IS NULL
			OR state = 'done' AND update_repeated IS NULL AND fail = 0 AND slot <= ? AND slot LIKE '____-__-__')
		ORDER BY slot`, typ, bound.String())
	return list, sqldb.Outage(err, "read the waiting reports of a type")
}

// Start makes a waiting report due at once. False means that it is not waiting any
// more: another start was faster.
func (s *Store) Start(ctx context.Context, r report.Report) (bool, error) {
	n, err := sqldb.Affected(ctx, s.db, `UPDATE report_report SET next_at = NOW(6), since_at = NOW(6)
		WHERE id = ? AND state = 'due' AND next_at IS NULL`, r.ID)
	return n == 1, sqldb.Outage(err, "start a waiting report")
}

// Hasten makes the next turn of a report that waits for its source or for a destination
// due at once. False means that it does not wait any more.
func (s *Store) Hasten(ctx context.Context, r report.Report) (bool, error) {
	n, err := sqldb.Affected(ctx, s.db, `UPDATE report_report SET next_at = NOW(6)
		WHERE id = ? AND next_at > NOW(6) AND state NOT IN ('done', 'failed') AND `+lease.Over, r.ID)
	return n == 1, sqldb.Outage(err, "hasten a report")
}

// Repeat makes a report that is done due once more, in place: repeating says that it
// is its repeat after N days. False means that another start was faster.
func (s *Store) Repeat(ctx context.Context, r report.Report, repeating bool) (bool, error) {
	n, err := sqldb.Affected(ctx, s.db, `UPDATE report_report SET state = 'due', repeating = ?, intent_at = NULL, next_at = NOW(6), since_at = NOW(6)
		WHERE id = ? AND state = 'done' AND (? = 0 OR update_repeated IS NULL)`, repeating, r.ID, repeating)
	return n == 1, sqldb.Outage(err, "repeat a report")
}

// Take gives a report to the caller for a time, if work on it is due. The decision
// says why not: lease.Held by a caller that is alive, lease.Duplicate for a report on
// which there is nothing to do now.
func (s *Store) Take(ctx context.Context, k report.Key, g lease.Grant) (report.Report, lease.Decision, error) {
	taken, err := lease.Take(ctx, s.db, g, "UPDATE report_report SET "+lease.Set+`, turn = turn + 1
		WHERE type = ? AND slot = ? AND next_at <= NOW(6) AND state NOT IN ('done', 'failed') AND `+lease.Over, k.Type, k.Slot)
	if err != nil {
		return report.Report{}, lease.Held, sqldb.Outage(err, "take a report")
	}
	var until *time.Time
	row := s.db.QueryRowContext(ctx, "SELECT "+reportColumns+", lease_until FROM report_report WHERE type = ? AND slot = ?", k.Type, k.Slot)
	r, err := scanReport(sqldb.Wider{Row: row, Last: []any{&until}})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return r, lease.Duplicate, nil
	case err != nil:
		return r, lease.Held, sqldb.Outage(err, "read a report")
	case taken:
		r.Token = g.Token
		r.Accounts, err = accounts(ctx, s.db, r)
		return r, lease.Free, sqldb.Outage(err, "read the accounts of a report")
	case r.State.Open() && until != nil && until.After(r.Now):
		return r, lease.Held, nil
	}
	return r, lease.Duplicate, nil
}

// errLost is the error of a caller whose lease was taken over.
func errLost(r report.Report) error {
	return fault.New(fault.Superseded, "report-taken-over", "report %s was taken over or has ended", r.Key)
}

// hold runs an UPDATE that only the holder of the report's lease may make: set is its
// assignments, and to the state that the diagram has to lead to; empty leaves it.
func hold(ctx context.Context, e sqldb.Execer, r report.Report, to report.State, set string, args ...any) error {
	where := " WHERE id = ? AND token = ?"
	args = append(args, r.ID, r.Token)
	if to != "" {
		from := report.Sources(to)
		set = "state = '" + string(to) + "', since_at = NOW(6), " + set
		where += " AND state IN (" + sqldb.Marks(len(from)) + ")"
		args = sqldb.Args(from, args...)
	}
	return sqldb.ExactlyOne(ctx, e, errLost(r), "UPDATE report_report SET "+set+where, args...)
}

// Release gives the report back until some time from now, with a note for people.
// polled says that the time was a poll.
func (s *Store) Release(ctx context.Context, r report.Report, after time.Duration, polled bool, note string) error {
	return sqldb.Outage(hold(ctx, s.db, r, "", `token = NULL, lease_until = NULL, polls = polls + ?, error = ?,
		next_at = NOW(6) + INTERVAL ? MICROSECOND`, polled, sqldb.Cut(note, 1024), sqldb.Micros(after)), "give a report back")
}

// Intend notes that an order is about to be sent to the source, as a new attempt, and
// returns the report with it.
func (s *Store) Intend(ctx context.Context, r report.Report) (report.Report, error) {
	err := hold(ctx, s.db, r, "", `attempt = attempt + 1, intent_at = NOW(6), source_id = '', document = '', rows_read = 0, polls = 0, payload = '', chunks = 0, error = ''`)
	if err == nil {
		err = s.db.QueryRowContext(ctx, "SELECT attempt, intent_at FROM report_report WHERE id = ?", r.ID).Scan(&r.Attempt, &r.IntentAt)
	}
	r.SourceID, r.Document, r.Rows, r.Polls, r.Payload, r.Chunks, r.Accounts = "", "", 0, 0, "", 0, nil
	return r, sqldb.Outage(err, "note an order")
}

// Withdraw notes that the source certainly took no order, so that none is searched.
func (s *Store) Withdraw(ctx context.Context, r report.Report) error {
	return sqldb.Outage(hold(ctx, s.db, r, "", "intent_at = NULL"), "withdraw an order")
}

// Requested is the verb request: the source took the order under that id.
func (s *Store) Requested(ctx context.Context, r report.Report, id string) (report.Report, error) {
	err := hold(ctx, s.db, r, report.Requested, "source_id = ?, error = ''", id)
	r.State, r.SourceID, r.Since = report.Requested, id, r.Now
	return r, sqldb.Outage(err, "store the id of an order")
}

// Ready is the verb poll: the document can be read.
func (s *Store) Ready(ctx context.Context, r report.Report, document string) (report.Report, error) {
	err := hold(ctx, s.db, r, report.Ready, "document = ?, error = ''", document)
	r.State, r.Document, r.Since = report.Ready, document, r.Now
	return r, sqldb.Outage(err, "store the document of an order")
}

// Fail is the verb fail: it stores the reason and sets Fail, except of a real-time
// report. atSource distinguishes scenario B from A.
func (s *Store) Fail(ctx context.Context, r report.Report, atSource bool, reason string) error {
	_, dated := r.Date()
	return s.db.InTx(ctx, "fail a report", func(tx *sql.Tx) error {
		err := hold(ctx, tx, r, report.Failed, `fail = ?, failed_at = NOW(6), error = ?, token = NULL, lease_until = NULL, next_at = NULL,
			last_updated = CASE WHEN document_id <> '' THEN last_updated WHEN ? THEN NOW(6) ELSE NULL END`, dated, sqldb.Cut(reason, 1024), atSource)
		if err != nil {
			return err
		}
		return runlog.Write(ctx, tx, runlog.Entry{Severity: runlog.Error, Subject: r.Type, Message: "report " + r.String() + " failed: " + reason})
	})
}

// Done is the verb account: the payload is whole in every destination. The caller has
// checked the accounts.
func (s *Store) Done(ctx context.Context, r report.Report, documentID string) error {
	return s.db.InTx(ctx, "end a report", func(tx *sql.Tx) error {
		err := hold(ctx, tx, r, report.Done, `fail = 0, last_updated = NOW(6), document_id = ?, error = '', failed_at = NULL, payload = '', chunks = 0,
			update_repeated = CASE WHEN repeating = 1 THEN NOW(6) ELSE update_repeated END, repeating = 0,
			token = NULL, lease_until = NULL, next_at = NULL`, documentID)
		if err != nil {
			return err
		}
		for _, earlier := range []string{"DELETE FROM report_parked WHERE report_id = ? AND attempt < ?", "DELETE FROM report_account WHERE report_id = ? AND attempt < ?"} {
			if _, err := tx.ExecContext(ctx, earlier, r.ID, r.Attempt); err != nil {
				return err
			}
		}
		return runlog.Write(ctx, tx, runlog.Entry{Subject: r.Type, Message: doneText(r)})
	})
}

// doneText says that a report is done.
func doneText(r report.Report) string {
	what := "is done"
	if r.Repeating {
		what = "was repeated"
	}
	return "report " + r.String() + " " + what + ": " + report.Rows(r.Rows)
}

// Overdue returns reports whose next turn is late by some time and that nobody holds,
// oldest first: a task was lost, or a process died between the row and its task.
func (s *Store) Overdue(ctx context.Context, late time.Duration, limit int) ([]report.Task, error) {
	list, err := sqldb.Collect(ctx, s.db, func(row sqldb.Row) (t report.Task, err error) {
		err = row.Scan(&t.Type, &t.Slot, &t.Turn, &t.NextAt)
		return t, err
	}, `SELECT type, slot, turn, next_at FROM report_report WHERE next_at <= NOW(6) - INTERVAL ? MICROSECOND AND state NOT IN ('done', 'failed')
		AND `+lease.Over+" ORDER BY next_at LIMIT ?", sqldb.Micros(late), limit)
	return list, sqldb.Outage(err, "read the reports whose task is late")
}
