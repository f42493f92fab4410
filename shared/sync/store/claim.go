package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
)

// Claims is the table of claims: who may sync a job type, and up to when it is synced.
type Claims struct{ sql *sqldb.DB }

// claimColumns and scanClaim belong together.
const claimColumns = `id, job_type, status, date_range_start, date_range_end, COALESCE(token, ''), lease_until,
	COALESCE(occurrence_key, ''), created_at, updated_at, NOW(6)`

// scanClaim reads a row of claimColumns.
func scanClaim(row sqldb.Row) (claim.Row, error) {
	var r claim.Row
	err := row.Scan(&r.ID, &r.JobType, &r.Status, &r.RangeStart, &r.Watermark, &r.Token, &r.LeaseUntil,
		&r.Occurrence, &r.CreatedAt, &r.UpdatedAt, &r.Now)
	return r, err
}

// Newest returns the newest row of a job type and makes the first one if there
// is none: the owners inserted it by hand, and nobody should have to.
func (db *Claims) Newest(ctx context.Context, jobType string) (claim.Row, error) {
	r, err := db.newest(ctx, jobType)
	if !errors.Is(err, sql.ErrNoRows) {
		return r, sqldb.Outage(err, "read the newest claim")
	}
	// The unique bootstrap key lets one of many inserters win; the others find
	// its row.
	_, err = db.sql.ExecContext(ctx, `INSERT INTO order_return_algolia_sync (job_type, status, bootstrap_key)
		VALUES (?, 0, ?) ON DUPLICATE KEY UPDATE id = id`, jobType, jobType)
	if err != nil {
		return claim.Row{}, sqldb.Outage(err, "insert the first row of "+jobType)
	}
	r, err = db.newest(ctx, jobType)
	return r, sqldb.Outage(err, "read the first claim")
}

// newest reads the newest row; sql.ErrNoRows when there is none. The row has the job type
// that was asked for: an owner's may be in other letters, which the table takes for equal
// and a task's receiver would not.
func (db *Claims) newest(ctx context.Context, jobType string) (claim.Row, error) {
	r, err := scanClaim(db.sql.QueryRowContext(ctx, "SELECT "+claimColumns+`
		FROM order_return_algolia_sync WHERE job_type = ? ORDER BY created_at DESC, id DESC LIMIT 1`, jobType))
	r.JobType = jobType
	return r, err
}

// Grant is what a claim writes.
type Grant = claim.Grant

// takeClaim takes a claim's row if its token is still the one that was read.
const takeClaim = "UPDATE order_return_algolia_sync SET " + lease.Set + `, status = 1, occurrence_key = NULLIF(?, ''), updated_at = NOW(6)
	WHERE id = ? AND COALESCE(token, '') = ?`

// Claim takes a free row. False means that another tick was faster.
func (db *Claims) Claim(ctx context.Context, r claim.Row, g Grant) (bool, error) {
	ok, err := lease.Take(ctx, db.sql, lease.Grant{Token: g.Token, For: g.Lease}, takeClaim+" AND status = 0", g.Occurrence, r.ID, r.Token)
	return ok, sqldb.Outage(err, "claim "+r.JobType)
}

// ClaimAll is Claim for rows of several job types, each with a token of its own, and
// reports for each row whether it was taken.
func (db *Claims) ClaimAll(ctx context.Context, rows []claim.Row, grants []Grant) ([]bool, error) {
	taken := make([]bool, len(rows))
	if len(rows) == 1 {
		ok, err := db.Claim(ctx, rows[0], grants[0])
		taken[0] = ok
		return taken, err
	}
	var parts []string
	var args, ids []any
	for i, r := range rows {
		parts = append(parts, "SELECT ? AS id, ? AS was, ? AS token, ? AS occurrence, ? AS hold")
		args = append(args, r.ID, r.Token, grants[i].Token, grants[i].Occurrence, sqldb.Micros(grants[i].Lease))
		ids = append(ids, r.ID)
	}
	n, err := sqldb.Affected(ctx, db.sql, `UPDATE order_return_algolia_sync c JOIN (`+strings.Join(parts, " UNION ALL ")+`) AS g ON g.id = c.id
		SET c.token = g.token, c.lease_until = NOW(6) + INTERVAL g.hold MICROSECOND, c.status = 1, c.occurrence_key = NULLIF(g.occurrence, ''), c.updated_at = NOW(6)
		WHERE c.status = 0 AND COALESCE(c.token, '') = g.was`, args...)
	if err != nil {
		return nil, sqldb.Outage(err, "claim several windows")
	}
	if n == int64(len(rows)) {
		for i := range taken {
			taken[i] = true
		}
		return taken, nil
	}
	now := map[string]bool{}
	err = sqldb.Each(ctx, db.sql, func(row sqldb.Row) error {
		token, err := sqldb.Column[string](row)
		now[token] = true
		return err
	}, "SELECT COALESCE(token, '') FROM order_return_algolia_sync WHERE id IN ("+sqldb.Marks(len(ids))+")", ids...)
	for i, g := range grants {
		taken[i] = now[g.Token]
	}
	return taken, sqldb.Outage(err, "see which windows were claimed")
}

