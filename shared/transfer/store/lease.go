package store

import (
	"context"
	"database/sql"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// Hold implements transfer.Leases.
func (s *Store) Hold(ctx context.Context, owner, token string, d time.Duration) (held bool, err error) {
	err = s.retried(ctx, "take the lease of the transfer worker", func() error {
		n, err := s.exec(ctx, s.db, s.d.text(`UPDATE transfer_lease SET owner = ?, token = ?, lease_until = {later}
			WHERE name = 'jobs' AND (token = ? OR token IS NULL OR lease_until IS NULL OR lease_until <= {now})`),
			sqldb.Cut(owner, 200), token, d.Microseconds(), token)
		held = n == 1
		return err
	})
	return held, err
}

// Release implements transfer.Leases.
func (s *Store) Release(ctx context.Context, token string) error {
	return s.retried(ctx, "give the lease of the transfer worker back", func() error {
		_, err := s.exec(ctx, s.db, "UPDATE transfer_lease SET token = NULL, lease_until = NULL WHERE name = 'jobs' AND token = ?", token)
		return err
	})
}

// Holder implements transfer.Leases.
func (s *Store) Holder(ctx context.Context) (h transfer.Holding, err error) {
	var token sql.NullString
	var until sql.NullTime
	err = s.db.QueryRowContext(ctx, s.d.text("SELECT owner, token, lease_until, {now} FROM transfer_lease WHERE name = 'jobs'")).
		Scan(&h.Owner, &token, &until, &h.Now)
	if err != nil {
		return transfer.Holding{}, sqldb.Outage(err, "read the lease of the transfer worker")
	}
	if h.Until = until.Time; token.Valid && h.Until.After(h.Now) {
		h.Token = token.String
		return h, nil
	}
	return transfer.Holding{Now: h.Now}, nil
}

// holds is the condition that a token holds the lease.
const holds = "EXISTS (SELECT 1 FROM transfer_lease AS l WHERE l.name = 'jobs' AND l.token = ? AND l.lease_until > {now})"
