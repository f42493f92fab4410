// Package signout keeps the operators' tokens that were signed out, in the table
// sync_signout, until they end by themselves. It keeps their hashes alone, so that nobody
// who reads the table can act with a token.
package signout

import (
	"context"
	"crypto/sha256"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Store is the table of ended tokens. It is safe for concurrent use.
type Store struct{ db *sqldb.DB }

// New returns the store over a pool.
func New(db *sqldb.DB) *Store { return &Store{db} }

// margin is how long a row outlives its token: more than the clocks of the database and of
// a function, and what is overlooked at a token's end, can differ.
const margin = time.Hour

// End refuses a token from now on, wherever it is used. signed is what the token's
// signature covers: the signature itself has several spellings. left is the token's
// remaining life.
func (s *Store) End(ctx context.Context, signed string, left time.Duration) error {
	_, err := s.db.ExecContext(ctx, "DELETE FROM sync_signout WHERE expires_at < NOW(6)")
	if err == nil {
		_, err = s.db.ExecContext(ctx, "INSERT IGNORE INTO sync_signout (token_hash, expires_at) VALUES (?, NOW(6) + INTERVAL ? MICROSECOND)",
			hash(signed), sqldb.Micros(left+margin))
	}
	return sqldb.Outage(err, "note that a session has ended")
}

// Ended reports whether a token was signed out. Rows are found by the token's hash, so
// the time of an answer gives nothing of a token away. Where the table is not there yet,
// nobody could sign out.
func (s *Store) Ended(ctx context.Context, signed string) (bool, error) {
	list, err := sqldb.Collect(ctx, s.db, sqldb.Column[int], "SELECT 1 FROM sync_signout WHERE token_hash = ?", hash(signed))
	if sqldb.IsNoTable(err) {
		return false, nil
	}
	return len(list) > 0, sqldb.Outage(err, "see whether a session has ended")
}

// hash is a token's key in the table.
func hash(signed string) []byte {
	sum := sha256.Sum256([]byte(signed))
	return sum[:]
}
