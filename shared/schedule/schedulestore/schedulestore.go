// Package schedulestore holds the SQL on the tables of schedules, sync_schedule and
// sync_schedule_poll.
package schedulestore

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// scheduleColumns and scanSchedule belong together.
const scheduleColumns = `id, name, target_kind, target, time, timezone, zone, run, COALESCE(weekday, ''), disabled, description,
	message, COALESCE(applied, ''), applied_at, anchor_at, last_fired_at, created_at, updated_at`

// scanSchedule reads a row of scheduleColumns.
func scanSchedule(row sqldb.Row) (schedule.Row, error) {
	var r schedule.Row
	err := row.Scan(&r.ID, &r.Name, &r.TargetKind, &r.Target, &r.Time, &r.Timezone, &r.Zone, &r.Run, &r.Weekday, &r.Disabled, &r.Description,
		&r.Message, &r.Applied, &r.AppliedAt, &r.Anchor, &r.LastFired, &r.CreatedAt, &r.UpdatedAt)
	return r, err
}

// Store is the tables of schedules. It is safe for concurrent use.
type Store struct{ db *sqldb.DB }

// New returns the store over a pool.
func New(db *sqldb.DB) *Store { return &Store{db} }

// Schedules reads all schedules, oldest first.
func (s *Store) Schedules(ctx context.Context) (p schedule.Poll, err error) {
	var polls int
	if err := s.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM sync_schedule_poll").Scan(&polls); err != nil {
		return p, sqldb.Outage(err, "read when the schedules were last checked")
	}
	p.First = polls == 0
	p.Rows, err = sqldb.Collect(ctx, s.db, scanSchedule, "SELECT "+scheduleColumns+" FROM sync_schedule ORDER BY id")
	return p, sqldb.Outage(err, "read the schedules")
}

