package alertstore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Acknowledge notes that a person looks after an open alert. The alert stays open. False
// means that the alert is closed, or that another person was faster.
func (s *Store) Acknowledge(ctx context.Context, id int64, who string) (bool, error) {
	n, err := sqldb.Affected(ctx, s.db, `UPDATE sync_alert SET acknowledged_at = NOW(6), acknowledged_by = ?
		WHERE id = ? AND open_key IS NOT NULL AND acknowledged_at IS NULL`, sqldb.Cut(who, 255), id)
	return n == 1, sqldb.Outage(err, "acknowledge an alert")
}

// Snooze lets an open alert send nothing for a time; messages that it has in the outbox
// are held. No time ends a snooze with the next round. False means that the alert is
// closed.
func (s *Store) Snooze(ctx context.Context, id int64, who string, d time.Duration) (snoozed bool, err error) {
	err = s.db.InTx(ctx, "snooze an alert", func(tx *sql.Tx) error {
		n, err := sqldb.Affected(ctx, tx, "UPDATE sync_alert SET snoozed_until = NOW(6) + INTERVAL ? MICROSECOND, snoozed_by = ? WHERE id = ? AND open_key IS NOT NULL",
			sqldb.Micros(d), sqldb.Cut(who, 255), id)
		snoozed = n == 1
		if err != nil || !snoozed {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE sync_alert_notice SET state = 'held' WHERE alert_id = ? AND event = ? AND state = 'waiting'", id, alert.Raised)
		return err
	})
	return snoozed, err
}

// Remind ends a snooze that is over and sends the alert again on every channel. False
// means that the alert is closed or snoozed anew, or that another watcher was faster.
func (s *Store) Remind(ctx context.Context, o alert.Open, channels []string) (reminded bool, err error) {
	err = s.db.InTx(ctx, "send an alert again", func(tx *sql.Tx) error {
		n, err := sqldb.Affected(ctx, tx, `UPDATE sync_alert SET snoozed_until = NULL, reminded_at = NOW(6)
			WHERE id = ? AND open_key IS NOT NULL AND snoozed_until <= NOW(6)`, o.ID)
		reminded = n == 1
		if err != nil || !reminded {
			return err
		}
		for _, channel := range channels {
			_, err := tx.ExecContext(ctx, `INSERT INTO sync_alert_notice (alert_id, event, channel, next_at) VALUES (?, ?, ?, NOW(6))
				ON DUPLICATE KEY UPDATE state = 'waiting', attempts = 0, next_at = NOW(6), token = NULL, lease_until = NULL, sent_at = NULL, last_error = ''`,
				o.ID, alert.Raised, channel)
			if err != nil {
				return err
			}
		}
		return runlog.Write(ctx, tx, runlog.Entry{Severity: runlog.Warning, Subject: o.Key.Entity, Message: fmt.Sprintf("alert %d still holds after its snooze: %s", o.ID, o.Title)})
	})
	return reminded, err
}
