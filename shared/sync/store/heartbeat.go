package store

import (
	"context"
	"database/sql"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
)

// beatWithin is how far two beats of one time of life may be apart. A beat that
// comes later began a new one, whether or not a watcher has seen the gap.
const beatWithin = 30 * time.Minute

// Beat says that a program is alive. It has to come at least every 30 minutes.
func (db *DB) Beat(ctx context.Context, name string) error {
	return db.BeatWithin(ctx, name, beatWithin)
}

// BeatWithin is Beat for a program whose beats come at least every within.
func (db *DB) BeatWithin(ctx context.Context, name string, within time.Duration) error {
	// Assignments are made in order, so alive_since sees the values before.
	_, err := db.sql.ExecContext(ctx, `INSERT INTO sync_heartbeat (name, alive, timestamp, alive_since) VALUES (?, 1, NOW(6), NOW(6))
		ON DUPLICATE KEY UPDATE
			alive_since = IF(alive = 0 OR timestamp < NOW(6) - INTERVAL ? MICROSECOND, NOW(6), alive_since),
			alive = 1, timestamp = NOW(6)`, name, micros(within))
	return outage(err, "write the heartbeat of "+name)
}

// MarkDead resets alive of a program whose last beat is the one that was read.
// False means that it has beaten since, or that another watcher was faster.
func (db *DB) MarkDead(ctx context.Context, name string, last time.Time) (bool, error) {
	n, err := touched(ctx, db.sql, "UPDATE sync_heartbeat SET alive = 0 WHERE name = ? AND alive = 1 AND timestamp = ?", name, last)
	return n == 1, outage(err, "reset the heartbeat of "+name)
}

// Heartbeats returns the signs of life by the programs' names.
func (db *DB) Heartbeats(ctx context.Context) (map[string]alert.Heartbeat, error) {
	list, err := heartbeats(ctx, db.sql)
	return list, outage(err, "read the heartbeats")
}

// queryer is a transaction or the pool.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// heartbeats reads all rows of sync_heartbeat.
func heartbeats(ctx context.Context, from queryer) (map[string]alert.Heartbeat, error) {
	rows, err := from.QueryContext(ctx, "SELECT name, alive, timestamp, alive_since FROM sync_heartbeat")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	list := map[string]alert.Heartbeat{}
	for rows.Next() {
		var name string
		var h alert.Heartbeat
		if err := rows.Scan(&name, &h.Alive, &h.At, &h.Since); err != nil {
			return nil, err
		}
		list[name] = h
	}
	return list, rows.Err()
}
