package store

import (
	"context"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Hold takes the right to sync with a partner for a time. It returns the function that
// gives the right back, and a fault.Superseded while another sync with the partner
// runs.
func (s *Store) Hold(ctx context.Context, partner exchange.ID, most time.Duration) (release func(), err error) {
	token := lease.NewToken()
	if _, err := s.db.ExecContext(ctx, "INSERT IGNORE INTO exchange_session (company_id) VALUES (?)", bin(partner)); err != nil {
		return nil, sqldb.Outage(err, "prepare the row of a partner's syncs")
	}
	ok, err := lease.Take(ctx, s.db, lease.Grant{Token: token, For: most}, "UPDATE exchange_session SET "+lease.Set+" WHERE company_id = ? AND "+lease.Over, bin(partner))
	if err != nil {
		return nil, sqldb.Outage(err, "take the right to sync with a partner")
	}
	if !ok {
		return nil, fault.New(fault.Superseded, "sync-running", "a sync with this partner is running; wait for its end")
	}
	return func() {
		_, err := s.db.ExecContext(context.WithoutCancel(ctx), "UPDATE exchange_session SET lease_until = NULL WHERE company_id = ? AND token = ?", bin(partner), token)
		if err != nil {
			s.db.Log.WarnContext(ctx, "the right to sync with a partner could not be given back; it ends by itself", "error", err)
		}
	}, nil
}
