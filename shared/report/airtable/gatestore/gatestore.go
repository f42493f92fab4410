// Package gatestore holds the SQL on the table report_slot, the gates of Airtable's
// bases that all processes share, by the database's clock.
package gatestore

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Store is the gates. It implements airtable.Gate and is safe for concurrent use.
type Store struct {
	DB *sqldb.DB
	// Most is the longest wait at a gate; a request that would have to wait longer is
	// fault.Throttled.
	Most time.Duration
}

// The times of a slot.
const (
	lease = time.Minute            // of a request whose process dies
	look  = 200 * time.Millisecond // between two attempts to take a slot, at most
	rest  = time.Second            // after a request
)

// Enter implements airtable.Gate.
func (s *Store) Enter(ctx context.Context, base string) (airtable.Slot, error) {
	token := rand.Text()
	for waited := time.Duration(0); ; {
		n, err := sqldb.Affected(ctx, s.DB, `UPDATE report_slot SET token = ?, free_at = NOW(6) + INTERVAL ? MICROSECOND
			WHERE base = ? AND free_at <= NOW(6) ORDER BY free_at, slot LIMIT 1`, token, sqldb.Micros(lease), base)
		if err != nil {
			return airtable.Slot{}, sqldb.Outage(err, "take a slot of an Airtable base")
		}
		if n == 1 {
			slot := airtable.Slot{Token: token}
			err := s.DB.QueryRowContext(ctx, "SELECT slot FROM report_slot WHERE base = ? AND token = ?", base, token).Scan(&slot.Number)
			return slot, sqldb.Outage(err, "read a slot of an Airtable base")
		}
		wait, err := s.wait(ctx, base)
		if err != nil {
			return airtable.Slot{}, err
		}
		if waited+wait > s.Most {
			return airtable.Slot{}, fault.New(fault.Throttled, "airtable-gate", "requests to the Airtable base have to wait").WithAfter(wait)
		}
		wait = min(wait, look)
		waited += wait
		if err := clock.Sleep(ctx, wait); err != nil {
			return airtable.Slot{}, err
		}
	}
}

// wait returns how long no slot will be free, and makes the slots of a new base.
func (s *Store) wait(ctx context.Context, base string) (time.Duration, error) {
	var slots, micros int64
	err := s.DB.QueryRowContext(ctx, "SELECT COUNT(*), COALESCE(GREATEST(0, TIMESTAMPDIFF(MICROSECOND, NOW(6), MIN(free_at))), 0) FROM report_slot WHERE base = ?", base).Scan(&slots, &micros)
	if err == nil && slots < airtable.Slots {
		// In one statement, so that nobody sees a part of them, all taken.
		values := strings.TrimSuffix(strings.Repeat("(?, ?, NOW(6), NOW(6)), ", airtable.Slots), ", ")
		var args []any
		for n := range airtable.Slots {
			args = append(args, base, n)
		}
		micros = 0
		_, err = s.DB.ExecContext(ctx, "INSERT IGNORE INTO report_slot (base, slot, free_at, blocked_until) VALUES "+values, args...)
	}
	return time.Duration(micros) * time.Microsecond, sqldb.Outage(err, "read the slots of an Airtable base")
}

// Leave implements airtable.Gate. A slot whose lease has ended belongs to another
// request and stays.
func (s *Store) Leave(ctx context.Context, base string, slot airtable.Slot, spare time.Duration) error {
	_, err := s.DB.ExecContext(ctx, `UPDATE report_slot SET free_at = GREATEST(NOW(6) + INTERVAL ? MICROSECOND, blocked_until)
		WHERE base = ? AND slot = ? AND token = ?`, sqldb.Micros(rest-spare), base, slot.Number, slot.Token)
	return sqldb.Outage(err, "free a slot of an Airtable base")
}

// Block implements airtable.Gate.
func (s *Store) Block(ctx context.Context, base string, d time.Duration) error {
	_, err := s.DB.ExecContext(ctx, `UPDATE report_slot SET blocked_until = GREATEST(blocked_until, NOW(6) + INTERVAL ? MICROSECOND),
		free_at = GREATEST(free_at, blocked_until) WHERE base = ?`, sqldb.Micros(d), base)
	return sqldb.Outage(err, "block an Airtable base")
}
