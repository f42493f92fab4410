package store

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
)

// scheduleColumns and scanSchedule belong together.
const scheduleColumns = `id, name, target_kind, target, time, timezone, run, COALESCE(weekday, ''), disabled, description,
	message, COALESCE(applied, ''), applied_at, anchor_at, last_fired_at, created_at, updated_at`

// scanSchedule reads a row of scheduleColumns.
func scanSchedule(row interface{ Scan(...any) error }) (schedule.Row, error) {
	var r schedule.Row
	err := row.Scan(&r.ID, &r.Name, &r.TargetKind, &r.Target, &r.Time, &r.Timezone, &r.Run, &r.Weekday, &r.Disabled, &r.Description,
		&r.Message, &r.Applied, &r.AppliedAt, &r.Anchor, &r.LastFired, &r.CreatedAt, &r.UpdatedAt)
	return r, err
}

// Schedules reads all schedules, oldest first.
func (db *DB) Schedules(ctx context.Context) (p schedule.Poll, err error) {
	var polls int
	if err := db.sql.QueryRowContext(ctx, "SELECT COUNT(*) FROM sync_schedule_poll").Scan(&polls); err != nil {
		return p, outage(err, "read when the schedules were last looked at")
	}
	p.First = polls == 0
	rows, err := db.sql.QueryContext(ctx, "SELECT "+scheduleColumns+" FROM sync_schedule ORDER BY id")
	if err != nil {
		return p, outage(err, "read the schedules")
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		r, err := scanSchedule(rows)
		if err != nil {
			return p, outage(err, "read a schedule")
		}
		p.Rows = append(p.Rows, r)
	}
	return p, outage(rows.Err(), "read the schedules")
}

// Polled notes that all schedules have been looked at.
func (db *DB) Polled(ctx context.Context, now time.Time) error {
	_, err := db.sql.ExecContext(ctx, `INSERT INTO sync_schedule_poll (id, first_at, last_at) VALUES (1, ?, ?)
		ON DUPLICATE KEY UPDATE last_at = VALUES(last_at)`, now, now)
	return outage(err, "note that the schedules were looked at")
}

// PolledAt returns when all schedules were last looked at, nil for never.
func (db *DB) PolledAt(ctx context.Context) (*time.Time, error) {
	var at *time.Time
	err := db.sql.QueryRowContext(ctx, "SELECT MAX(last_at) FROM sync_schedule_poll").Scan(&at)
	return at, outage(err, "read when the schedules were last looked at")
}

// Schedule reads one schedule; its absence is a fault.NotFound.
func (db *DB) Schedule(ctx context.Context, id int64) (schedule.Row, error) {
	return readSchedule(db.sql.QueryRowContext(ctx, "SELECT "+scheduleColumns+" FROM sync_schedule WHERE id = ?", id), id)
}

// readSchedule reads the schedule of that number.
func readSchedule(row *sql.Row, id int64) (schedule.Row, error) {
	r, err := scanSchedule(row)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.New(fault.NotFound, "unknown-schedule", "there is no schedule %d: returnsync schedules list shows those that there are", id)
	}
	return r, outage(err, "read a schedule")
}

// Judge writes what became of a schedule, and what the run log says of it, in
// one transaction: each change is told once. False means that another process
// has written it since it was read. People's updated_at stays.
func (db *DB) Judge(ctx context.Context, r schedule.Row, v schedule.Verdict) (ok bool, err error) {
	err = db.inTx(ctx, "write what became of a schedule", func(tx *sql.Tx) error {
		n, err := touched(ctx, tx, `UPDATE sync_schedule SET message = ?,
				applied_at = CASE WHEN COALESCE(applied, '') = ? THEN applied_at ELSE ? END, applied = NULLIF(?, ''),
				anchor_at = COALESCE(?, anchor_at), updated_at = updated_at,
				last_fired_at = CASE WHEN ? THEN NULL ELSE last_fired_at END,
				firing_until = CASE WHEN ? THEN NULL ELSE firing_until END
			WHERE id = ? AND COALESCE(applied, '') = ? AND message = ?`,
			v.Message, v.Applied, v.Now, v.Applied, v.Anchor, v.Fresh, v.Fresh, r.ID, r.Applied, r.Message)
		ok = n == 1
		for i := 0; ok && err == nil && i < len(v.Entries); i++ {
			err = note(ctx, tx, scheduleEntry(v.Entries[i]))
		}
		return err
	})
	return ok && err == nil, err
}