// TakeOver takes a row whose lease ran out, and in the same transaction closes
// the dead run as interrupted: its pages are abandoned, so a holder that is only
// slow can write nothing more, and its possible pushes become unconfirmed. It
// returns the dead run's id, 0 if the claim died before it began one. False
// means that another tick was faster or that the holder came back.
func (db *Claims) TakeOver(ctx context.Context, r claim.Row, g Grant) (dead int64, ok bool, err error) {
	err = db.sql.InTx(ctx, "take over "+r.JobType, func(tx *sql.Tx) error {
		ok, err = lease.Take(ctx, tx, lease.Grant{Token: g.Token, For: g.Lease}, takeClaim+" AND status <> 0 AND "+lease.Over, g.Occurrence, r.ID, r.Token)
		if err != nil || !ok {
			return err
		}
		dead, err = interrupt(ctx, tx, r.Token, "the lease ran out; the next tick took over")
		return err
	})
	return dead, ok, err
}

// errSuperseded is a task of a claim that is no longer the current one.
func errSuperseded(what string) error {
	return fault.New(fault.Superseded, "superseded", "%s belongs to a claim that has ended or was taken over; nothing to do", what)
}

// Renew keeps a claim alive when its lease is more than half used up.
func (db *Claims) Renew(ctx context.Context, id int64, token string, hold time.Duration) error {
	_, err := db.sql.ExecContext(ctx, `UPDATE order_return_algolia_sync
		SET lease_until = NOW(6) + INTERVAL ? MICROSECOND
		WHERE id = ? AND token = ? AND status <> 0 AND lease_until < NOW(6) + INTERVAL ? MICROSECOND`,
		sqldb.Micros(hold), id, token, sqldb.Micros(hold/2))
	return sqldb.Outage(err, "renew the claim")
}

// release gives a claim back. A nil window leaves the watermark where it was.
func release(ctx context.Context, tx sqldb.Execer, id int64, token string, from, to *time.Time) error {
	return sqldb.ExactlyOne(ctx, tx, errSuperseded("the run"), `UPDATE order_return_algolia_sync
		SET status = 0, lease_until = NULL, date_range_start = COALESCE(?, date_range_start),
		    date_range_end = COALESCE(?, date_range_end), updated_at = NOW(6)
		WHERE id = ? AND token = ? AND status <> 0`, from, to, id, token)
}

// Release gives a claim back that turned out to have nothing to do. The watermark
// stays. A claim that is no longer the caller's stays as it is.
func (db *Claims) Release(ctx context.Context, r claim.Row) error {
	_, err := db.sql.ExecContext(ctx, "UPDATE order_return_algolia_sync SET status = 0, lease_until = NULL WHERE id = ? AND token = ? AND status <> 0", r.ID, r.Token)
	return sqldb.Outage(err, "give the claim back")
}

// AsOf returns the end of the last run of a job type that closed with every
// record accounted for, nil before the first.
func (db *Claims) AsOf(ctx context.Context, jobType string) (*time.Time, error) {
	r, err := db.newest(ctx, jobType)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return r.Watermark, sqldb.Outage(err, "read as of")
}

// Claimed returns the row of a window task's claim, moved to processing and
// with its lease renewed. A claim that was taken over or has ended is an error
// of kind fault.Superseded.
func (db *Claims) Claimed(ctx context.Context, t claim.Task, lease time.Duration) (claim.Row, error) {
	err := sqldb.ExactlyOne(ctx, db.sql, errSuperseded("the window task"), `UPDATE order_return_algolia_sync
		SET status = 2, lease_until = NOW(6) + INTERVAL ? MICROSECOND, updated_at = NOW(6)
		WHERE id = ? AND token = ? AND status <> 0`, sqldb.Micros(lease), t.ID, t.Token)
	if err != nil {
		return claim.Row{}, sqldb.Outage(err, "begin the claim's run")
	}
	r, err := scanClaim(db.sql.QueryRowContext(ctx, "SELECT "+claimColumns+" FROM order_return_algolia_sync WHERE id = ?", t.ID))
	return r, sqldb.Outage(err, "read the claim")
}
