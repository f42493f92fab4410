package store

import (
	"context"
	"database/sql"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Key is a key with which a partner's server logs in. The key itself is not kept.
type Key struct {
	ID        exchange.ID `json:"id"`
	CompanyID exchange.ID `json:"company_id"`
	Hash      []byte      `json:"-"` // SHA-256 of the secret part
	CreatedAt time.Time   `json:"created_at"`
	ExpiresAt time.Time   `json:"expires_at"` // zero: while no newer key replaces it
	RevokedAt time.Time   `json:"revoked_at"` // zero: not revoked
	LastUsed  time.Time   `json:"last_used"`
}

const keyColumns = "id, company_id, hash, created_at, expires_at, revoked_at, last_used"

func scanKey(row sqldb.Row) (k Key, err error) {
	err = row.Scan(&k.ID, &k.CompanyID, &k.Hash, &k.CreatedAt, moment{&k.ExpiresAt}, moment{&k.RevokedAt}, moment{&k.LastUsed})
	return k, err
}

// keepKeys is how many days a key is kept that expired or was revoked.
const keepKeys = 90

// AddKey adds a key for a company. Older keys stay valid for overlap, so that the
// partner can change over; those that ended long ago are removed.
func (s *Keys) AddKey(ctx context.Context, k Key, overlap time.Duration) error {
	return s.db.InTx(ctx, "add a key", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE exchange_key SET expires_at = NOW(6) + INTERVAL ? MICROSECOND
			WHERE company_id = ? AND (expires_at IS NULL OR expires_at > NOW(6) + INTERVAL ? MICROSECOND)`, sqldb.Micros(overlap), bin(k.CompanyID), sqldb.Micros(overlap))
		if err == nil {
			_, err = tx.ExecContext(ctx, "DELETE FROM exchange_key WHERE company_id = ? AND LEAST(COALESCE(revoked_at, expires_at), COALESCE(expires_at, revoked_at)) < NOW(6) - INTERVAL ? DAY",
				bin(k.CompanyID), keepKeys)
		}
		if err == nil {
			_, err = tx.ExecContext(ctx, "INSERT INTO exchange_key (id, company_id, hash, created_at) VALUES (?, ?, ?, NOW(6))", bin(k.ID), bin(k.CompanyID), k.Hash)
		}
		return err
	})
}

// ValidKey returns a key that may be used now.
func (s *Keys) ValidKey(ctx context.Context, id exchange.ID) (Key, error) {
	k, err := scanKey(s.db.QueryRowContext(ctx, "SELECT "+keyColumns+" FROM exchange_key WHERE id = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > NOW(6))", bin(id)))
	return k, notThere(err, "key")
}

// KeyUsed notes that a key was used.
func (s *Keys) KeyUsed(ctx context.Context, id exchange.ID) error {
	_, err := s.db.ExecContext(ctx, "UPDATE exchange_key SET last_used = NOW(6) WHERE id = ?", bin(id))
	return sqldb.Outage(err, "note a key's use")
}

// List returns the keys of a company, or of all for a nil company, newest first.
func (s *Keys) List(ctx context.Context, company *exchange.ID) ([]Key, error) {
	where, args := "", []any(nil)
	if company != nil {
		where, args = " WHERE company_id = ?", []any{bin(*company)}
	}
	list, err := sqldb.Collect(ctx, s.db, scanKey, "SELECT "+keyColumns+" FROM exchange_key"+where+" ORDER BY created_at DESC, id", args...)
	return list, sqldb.Outage(err, "read the keys")
}

// RevokeKey ends a key at once.
func (s *Keys) RevokeKey(ctx context.Context, id exchange.ID) error {
	err := sqldb.ExactlyOne(ctx, s.db, sql.ErrNoRows, "UPDATE exchange_key SET revoked_at = COALESCE(revoked_at, NOW(6)) WHERE id = ?", bin(id))
	return notThere(err, "key")
}
