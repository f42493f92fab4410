package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
)

// duplicateKey is MySQL's error number for a row that a unique key refuses.
const duplicateKey = 1062

// OpenAlerts returns the alerts that are open.
func (db *DB) OpenAlerts(ctx context.Context) ([]alert.Open, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT id, cause, entity, subject, title, raised_at FROM sync_alert
		WHERE open_key IS NOT NULL ORDER BY id`)
	if err != nil {
		return nil, outage(err, "read the open alerts")
	}
	defer func() { _ = rows.Close() }()
	var list []alert.Open
	for rows.Next() {
		var o alert.Open
		if err := rows.Scan(&o.ID, &o.Key.Cause, &o.Key.Entity, &o.Subject, &o.Title, &o.RaisedAt); err != nil {
			return nil, outage(err, "read the open alerts")
		}
		list = append(list, o)
	}
	return list, outage(rows.Err(), "read the open alerts")
}

// Told returns the newest subject that was ever told of each key.
func (db *DB) Told(ctx context.Context) (map[alert.Key]int64, error) {
	rows, err := db.sql.QueryContext(ctx, "SELECT cause, entity, MAX(subject) FROM sync_alert GROUP BY cause, entity")
	if err != nil {
		return nil, outage(err, "read what was told")
	}
	defer func() { _ = rows.Close() }()
	told := map[alert.Key]int64{}
	for rows.Next() {
		var k alert.Key
		var subject int64
		if err := rows.Scan(&k.Cause, &k.Entity, &subject); err != nil {
			return nil, outage(err, "read what was told")
		}
		told[k] = subject
	}
	return told, outage(rows.Err(), "read what was told")
}

// RefreshAlert gives the open alert of a key its words of now, so that its numbers
// follow the facts. It notifies nobody.
func (db *DB) RefreshAlert(ctx context.Context, a alert.Alert) error {
	_, err := db.sql.ExecContext(ctx, "UPDATE sync_alert SET title = ?, detail = ?, advice = ? WHERE open_key = ?",
		cut(a.Title, 255), cut(a.Text, 1024), cut(a.Do, 1024), a.String())
	return outage(err, "refresh an alert")
}

// Raise opens an alert and writes its notice for each channel, in one
// transaction: what is to be sent is known before anything is. An open alert of
// the same key with an older subject is replaced. False means that the alert is
// open already: another watcher was faster.
func (db *DB) Raise(ctx context.Context, a alert.Alert, channels []string) (opened bool, err error) {
	err = db.inTx(ctx, "raise an alert", func(tx *sql.Tx) error {
		opened = false
		_, err := tx.ExecContext(ctx, "UPDATE sync_alert SET open_key = NULL, closed_at = NOW(6), outcome = ? WHERE open_key = ? AND subject < ?",
			alert.Renewed, a.String(), a.Subject)
		if err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO sync_alert (cause, entity, subject, title, detail, advice, link, open_key, raised_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, NOW(6))`, a.Cause, a.Entity, a.Subject, cut(a.Title, 255), cut(a.Text, 1024), cut(a.Do, 1024),
			cut(a.Link, 512), a.String())
		var my *driver.MySQLError
		if errors.As(err, &my) && my.Number == duplicateKey {
			return nil
		}
		if err != nil {
			return err
		}
		id, err := res.LastInsertId()
		if err != nil {
			return err
		}
		opened = true
		return raised(ctx, tx, id, a, channels)
	})
	return opened, err
}

// raised writes what follows from a new alert.
func raised(ctx context.Context, tx *sql.Tx, id int64, a alert.Alert, channels []string) error {
	for _, channel := range channels {
		_, err := tx.ExecContext(ctx, "INSERT INTO sync_alert_notice (alert_id, event, channel, next_at) VALUES (?, ?, ?, NOW(6))", id, alert.Raised, channel)
		if err != nil {
			return err
		}
	}
	return note(ctx, tx, LogEntry{Severity: Warning, Entity: a.Entity, Message: fmt.Sprintf("alert %d raised: %s", id, a.Title)})
}

// AdvanceAlert writes the newest subject that an open alert stands for.
func (db *DB) AdvanceAlert(ctx context.Context, o alert.Open) error {
	_, err := db.sql.ExecContext(ctx, "UPDATE sync_alert SET subject = ? WHERE id = ? AND open_key IS NOT NULL AND subject < ?", o.Subject, o.ID, o.Subject)
	return outage(err, "bring an alert up to date")
}

