// Package heartbeat keeps the programs' heartbeats, in the table sync_heartbeat.
package heartbeat

import (
	"context"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Store is the heartbeats' table. It is safe for concurrent use.
type Store struct{ db *sqldb.DB }

// New returns the store over a pool.
func New(db *sqldb.DB) *Store { return &Store{db} }

// within is how far two heartbeats of one period of life may be apart. One that comes
// later begins a new period, whether or not a watcher has seen the gap.
const within = 30 * time.Minute

// Beat says that a program is alive. It has to come at least every 30 minutes.
func (s *Store) Beat(ctx context.Context, name string) error {
	return s.BeatWithin(ctx, name, within)
}

// BeatWithin is Beat for a program whose heartbeats come at least every within.
func (s *Store) BeatWithin(ctx context.Context, name string, within time.Duration) error {
	// Assignments are made in order, so alive_since sees the values before.
	_, err := s.db.ExecContext(ctx, `INSERT INTO sync_heartbeat (name, alive, timestamp, alive_since) VALUES (?, 1, NOW(6), NOW(6))
		ON DUPLICATE KEY UPDATE
			alive_since = IF(alive = 0 OR timestamp < NOW(6) - INTERVAL ? MICROSECOND, NOW(6), alive_since),
			alive = 1, timestamp = NOW(6)`, name, sqldb.Micros(within))
	return sqldb.Outage(err, "write the heartbeat of "+name)
}

// MarkDead resets alive of a program whose last heartbeat is the one that was read.
// False means that a newer one has come, or that another watcher was faster.
func (s *Store) MarkDead(ctx context.Context, name string, last time.Time) (bool, error) {
	n, err := sqldb.Affected(ctx, s.db, "UPDATE sync_heartbeat SET alive = 0 WHERE name = ? AND alive = 1 AND timestamp = ?", name, last)
	return n == 1, sqldb.Outage(err, "reset the heartbeat of "+name)
}

// Heartbeats returns the heartbeats by the programs' names.
func (s *Store) Heartbeats(ctx context.Context) (map[string]judge.Heartbeat, error) {
	list, err := Read(ctx, s.db)
	return list, sqldb.Outage(err, "read the heartbeats")
}

// Read is Heartbeats within a transaction.
func Read(ctx context.Context, q sqldb.Querier) (map[string]judge.Heartbeat, error) {
	list := map[string]judge.Heartbeat{}
	return list, sqldb.Each(ctx, q, func(row sqldb.Row) error {
		var name string
		var h judge.Heartbeat
		err := row.Scan(&name, &h.Alive, &h.At, &h.Since)
		list[name] = h
		return err
	}, "SELECT name, alive, timestamp, alive_since FROM sync_heartbeat")
}
