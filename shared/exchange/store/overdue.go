package store

import (
	"context"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Late is a partner without a good sync in a period.
type Late struct {
	ID       exchange.ID
	Name     string
	Activity int64  // the newest activity of a whole sync; 0 for none
	Error    string // of that activity
}

// Overdue returns the active partners with an address with which no sync succeeded in a
// period; a partner that is new has the period's time.
func (s *Standing) Overdue(ctx context.Context, period time.Duration) ([]Late, error) {
	list, err := sqldb.Collect(ctx, s.db, func(row sqldb.Row) (l Late, err error) {
		err = row.Scan(&l.ID, &l.Name, &l.Activity, &l.Error)
		return l, err
	}, `SELECT c.id, c.name, COALESCE(a.id, 0), COALESCE(a.error, '') FROM exchange_company c
		LEFT JOIN exchange_activity a ON a.id = (SELECT MAX(n.id) FROM exchange_activity n WHERE n.company_id = c.id AND n.sub_id = ?)
		WHERE c.active = 1 AND c.sync_addr IS NOT NULL AND c.created_at < NOW(6) - INTERVAL ? MICROSECOND
		AND NOT EXISTS (SELECT 1 FROM exchange_activity g WHERE g.company_id = c.id AND g.sub_id = ? AND g.success = 1 AND g.created_at >= NOW(6) - INTERVAL ? MICROSECOND)
		ORDER BY c.name`, bin(exchange.First), sqldb.Micros(period), bin(exchange.First), sqldb.Micros(period))
	return list, sqldb.Outage(err, "find partners without a sync")
}

// Absent returns, on a primary, the active companies with an active subscription that
// synced no slice in a period; a subscription that is new has the period's time.
func (s *Standing) Absent(ctx context.Context, period time.Duration) ([]Late, error) {
	list, err := sqldb.Collect(ctx, s.db, func(row sqldb.Row) (l Late, err error) {
		err = row.Scan(&l.ID, &l.Name, &l.Activity)
		return l, err
	}, `SELECT c.id, c.name, COALESCE((SELECT MAX(n.id) FROM exchange_activity n WHERE n.company_id = c.id), 0) FROM exchange_company c
		WHERE c.active = 1 AND EXISTS (SELECT 1 FROM exchange_subscription b WHERE b.company_id = c.id AND b.active = 1 AND b.created_at < NOW(6) - INTERVAL ? MICROSECOND)
		AND NOT EXISTS (SELECT 1 FROM exchange_activity g WHERE g.company_id = c.id AND g.success = 1 AND g.test = 0 AND g.created_at >= NOW(6) - INTERVAL ? MICROSECOND)
		ORDER BY c.name`, sqldb.Micros(period), sqldb.Micros(period))
	return list, sqldb.Outage(err, "find partners that do not sync")
}

// Failed is a partner with subscriptions whose last sync failed.
type Failed struct {
	ID            exchange.ID
	Name          string
	Subscriptions int
}

// FailedSubscriptions returns, on a secondary, the active partners with active
// subscriptions whose last sync failed.
func (s *Standing) FailedSubscriptions(ctx context.Context) ([]Failed, error) {
	list, err := sqldb.Collect(ctx, s.db, func(row sqldb.Row) (f Failed, err error) {
		err = row.Scan(&f.ID, &f.Name, &f.Subscriptions)
		return f, err
	}, `SELECT c.id, c.name, COUNT(*) FROM exchange_subscription b JOIN exchange_slice s ON s.id = b.slice_id JOIN exchange_company c ON c.id = b.company_id
		WHERE b.active = 1 AND b.vanished = 0 AND c.active = 1 AND s.sync_status = ? GROUP BY c.id, c.name ORDER BY c.name`, exchange.StatusError)
	return list, sqldb.Outage(err, "find subscriptions that failed")
}

// Keyless returns, on a primary, the names of the active companies with subscriptions
// and without a key that may be used now.
func (s *Standing) Keyless(ctx context.Context) ([]string, error) {
	list, err := sqldb.Collect(ctx, s.db, sqldb.Column[string], `SELECT c.name FROM exchange_company c WHERE c.active = 1
		AND EXISTS (SELECT 1 FROM exchange_subscription b WHERE b.company_id = c.id)
		AND NOT EXISTS (SELECT 1 FROM exchange_key k WHERE k.company_id = c.id AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > NOW(6))) ORDER BY c.name`)
	return list, sqldb.Outage(err, "find partners without a key")
}