// Polled notes that all schedules were checked.
func (s *Store) Polled(ctx context.Context, now time.Time) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO sync_schedule_poll (id, first_at, last_at) VALUES (1, ?, ?)
		ON DUPLICATE KEY UPDATE last_at = VALUES(last_at)`, now, now)
	return sqldb.Outage(err, "note that the schedules were checked")
}

// PolledAt returns when all schedules were last checked, nil for never.
func (s *Store) PolledAt(ctx context.Context) (*time.Time, error) {
	var at *time.Time
	err := s.db.QueryRowContext(ctx, "SELECT MAX(last_at) FROM sync_schedule_poll").Scan(&at)
	return at, sqldb.Outage(err, "read when the schedules were last checked")
}

// Schedule reads one schedule; its absence is a fault.NotFound.
func (s *Store) Schedule(ctx context.Context, id int64) (schedule.Row, error) {
	return readSchedule(s.db.QueryRowContext(ctx, "SELECT "+scheduleColumns+" FROM sync_schedule WHERE id = ?", id), id)
}

// readSchedule reads the schedule of that number.
func readSchedule(row *sql.Row, id int64) (schedule.Row, error) {
	r, err := scanSchedule(row)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.New(fault.NotFound, "unknown-schedule", "there is no schedule %d: returnsync schedules list shows all", id)
	}
	return r, sqldb.Outage(err, "read a schedule")
}

// Judge writes the verdict on a schedule and its entries in the run log, in one
// transaction: each change is reported once. False means that another process has
// written the row since it was read. People's updated_at stays.
func (s *Store) Judge(ctx context.Context, r schedule.Row, v schedule.Verdict) (ok bool, err error) {
	err = s.db.InTx(ctx, "write the verdict on a schedule", func(tx *sql.Tx) error {
		n, err := sqldb.Affected(ctx, tx, `UPDATE sync_schedule SET message = ?,
				applied_at = CASE WHEN COALESCE(applied, '') = ? THEN applied_at ELSE ? END, applied = NULLIF(?, ''),
				anchor_at = COALESCE(?, anchor_at), updated_at = updated_at,
				last_fired_at = CASE WHEN ? THEN NULL ELSE last_fired_at END,
				firing_until = CASE WHEN ? THEN NULL ELSE firing_until END
			WHERE id = ? AND COALESCE(applied, '') = ? AND message = ?`,
			v.Message, v.Applied, v.Now, v.Applied, v.Anchor, v.Fresh, v.Fresh, r.ID, r.Applied, r.Message)
		ok = n == 1
		for i := 0; ok && err == nil && i < len(v.Entries); i++ {
			err = runlog.Write(ctx, tx, entryOf(v.Entries[i]))
		}
		return err
	})
	return ok && err == nil, err
}

// LogSchedule writes an entry about a schedule into the run log.
func (s *Store) LogSchedule(ctx context.Context, e schedule.Entry) error {
	return runlog.New(s.db).Log(ctx, entryOf(e))
}

// entryOf returns an entry about a schedule as the run log keeps it.
func entryOf(e schedule.Entry) runlog.Entry {
	severity := runlog.Info
	switch {
	case e.Level >= slog.LevelError:
		severity = runlog.Error
	case e.Level >= slog.LevelWarn:
		severity = runlog.Warning
	}
	return runlog.Entry{Severity: severity, Subject: e.Entity, Message: e.Message}
}

// Fire takes an occurrence for its starter. False means that another starter has or
// had the occurrence, that the schedule was disabled, or that another plan came into
// force. Its lease ends by the caller's clock, which the schedules are planned by.
func (s *Store) Fire(ctx context.Context, f schedule.Firing) (bool, error) {
	n, err := sqldb.Affected(ctx, s.db, `UPDATE sync_schedule SET firing_at = ?, firing_until = ?, updated_at = updated_at
		WHERE id = ? AND disabled = 0 AND applied = ? AND (last_fired_at IS NULL OR last_fired_at < ?)
			AND (firing_until IS NULL OR firing_until <= ?)`,
		f.Occurrence, f.Now.Add(f.Lease), f.ID, f.Applied, f.Occurrence, f.Now)
	return n == 1, sqldb.Outage(err, "take an occurrence of a schedule")
}

// Fired ends an occurrence that Fire took: it is over, or free again. A schedule that
// was deleted meanwhile has none.
func (s *Store) Fired(ctx context.Context, f schedule.Firing, over bool) error {
	_, err := s.db.ExecContext(ctx, `UPDATE sync_schedule SET firing_until = NULL, updated_at = updated_at,
			last_fired_at = CASE WHEN ? THEN ? ELSE last_fired_at END
		WHERE id = ? AND firing_at = ? AND (last_fired_at IS NULL OR last_fired_at < ?)`,
		over, f.Occurrence, f.ID, f.Occurrence, f.Occurrence)
	return sqldb.Outage(err, "end an occurrence of a schedule")
}

// AddSchedule inserts a schedule and returns its number.
func (s *Store) AddSchedule(ctx context.Context, e schedule.Edit) (int64, error) {
	if err := e.Fits(); err != nil {
		return 0, err
	}
	id, err := sqldb.Insert(ctx, s.db, `INSERT INTO sync_schedule
		(name, target_kind, target, time, timezone, zone, run, weekday, disabled, description) VALUES (?, ?, ?, ?, ?, ?, ?, NULLIF(?, ''), ?, ?)`,
		e.Name, e.TargetKind, e.Target, e.Time, e.Timezone, e.Zone, e.Run, e.Weekday, e.Disabled, e.Description)
	return id, sqldb.Outage(err, "add a schedule")
}

// EditSchedule changes what people write of a schedule, if it has the version that
// they saw: that of the Edit that they began with; empty accepts any. It returns the
// row as it was before.
func (s *Store) EditSchedule(ctx context.Context, id int64, version string, change func(*schedule.Edit)) (before schedule.Row, err error) {
	err = s.db.InTx(ctx, "change a schedule", func(tx *sql.Tx) error {
		if before, err = lockSchedule(ctx, tx, id, version); err != nil {
			return err
		}
		e := before.Edit
		change(&e)
		if err := e.Fits(); err != nil {
			return err
		}
		_, err := sqldb.Affected(ctx, tx, `UPDATE sync_schedule SET name = ?, target_kind = ?, target = ?, time = ?, timezone = ?, zone = ?, run = ?,
			weekday = NULLIF(?, ''), disabled = ?, description = ? WHERE id = ?`,
			e.Name, e.TargetKind, e.Target, e.Time, e.Timezone, e.Zone, e.Run, e.Weekday, e.Disabled, e.Description, id)
		return err
	})
	return before, err
}

// DeleteSchedule deletes a schedule, if it has the version; an empty one accepts any.
// It returns the row as it was.
func (s *Store) DeleteSchedule(ctx context.Context, id int64, version string) (before schedule.Row, err error) {
	err = s.db.InTx(ctx, "delete a schedule", func(tx *sql.Tx) error {
		if before, err = lockSchedule(ctx, tx, id, version); err != nil {
			return err
		}
		_, err := sqldb.Affected(ctx, tx, "DELETE FROM sync_schedule WHERE id = ?", id)
		return err
	})
	return before, err
}

// lockSchedule reads a schedule for changing it, if it has the version.
func lockSchedule(ctx context.Context, tx *sql.Tx, id int64, version string) (schedule.Row, error) {
	r, err := readSchedule(tx.QueryRowContext(ctx, "SELECT "+scheduleColumns+" FROM sync_schedule WHERE id = ? FOR UPDATE", id), id)
	if err == nil && version != "" && version != r.Version() {
		err = fault.New(fault.Superseded, "stale-version", "schedule %d was changed by somebody else: look at it again, then repeat your change", id).WithParam("version")
	}
	return r, err
}
