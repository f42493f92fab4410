package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
)

// Notice is a message that is to be sent on one channel.
type Notice struct {
	ID       int64
	Channel  string
	Token    string
	Attempts int
	Message  alert.Message
	// Age is how long the message has been waiting.
	Age time.Duration
}

// TakeNotice takes the first message that waits on a channel, with a lease, so
// that nobody else sends it meanwhile. False means that there is none to be sent
// now: a message that was put off holds back those behind it, because trouble
// must not be told after its end, and a channel that throttles throttles all.
func (db *DB) TakeNotice(ctx context.Context, channel, token string, lease time.Duration) (n Notice, ok bool, err error) {
	var due bool
	err = db.sql.QueryRowContext(ctx, `SELECT id, next_at <= NOW(6) AND (lease_until IS NULL OR lease_until <= NOW(6))
		FROM sync_alert_notice WHERE channel = ? AND state = 'waiting' ORDER BY id LIMIT 1`, channel).Scan(&n.ID, &due)
	if errors.Is(err, sql.ErrNoRows) {
		return n, false, nil
	}
	if err != nil || !due {
		return n, false, outage(err, "find a message to send")
	}
	taken, err := touched(ctx, db.sql, `UPDATE sync_alert_notice SET token = ?, lease_until = NOW(6) + INTERVAL ? MICROSECOND, attempts = attempts + 1
		WHERE id = ? AND state = 'waiting' AND next_at <= NOW(6) AND (lease_until IS NULL OR lease_until <= NOW(6))`, token, micros(lease), n.ID)
	if err != nil || taken != 1 {
		return n, false, outage(err, "take a message to send")
	}
	n.Token = token
	return n, true, outage(n.read(ctx, db.sql), "read a message to send")
}

// read reads a notice with its alert.
func (n *Notice) read(ctx context.Context, db *sql.DB) error {
	m := &n.Message
	var raised, now, written time.Time
	err := db.QueryRowContext(ctx, `SELECT n.channel, n.attempts, n.event, a.id, a.cause, a.entity, a.title, a.detail, a.advice, a.link,
		a.raised_at, a.closed_at, NOW(6), CASE WHEN n.event = 'raised' THEN a.raised_at ELSE COALESCE(a.closed_at, a.raised_at) END
		FROM sync_alert_notice n JOIN sync_alert a ON a.id = n.alert_id WHERE n.id = ?`, n.ID).
		Scan(&n.Channel, &n.Attempts, &m.Event, &m.AlertID, &m.Cause, &m.Entity, &m.Title, &m.Text, &m.Do, &m.Link, &raised, &m.RecoveredAt, &now, &written)
	if err != nil {
		return err
	}
	n.Age, m.RaisedAt = now.Sub(written), &raised
	if m.Event != alert.Ended {
		m.RecoveredAt = nil
	} else if m.RecoveredAt != nil {
		m.Text, m.Do = alert.Over(raised, *m.RecoveredAt), ""
	}
	return nil
}

// NoticeSent notes that a message has arrived.
func (db *DB) NoticeSent(ctx context.Context, n Notice) error {
	return db.endNotice(ctx, LogEntry{Entity: n.Message.Entity, Message: fmt.Sprintf("alert %d sent to %s: %s", n.Message.AlertID, n.Channel, n.Message.Headline())},
		"UPDATE sync_alert_notice SET state = 'sent', sent_at = NOW(6), lease_until = NULL, last_error = '' WHERE id = ? AND token = ? AND state = 'waiting'", n.ID, n.Token)
}

// RefuseNotice gives a message up: it will never be taken.
func (db *DB) RefuseNotice(ctx context.Context, n Notice, reason string) error {
	return db.endNotice(ctx, LogEntry{Severity: Error, Entity: n.Message.Entity, Message: fmt.Sprintf("alert %d could not be sent to %s and is given up: %s", n.Message.AlertID, n.Channel, reason)},
		"UPDATE sync_alert_notice SET state = 'refused', lease_until = NULL, last_error = ? WHERE id = ? AND token = ? AND state = 'waiting'", cut(reason, 255), n.ID, n.Token)
}

// endNotice ends a notice and writes the log, if it is still the caller's.
func (db *DB) endNotice(ctx context.Context, e LogEntry, query string, args ...any) error {
	return db.inTx(ctx, "end a message", func(tx *sql.Tx) error {
		ended, err := touched(ctx, tx, query, args...)
		if err != nil || ended != 1 {
			return err
		}
		return note(ctx, tx, e)
	})
}

// PutOffNotice leaves a message to a later attempt, with the reason.
func (db *DB) PutOffNotice(ctx context.Context, n Notice, after time.Duration, reason string) error {
	_, err := db.sql.ExecContext(ctx, `UPDATE sync_alert_notice SET next_at = NOW(6) + INTERVAL ? MICROSECOND, lease_until = NULL, last_error = ?
		WHERE id = ? AND token = ? AND state = 'waiting'`, micros(after), cut(reason, 255), n.ID, n.Token)
	return outage(err, "put a message off")
}

// WaitingNotices returns how many messages are still to be sent.
func (db *DB) WaitingNotices(ctx context.Context) (n int64, err error) {
	err = db.sql.QueryRowContext(ctx, "SELECT COUNT(*) FROM sync_alert_notice WHERE state = 'waiting'").Scan(&n)
	return n, outage(err, "count the messages to be sent")
}

// ExpireNotices gives up the messages that nobody has tried to send for so long:
// of a channel that is no more.
func (db *DB) ExpireNotices(ctx context.Context, after time.Duration) error {
	_, err := db.sql.ExecContext(ctx, `UPDATE sync_alert_notice SET state = 'refused', last_error = 'nobody sends on this channel any more'
		WHERE state = 'waiting' AND next_at < NOW(6) - INTERVAL ? MICROSECOND`, micros(after))
	return outage(err, "give up old messages")
}
