package store

import (
	"context"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Seen is what the activities say of a company or of a subscription. Runs without update
// do not count.
type Seen struct {
	ID       exchange.ID
	LastGood time.Time // zero: never
	LastTry  time.Time // zero: never
	Error    string    // of the last try; empty if it succeeded
}

func scanSeen(row sqldb.Row) (s Seen, err error) {
	err = row.Scan(&s.ID, moment{&s.LastGood}, moment{&s.LastTry}, &s.Error)
	return s, err
}

// SeenCompanies returns what the activities say of each company.
func (s *Standing) SeenCompanies(ctx context.Context) ([]Seen, error) {
	return s.seen(ctx, "exchange_company", "company_id")
}

// SeenSubscriptions returns what the activities say of each subscription. A secondary
// keeps activities of failed ones alone.
func (s *Standing) SeenSubscriptions(ctx context.Context) ([]Seen, error) {
	return s.seen(ctx, "exchange_subscription", "sub_id")
}

// seen reads the newest activities of each row of a table, by an index that begins with
// the column.
func (s *Standing) seen(ctx context.Context, table, column string) ([]Seen, error) {
	newest := "(SELECT MAX(a.id) FROM exchange_activity a WHERE a." + column + " = t.id AND a.test = 0"
	list, err := sqldb.Collect(ctx, s.db, scanSeen, "SELECT t.id, good.created_at, tried.created_at, COALESCE(tried.error, '') FROM "+table+" t"+
		" LEFT JOIN exchange_activity good ON good.id = "+newest+" AND a.success = 1)"+
		" LEFT JOIN exchange_activity tried ON tried.id = "+newest+")")
	return list, sqldb.Outage(err, "read what the activities say")
}
