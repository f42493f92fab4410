// Package alertstore holds the SQL on alerts and on their outbox: sync_alert and
// sync_alert_notice. An alert and its outbox rows are written in one transaction
// before anything is sent.
package alertstore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Store is the tables of alerts. It is safe for concurrent use.
type Store struct{ db *sqldb.DB }

// New returns the store over a pool.
func New(db *sqldb.DB) *Store { return &Store{db} }

// OpenAlerts returns the alerts that are open.
func (s *Store) OpenAlerts(ctx context.Context) ([]alert.Open, error) {
	list, err := sqldb.Collect(ctx, s.db, func(row sqldb.Row) (o alert.Open, err error) {
		err = row.Scan(&o.ID, &o.Key.Cause, &o.Key.Entity, &o.Subject, &o.Title, &o.RaisedAt, &o.SnoozedUntil)
		return o, err
	}, `SELECT id, cause, entity, subject, title, raised_at, snoozed_until FROM sync_alert
		WHERE open_key IS NOT NULL ORDER BY id`)
	return list, sqldb.Outage(err, "read the open alerts")
}

// Reported returns the newest subject that was reported of each key.
func (s *Store) Reported(ctx context.Context) (map[alert.Key]int64, error) {
	reported := map[alert.Key]int64{}
	err := sqldb.Each(ctx, s.db, func(row sqldb.Row) error {
		var k alert.Key
		var subject int64
		err := row.Scan(&k.Cause, &k.Entity, &subject)
		reported[k] = subject
		return err
	}, "SELECT cause, entity, MAX(subject) FROM sync_alert GROUP BY cause, entity")
	return reported, sqldb.Outage(err, "read the subjects of the alerts")
}

// RefreshAlert rewrites the open alert of a key, so that its numbers follow the facts.
// It notifies nobody.
func (s *Store) RefreshAlert(ctx context.Context, a alert.Alert) error {
	_, err := s.db.ExecContext(ctx, "UPDATE sync_alert SET title = ?, detail = ?, advice = ? WHERE open_key = ?",
		sqldb.Cut(a.Title, 255), sqldb.Cut(a.Text, 1024), sqldb.Cut(a.Do, 1024), a.String())
	return sqldb.Outage(err, "refresh an alert")
}

// Raise opens an alert and writes its outbox row for each channel, in one transaction.
// It replaces an open alert of the same key with an older subject. False means that
// the alert is open already: another watcher was faster.
func (s *Store) Raise(ctx context.Context, a alert.Alert, channels []string) (opened bool, err error) {
	err = s.db.InTx(ctx, "raise an alert", func(tx *sql.Tx) error {
		opened = false
		_, err := tx.ExecContext(ctx, "UPDATE sync_alert SET open_key = NULL, closed_at = NOW(6), outcome = ? WHERE open_key = ? AND subject < ? AND (snoozed_until IS NULL OR snoozed_until <= NOW(6))",
			alert.Renewed, a.String(), a.Subject)
		if err != nil {
			return err
		}
		id, err := sqldb.Insert(ctx, tx, `INSERT INTO sync_alert (cause, entity, subject, title, detail, advice, link, open_key, raised_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, NOW(6))`, a.Cause, a.Entity, a.Subject, sqldb.Cut(a.Title, 255), sqldb.Cut(a.Text, 1024), sqldb.Cut(a.Do, 1024),
			sqldb.Cut(a.Link, 512), a.String())
		if sqldb.IsDuplicate(err) {
			return nil
		}
		if err != nil {
			return err
		}
		opened = true
		return raised(ctx, tx, id, a, channels)
	})
	return opened, err
}

// raised writes the outbox rows and the log entry of a new alert.
func raised(ctx context.Context, tx *sql.Tx, id int64, a alert.Alert, channels []string) error {
	for _, channel := range channels {
		_, err := tx.ExecContext(ctx, "INSERT INTO sync_alert_notice (alert_id, event, channel, next_at) VALUES (?, ?, ?, NOW(6))", id, alert.Raised, channel)
		if err != nil {
			return err
		}
	}
	return runlog.Write(ctx, tx, runlog.Entry{Severity: runlog.Warning, Subject: a.Entity, Message: fmt.Sprintf("alert %d raised: %s", id, a.Title)})
}

// AdvanceAlert writes the newest subject that an open alert stands for.
func (s *Store) AdvanceAlert(ctx context.Context, o alert.Open) error {
	_, err := s.db.ExecContext(ctx, "UPDATE sync_alert SET subject = ? WHERE id = ? AND open_key IS NOT NULL AND subject < ?", o.Subject, o.ID, o.Subject)
	return sqldb.Outage(err, "bring an alert up to date")
}