// CloseAlert closes an alert. A recovery is told on the channels that were told
// of the trouble; an alert that is dropped ends without a word. False means that
// another watcher was faster.
func (db *DB) CloseAlert(ctx context.Context, o alert.Open, outcome alert.Outcome) (closed bool, err error) {
	err = db.inTx(ctx, "close an alert", func(tx *sql.Tx) error {
		n, err := touched(ctx, tx, "UPDATE sync_alert SET open_key = NULL, closed_at = NOW(6), outcome = ? WHERE id = ? AND open_key IS NOT NULL", outcome, o.ID)
		closed = n == 1
		if err != nil || !closed {
			return err
		}
		if outcome == alert.Recovered {
			_, err = tx.ExecContext(ctx, `INSERT INTO sync_alert_notice (alert_id, event, channel, next_at)
				SELECT alert_id, ?, channel, NOW(6) FROM sync_alert_notice WHERE alert_id = ? AND event = ? AND state IN ('waiting', 'sent') ORDER BY id`,
				alert.Ended, o.ID, alert.Raised)
			if err != nil {
				return err
			}
		}
		return note(ctx, tx, LogEntry{Entity: o.Key.Entity, Message: fmt.Sprintf("alert %d %s: %s", o.ID, outcome, o.Title)})
	})
	return closed, err
}

// AlertRow is a row of sync_alert with what became of its messages.
type AlertRow struct {
	ID       int64         `json:"id"`
	Cause    alert.Cause   `json:"cause"`
	Entity   string        `json:"entity,omitempty"`
	Title    string        `json:"title"`
	Text     string        `json:"text"`
	Do       string        `json:"do"`
	Link     string        `json:"link,omitempty"`
	Outcome  alert.Outcome `json:"outcome"`
	RaisedAt time.Time     `json:"raisedAt"`
	ClosedAt *time.Time    `json:"closedAt,omitempty"`
	Sent     int64         `json:"sent"`    // messages that arrived
	Waiting  int64         `json:"waiting"` // that are still to be sent
	Refused  int64         `json:"refused"` // that never will be
}

// Alerts returns the newest alerts, newest first; open alone if asked to.
func (db *DB) Alerts(ctx context.Context, open bool, limit int) ([]AlertRow, error) {
	only := ""
	if open {
		only = "WHERE a.open_key IS NOT NULL"
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT a.id, a.cause, a.entity, a.title, a.detail, a.advice, a.link, a.outcome, a.raised_at, a.closed_at,
		COALESCE(SUM(n.state = 'sent'), 0), COALESCE(SUM(n.state = 'waiting'), 0), COALESCE(SUM(n.state = 'refused'), 0)
		FROM (SELECT * FROM sync_alert a `+only+` ORDER BY a.id DESC LIMIT ?) AS a LEFT JOIN sync_alert_notice n ON n.alert_id = a.id
		GROUP BY a.id, a.cause, a.entity, a.title, a.detail, a.advice, a.link, a.outcome, a.raised_at, a.closed_at ORDER BY a.id DESC`, limit)
	if err != nil {
		return nil, outage(err, "read the alerts")
	}
	defer func() { _ = rows.Close() }()
	var list []AlertRow
	for rows.Next() {
		var a AlertRow
		if err := rows.Scan(&a.ID, &a.Cause, &a.Entity, &a.Title, &a.Text, &a.Do, &a.Link, &a.Outcome, &a.RaisedAt, &a.ClosedAt,
			&a.Sent, &a.Waiting, &a.Refused); err != nil {
			return nil, outage(err, "read the alerts")
		}
		list = append(list, a)
	}
	return list, outage(rows.Err(), "read the alerts")
}

// PruneAlerts removes alerts that closed longer ago than keepDays, and their
// notices, at most so many.
func (db *DB) PruneAlerts(ctx context.Context, keepDays, most int) error {
	return db.inTx(ctx, "prune the alerts", func(tx *sql.Tx) error {
		ids, err := oldAlerts(ctx, tx, keepDays, most)
		if err != nil || len(ids) == 0 {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM sync_alert_notice WHERE alert_id IN ("+marks(len(ids))+")", ids...); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM sync_alert WHERE id IN ("+marks(len(ids))+")", ids...)
		return err
	})
}

// oldAlerts returns the ids of alerts that closed longer ago than keepDays.
func oldAlerts(ctx context.Context, tx *sql.Tx, keepDays, most int) (ids []any, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT id FROM sync_alert WHERE closed_at < NOW(6) - INTERVAL ? DAY ORDER BY closed_at LIMIT ?", keepDays, most)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