// LogSchedule writes an entry about a schedule into the run log.
func (db *DB) LogSchedule(ctx context.Context, e schedule.Entry) error {
	return db.Log(ctx, scheduleEntry(e))
}

// scheduleEntry is an entry about a schedule as the run log has it.
func scheduleEntry(e schedule.Entry) LogEntry {
	severity := Info
	switch {
	case e.Level >= slog.LevelError:
		severity = Error
	case e.Level >= slog.LevelWarn:
		severity = Warning
	}
	return LogEntry{Severity: severity, Entity: e.Entity, Message: e.Message}
}

// Fire takes an occurrence for its starter. False means that somebody else has
// it or had it, that the schedule was disabled, or that another plan came into
// force.
func (db *DB) Fire(ctx context.Context, f schedule.Firing) (bool, error) {
	n, err := touched(ctx, db.sql, `UPDATE sync_schedule SET firing_at = ?, firing_until = ?, updated_at = updated_at
		WHERE id = ? AND disabled = 0 AND applied = ? AND (last_fired_at IS NULL OR last_fired_at < ?)
			AND (firing_until IS NULL OR firing_until <= ?)`,
		f.Occurrence, f.Now.Add(f.Lease), f.ID, f.Applied, f.Occurrence, f.Now)
	return n == 1, outage(err, "take an occurrence of a schedule")
}

// Fired ends what Fire took: the occurrence is over, or free again. A schedule
// that was deleted meanwhile has nothing to end.
func (db *DB) Fired(ctx context.Context, f schedule.Firing, over bool) error {
	_, err := db.sql.ExecContext(ctx, `UPDATE sync_schedule SET firing_until = NULL, updated_at = updated_at,
			last_fired_at = CASE WHEN ? THEN ? ELSE last_fired_at END
		WHERE id = ? AND firing_at = ? AND (last_fired_at IS NULL OR last_fired_at < ?)`,
		over, f.Occurrence, f.ID, f.Occurrence, f.Occurrence)
	return outage(err, "end an occurrence of a schedule")
}

// AddSchedule inserts a schedule and returns its number.
func (db *DB) AddSchedule(ctx context.Context, e schedule.Edit) (int64, error) {
	if err := e.Fits(); err != nil {
		return 0, err
	}
	res, err := db.sql.ExecContext(ctx, `INSERT INTO sync_schedule
		(name, target_kind, target, time, timezone, run, weekday, disabled, description) VALUES (?, ?, ?, ?, ?, ?, NULLIF(?, ''), ?, ?)`,
		e.Name, e.TargetKind, e.Target, e.Time, e.Timezone, e.Run, e.Weekday, e.Disabled, e.Description)
	if err != nil {
		return 0, outage(err, "add a schedule")
	}
	id, err := res.LastInsertId()
	return id, outage(err, "add a schedule")
}

// EditSchedule changes what people write of a schedule, if it still is what they
// saw: version is that of the Edit that they began with, empty for whatever it
// is. It returns the row as it was before.
func (db *DB) EditSchedule(ctx context.Context, id int64, version string, change func(*schedule.Edit)) (before schedule.Row, err error) {
	err = db.inTx(ctx, "change a schedule", func(tx *sql.Tx) error {
		if before, err = lockSchedule(ctx, tx, id, version); err != nil {
			return err
		}
		e := before.Edit
		change(&e)
		if err := e.Fits(); err != nil {
			return err
		}
		_, err := touched(ctx, tx, `UPDATE sync_schedule SET name = ?, target_kind = ?, target = ?, time = ?, timezone = ?, run = ?,
			weekday = NULLIF(?, ''), disabled = ?, description = ? WHERE id = ?`,
			e.Name, e.TargetKind, e.Target, e.Time, e.Timezone, e.Run, e.Weekday, e.Disabled, e.Description, id)
		return err
	})
	return before, err
}

// DeleteSchedule deletes a schedule, if it still is what its version says; an
// empty one means whatever it is. It returns the row as it was.
func (db *DB) DeleteSchedule(ctx context.Context, id int64, version string) (before schedule.Row, err error) {
	err = db.inTx(ctx, "delete a schedule", func(tx *sql.Tx) error {
		if before, err = lockSchedule(ctx, tx, id, version); err != nil {
			return err
		}
		_, err := touched(ctx, tx, "DELETE FROM sync_schedule WHERE id = ?", id)
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