// CloseAlert closes an alert. A recovery is sent on the channels that the alert was
// sent on; an alert that is dropped ends without a message. False means that another
// watcher was faster.
func (s *Store) CloseAlert(ctx context.Context, o alert.Open, outcome alert.Outcome) (closed bool, err error) {
	err = s.db.InTx(ctx, "close an alert", func(tx *sql.Tx) error {
		n, err := sqldb.Affected(ctx, tx, "UPDATE sync_alert SET open_key = NULL, closed_at = NOW(6), outcome = ? WHERE id = ? AND open_key IS NOT NULL", outcome, o.ID)
		closed = n == 1
		if err != nil || !closed {
			return err
		}
		if outcome == alert.Recovered {
			_, err = tx.ExecContext(ctx, `INSERT INTO sync_alert_notice (alert_id, event, channel, next_at)
				SELECT alert_id, ?, channel, NOW(6) FROM sync_alert_notice WHERE alert_id = ? AND event = ? AND state IN ('waiting', 'sent', 'held') ORDER BY id`,
				alert.Ended, o.ID, alert.Raised)
			if err != nil {
				return err
			}
		}
		return runlog.Write(ctx, tx, runlog.Entry{Subject: o.Key.Entity, Message: fmt.Sprintf("alert %d %s: %s", o.ID, outcome, o.Title)})
	})
	return closed, err
}

// AlertRow is a row of sync_alert with the states of its messages.
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
	Waiting  int64         `json:"waiting"` // still to be sent
	Refused  int64         `json:"refused"` // given up

	AcknowledgedAt *time.Time `json:"acknowledgedAt,omitempty"`
	AcknowledgedBy string     `json:"acknowledgedBy,omitempty"`
	SnoozedUntil   *time.Time `json:"snoozedUntil,omitempty"` // then it is sent again if it still holds
	SnoozedBy      string     `json:"snoozedBy,omitempty"`
}

// Alerts returns the newest alerts, newest first; open alone if asked to.
func (s *Store) Alerts(ctx context.Context, open bool, limit int) ([]AlertRow, error) {
	return s.alerts(ctx, "NOT ? OR a.open_key IS NOT NULL", open, limit)
}

// Alert returns an alert; an unknown one is an error of kind fault.NotFound.
func (s *Store) Alert(ctx context.Context, id int64) (AlertRow, error) {
	list, err := s.alerts(ctx, "a.id = ?", id, 1)
	if err == nil && len(list) == 0 {
		err = fault.New(fault.NotFound, "unknown-alert", "there is no alert %d", id)
	}
	if err != nil {
		return AlertRow{}, err
	}
	return list[0], nil
}

// alerts reads alerts, newest first.
func (s *Store) alerts(ctx context.Context, where string, args ...any) ([]AlertRow, error) {
	list, err := sqldb.Collect(ctx, s.db, func(row sqldb.Row) (a AlertRow, err error) {
		err = row.Scan(&a.ID, &a.Cause, &a.Entity, &a.Title, &a.Text, &a.Do, &a.Link, &a.Outcome, &a.RaisedAt, &a.ClosedAt,
			&a.AcknowledgedAt, &a.AcknowledgedBy, &a.SnoozedUntil, &a.SnoozedBy, &a.Sent, &a.Waiting, &a.Refused)
		return a, err
	}, `SELECT a.id, a.cause, a.entity, a.title, a.detail, a.advice, a.link, a.outcome, a.raised_at, a.closed_at,
		a.acknowledged_at, a.acknowledged_by, a.snoozed_until, a.snoozed_by,
		COALESCE(SUM(n.state = 'sent'), 0), COALESCE(SUM(n.state = 'waiting'), 0), COALESCE(SUM(n.state = 'refused'), 0)
		FROM (SELECT * FROM sync_alert a WHERE `+where+` ORDER BY a.id DESC LIMIT ?) AS a LEFT JOIN sync_alert_notice n ON n.alert_id = a.id
		GROUP BY a.id, a.cause, a.entity, a.title, a.detail, a.advice, a.link, a.outcome, a.raised_at, a.closed_at,
		a.acknowledged_at, a.acknowledged_by, a.snoozed_until, a.snoozed_by ORDER BY a.id DESC`, args...)
	return list, sqldb.Outage(err, "read the alerts")
}

// PruneAlerts removes alerts that closed longer ago than keepDays, and their outbox
// rows, at most so many.
func (s *Store) PruneAlerts(ctx context.Context, keepDays, most int) error {
	return s.db.InTx(ctx, "prune the alerts", func(tx *sql.Tx) error {
		ids, err := sqldb.Collect(ctx, tx, sqldb.Column[int64],
			"SELECT id FROM sync_alert WHERE closed_at < NOW(6) - INTERVAL ? DAY ORDER BY closed_at LIMIT ?", keepDays, most)
		if err != nil || len(ids) == 0 {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM sync_alert_notice WHERE alert_id IN ("+sqldb.Marks(len(ids))+")", sqldb.Args(ids)...); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM sync_alert WHERE id IN ("+sqldb.Marks(len(ids))+")", sqldb.Args(ids)...)
		return err
	})
}
