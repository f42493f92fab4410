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
func (s *Store) Overdue(ctx context.Context, period time.Duration) ([]Late, error) {
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
