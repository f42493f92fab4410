package alertstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// OutboxRow is a message that waits to be sent on one channel.
type OutboxRow struct {
	ID       int64
	Channel  string
	Token    string
	Attempts int
	Message  alert.Message
	Age      time.Duration // how long the message has waited
}

// Take takes the first message that waits on a channel. False means that none can be
// sent now: a message that was put off holds back those behind it, because an end
// must not arrive before its beginning, and a channel that throttles throttles all.
func (s *Store) Take(ctx context.Context, channel string, g lease.Grant) (row OutboxRow, ok bool, err error) {
	var due bool
	err = s.db.QueryRowContext(ctx, "SELECT id, next_at <= NOW(6) AND "+lease.Over+`
		FROM sync_alert_notice WHERE channel = ? AND state = 'waiting' ORDER BY id LIMIT 1`, channel).Scan(&row.ID, &due)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	if err != nil || !due {
		return row, false, sqldb.Outage(err, "find a message to send")
	}
	ok, err = lease.Take(ctx, s.db, g, "UPDATE sync_alert_notice SET "+lease.Set+`, attempts = attempts + 1
		WHERE id = ? AND state = 'waiting' AND next_at <= NOW(6) AND `+lease.Over, row.ID)
	if err != nil || !ok {
		return row, false, sqldb.Outage(err, "take a message to send")
	}
	row.Token = g.Token
	return row, true, sqldb.Outage(row.read(ctx, s.db), "read a message to send")
}

// read reads an outbox row with its alert.
func (row *OutboxRow) read(ctx context.Context, q sqldb.Querier) error {
	m := &row.Message
	var raised, now, written time.Time
	err := q.QueryRowContext(ctx, `SELECT n.channel, n.attempts, n.event, a.id, a.cause, a.entity, a.title, a.detail, a.advice, a.link,
		a.reminded_at, a.raised_at, a.closed_at, NOW(6), CASE WHEN n.event = 'raised' THEN COALESCE(a.reminded_at, a.raised_at) ELSE COALESCE(a.closed_at, a.raised_at) END
		FROM sync_alert_notice n JOIN sync_alert a ON a.id = n.alert_id WHERE n.id = ?`, row.ID).
		Scan(&row.Channel, &row.Attempts, &m.Event, &m.AlertID, &m.Cause, &m.Entity, &m.Title, &m.Text, &m.Do, &m.Link, &m.RemindedAt, &raised, &m.RecoveredAt, &now, &written)
	if err != nil {
		return err
	}
	row.Age, m.RaisedAt = now.Sub(written), &raised
	if m.Event != alert.Ended {
		m.RecoveredAt = nil
	} else if m.RemindedAt = nil; m.RecoveredAt != nil {
		m.Text, m.Do = alert.Over(raised, *m.RecoveredAt), ""
	}
	return nil
}

// Sent notes that a message has arrived.
func (s *Store) Sent(ctx context.Context, row OutboxRow) error {
	m := row.Message
	return s.end(ctx, runlog.Entry{Subject: m.Entity, Message: fmt.Sprintf("alert %d sent to %s: %s", m.AlertID, row.Channel, m.Headline())},
		"UPDATE sync_alert_notice SET state = 'sent', sent_at = NOW(6), lease_until = NULL, last_error = '' WHERE id = ? AND token = ? AND state = 'waiting'", row.ID, row.Token)
}

// Refuse gives a message up: it will never be accepted.
func (s *Store) Refuse(ctx context.Context, row OutboxRow, reason string) error {
	m := row.Message
	e := runlog.Entry{Severity: runlog.Error, Subject: m.Entity, Message: fmt.Sprintf("alert %d could not be sent to %s and is given up: %s", m.AlertID, row.Channel, reason)}
	return s.end(ctx, e, "UPDATE sync_alert_notice SET state = 'refused', lease_until = NULL, last_error = ? WHERE id = ? AND token = ? AND state = 'waiting'",
		sqldb.Cut(reason, 255), row.ID, row.Token)
}

// end ends an outbox row and writes the log, if the row is still the caller's.
func (s *Store) end(ctx context.Context, e runlog.Entry, query string, args ...any) error {
	return s.db.InTx(ctx, "end a message", func(tx *sql.Tx) error {
		ended, err := sqldb.Affected(ctx, tx, query, args...)
		if err != nil || ended != 1 {
			return err
		}
		return runlog.Write(ctx, tx, e)
	})
}

// PutOff leaves a message to a later attempt, with the reason.
func (s *Store) PutOff(ctx context.Context, row OutboxRow, after time.Duration, reason string) error {
	_, err := s.db.ExecContext(ctx, `UPDATE sync_alert_notice SET next_at = NOW(6) + INTERVAL ? MICROSECOND, lease_until = NULL, last_error = ?
		WHERE id = ? AND token = ? AND state = 'waiting'`, sqldb.Micros(after), sqldb.Cut(reason, 255), row.ID, row.Token)
	return sqldb.Outage(err, "put a message off")
}

// Waiting returns how many messages are still to be sent.
func (s *Store) Waiting(ctx context.Context) (n int64, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM sync_alert_notice WHERE state = 'waiting'").Scan(&n)
	return n, sqldb.Outage(err, "count the messages to be sent")
}

// Expire gives up the messages that were due so long ago and that nobody tried to
// send: those of a channel that was removed.
func (s *Store) Expire(ctx context.Context, after time.Duration) error {
	_, err := s.db.ExecContext(ctx, `UPDATE sync_alert_notice SET state = 'refused', last_error = 'nobody sends on this channel any more'
		WHERE state = 'waiting' AND next_at < NOW(6) - INTERVAL ? MICROSECOND`, sqldb.Micros(after))
	return sqldb.Outage(err, "give up old messages")
}
