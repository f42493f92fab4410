package store

import (
	"context"
	"database/sql"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Record implements exchange.Journal.
func (s *Activities) Record(ctx context.Context, a exchange.Activity) error {
	return sqldb.Outage(record(ctx, s.db, a), "keep an activity")
}

// record adds an activity.
func record(ctx context.Context, e sqldb.Execer, a exchange.Activity) error {
	_, err := e.ExecContext(ctx, `INSERT INTO exchange_activity (company_id, sub_id, success, test, message, error, duration, added, removed, bytes, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NOW(6))`, bin(a.CompanyID), bin(a.SubID), a.Success, a.Test, sqldb.Cut(a.Message, 512), sqldb.Cut(a.Error, 512),
		a.Duration, a.Added, a.Gone, a.Bytes)
	return err
}

const activityColumns = "id, company_id, sub_id, success, test, message, error, duration, added, removed, bytes, created_at"

func scanActivity(row sqldb.Row) (a exchange.Activity, err error) {
	err = row.Scan(&a.ID, &a.CompanyID, &a.SubID, &a.Success, &a.Test, &a.Message, &a.Error, &a.Duration, &a.Added, &a.Gone, &a.Bytes, &a.CreatedAt)
	return a, err
}

// List returns a page of activities, newest first, and their number.
func (s *Activities) List(ctx context.Context, offset, limit int) ([]exchange.Activity, int, error) {
	var total int
	if err := s.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM exchange_activity").Scan(&total); err != nil {
		return nil, 0, sqldb.Outage(err, "count the activities")
	}
	list, err := sqldb.Collect(ctx, s.db, scanActivity, "SELECT "+activityColumns+" FROM exchange_activity ORDER BY id DESC LIMIT ? OFFSET ?", limit, offset)
	return list, total, sqldb.Outage(err, "read the activities")
}

// Activity returns one activity.
func (s *Activities) Activity(ctx context.Context, id int64) (exchange.Activity, error) {
	a, err := scanActivity(s.db.QueryRowContext(ctx, "SELECT "+activityColumns+" FROM exchange_activity WHERE id = ?", id))
	return a, notThere(err, "activity")
}

// DeleteActivity removes one activity.
func (s *Activities) DeleteActivity(ctx context.Context, id int64) error {
	return notThere(sqldb.ExactlyOne(ctx, s.db, sql.ErrNoRows, "DELETE FROM exchange_activity WHERE id = ?", id), "activity")
}

// keepActivities is how many days activities are kept, pruneMost how many one call removes.
const (
	keepActivities = 90
	pruneMost      = 1000
)

// Prune removes old activities. The newest of each company and subscription stay, of
// successes and of failures: they say when a partner was last in line.
func (s *Activities) Prune(ctx context.Context) error {
	old, err := sqldb.Collect(ctx, s.db, sqldb.Column[int64], `SELECT a.id FROM exchange_activity a WHERE a.created_at < NOW(6) - INTERVAL ? DAY
		AND EXISTS (SELECT 1 FROM exchange_activity n WHERE n.company_id = a.company_id AND n.sub_id = a.sub_id AND n.success = a.success AND n.test = a.test AND n.id > a.id)
		ORDER BY a.id LIMIT ?`, keepActivities, pruneMost)
	if err == nil && len(old) > 0 {
		_, err = s.db.ExecContext(ctx, "DELETE FROM exchange_activity WHERE id IN ("+sqldb.Marks(len(old))+")", sqldb.Args(old)...)
	}
	return sqldb.Outage(err, "remove old activities")
}
