package store

import (
	"context"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Limiter is rate limits in the database, by the database's clock. Calls are reserved
// one after the other (the generic cell rate algorithm, a token bucket without a
// counter), so processes that wait for one name take turns. It implements
// report.Limiter.
type Limiter struct {
	Store *Store
	// Most is the longest wait; a call that would have to wait longer is
	// fault.Throttled.
	Most time.Duration
	// Sleep waits, or returns the context's error when that ends first; nil waits in
	// real time.
	Sleep func(ctx context.Context, d time.Duration) error
}

// nowMicros is the database's clock in microseconds since 1970.
const nowMicros = "CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)"

// Wait implements report.Limiter.
func (l *Limiter) Wait(ctx context.Context, name string, r report.Rate) error {
	wait, err := l.Store.reserve(ctx, name, r, l.Most)
	if err != nil || wait == 0 {
		return err
	}
	if l.Sleep != nil {
		return l.Sleep(ctx, wait)
	}
	return clock.Sleep(ctx, wait)
}

// Block implements report.Limiter.
func (l *Limiter) Block(ctx context.Context, name string, d time.Duration) error {
	_, err := l.Store.db.ExecContext(ctx, "INSERT INTO report_limit (name, blocked_us) VALUES (?, "+nowMicros+` + ?)
		ON DUPLICATE KEY UPDATE blocked_us = GREATEST(blocked_us, VALUES(blocked_us))`, name, sqldb.Micros(d))
	return sqldb.Outage(err, "block a rate limit")
}

// reserve takes the next call of a name and returns how long to wait for it.
func (s *Store) reserve(ctx context.Context, name string, r report.Rate, most time.Duration) (time.Duration, error) {
	step := int64(1e6 / r.PerSecond)
	burst := step * int64(max(r.Burst, 1)-1)
	_, err := s.db.ExecContext(ctx, "INSERT IGNORE INTO report_limit (name) VALUES (?)", name)
	if err != nil {
		return 0, sqldb.Outage(err, "open a rate limit")
	}
	// A call may begin burst before the time that even spacing gives it, but not while
	// the name is blocked; after a block the spacing begins anew.
	res, err := s.db.ExecContext(ctx, `UPDATE report_limit SET
			wait_us = LAST_INSERT_ID(GREATEST(0, next_us - ? - `+nowMicros+`, blocked_us - `+nowMicros+`)),
			next_us = GREATEST(next_us, `+nowMicros+`, blocked_us) + ?
		WHERE name = ? AND GREATEST(next_us - ?, blocked_us) - `+nowMicros+` <= ?`, burst, step, name, burst, sqldb.Micros(most))
	if err != nil {
		return 0, sqldb.Outage(err, "take a call of a rate limit")
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, sqldb.Outage(err, "take a call of a rate limit")
	}
	if n == 1 {
		wait, err := res.LastInsertId()
		return time.Duration(wait) * time.Microsecond, sqldb.Outage(err, "take a call of a rate limit")
	}
	var wait int64
	err = s.db.QueryRowContext(ctx, "SELECT GREATEST(0, next_us - ? - "+nowMicros+", blocked_us - "+nowMicros+") FROM report_limit WHERE name = ?", burst, name).Scan(&wait)
	if err != nil {
		return 0, sqldb.Outage(err, "read a rate limit")
	}
	return 0, fault.New(fault.Throttled, "rate-limited", "the rate limit %s is used up for now", name).WithAfter(time.Duration(wait) * time.Microsecond)
}
