// Package postgres is the online side's table of tokens in Odoo's own PostgreSQL database.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/tokens"
)

// exact is the form in which Odoo's texts hold the dates of the synchronisation.
const exact = "2006-01-02T15:04:05.000000Z"

// Table is the table. It is safe for concurrent use.
type Table struct {
	db    *sql.DB
	login string // of the synchronisation's user, who stands in the rows as their author
}

var _ tokens.Table = (*Table)(nil)

// New returns the table over a pool of Odoo's database.
func New(db *sql.DB, login string) *Table { return &Table{db: db, login: login} }

// The statements. A partner counts if it alone refers to the person.
const (
	create = `CREATE TEMPORARY TABLE token_batch (token bigint NOT NULL, person bigint NOT NULL, partner bigint, dated text NOT NULL, name text,
		expiration_date date, first_datetime_of_use timestamp, last_datetime_of_use timestamp, number_of_checks bigint) ON COMMIT DROP`
	partners = `UPDATE token_batch b SET partner = p.id FROM (SELECT sosync_fs_id, MIN(id) AS id FROM res_partner
		WHERE sosync_fs_id IN (SELECT person FROM token_batch) GROUP BY sosync_fs_id HAVING COUNT(*) = 1) p WHERE p.sosync_fs_id = b.person AND b.person <> 0`
	insert = `INSERT INTO res_partner_fstoken (name, partner_id, expiration_date, first_datetime_of_use, last_datetime_of_use, number_of_checks,
			sosync_fs_id, sosync_write_date, sosync_synced_version, create_uid, write_uid, create_date, write_date)
		SELECT DISTINCT ON (b.name) b.name, b.partner, b.expiration_date, b.first_datetime_of_use, b.last_datetime_of_use, b.number_of_checks,
			b.token, b.dated, b.dated, u.id, u.id, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
		FROM token_batch b LEFT JOIN res_users u ON u.login = $1
		WHERE b.partner IS NOT NULL AND b.name <> '' AND NOT EXISTS (SELECT 1 FROM res_partner_fstoken t WHERE t.name = b.name OR t.sosync_fs_id = b.token)
		ORDER BY b.name, b.token ON CONFLICT DO NOTHING`
	found = `SELECT b.token, COALESCE(MIN(t.id), 0), COUNT(t.id), COALESCE(MIN(t.sosync_write_date), ''), COALESCE(MIN(b.partner), 0)
		FROM token_batch b LEFT JOIN res_partner_fstoken t ON t.sosync_fs_id = b.token GROUP BY b.token ORDER BY b.token`
)

// Insert implements tokens.Table. All rows are stored, or none.
func (t *Table) Insert(ctx context.Context, list []tokens.Token) (kept []tokens.Kept, err error) {
	err = t.within(ctx, func(tx pgx.Tx) error {
		kept, err = t.insert(ctx, tx, list)
		return err
	}, false)
	return kept, err
}

// Check runs every statement and undoes them.
func (t *Table) Check(ctx context.Context) error {
	return t.within(ctx, func(tx pgx.Tx) error {
		_, err := t.insert(ctx, tx, []tokens.Token{{ID: -1, Person: -1, Fields: map[string]any{}}})
		return err
	}, true)
}

// within runs fn in a transaction of a connection.
func (t *Table) within(ctx context.Context, fn func(pgx.Tx) error, undo bool) (err error) {
	conn, err := t.db.Conn(ctx)
	if err != nil {
		return judge(err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	err = conn.Raw(func(c any) error {
		tx, err := c.(*stdlib.Conn).Conn().Begin(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // after a commit it does nothing
		if err := fn(tx); err != nil || undo {
			return err
		}
		return tx.Commit(ctx)
	})
	return judge(err)
}

// judge gives errors of the database the kind that says what may help.
func judge(err error) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	kind := fault.Retry
	var pg *pgconn.PgError
	if errors.As(err, &pg) && (pg.Code[:2] == "42" || pg.Code[:2] == "28" || pg.Code[:2] == "3D") { // a table, column, right, login or database
		kind = fault.Misconfigured
	}
	return fault.Wrap(err, kind, "online-database", "store tokens in Odoo's database")
}

// insert stores the rows and reads what is there.
func (t *Table) insert(ctx context.Context, tx pgx.Tx, list []tokens.Token) ([]tokens.Kept, error) {
	rows := make([][]any, len(list))
	for i, one := range list {
		row, err := values(one)
		if err != nil {
			return nil, err
		}
		rows[i] = row
	}
	if _, err := tx.Exec(ctx, create); err != nil {
		return nil, err
	}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"token_batch"}, append([]string{"token", "person", "dated"}, columns...), pgx.CopyFromRows(rows)); err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, partners); err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, insert, t.login); err != nil {
		return nil, err
	}
	answer, err := tx.Query(ctx, found)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(answer, func(row pgx.CollectableRow) (k tokens.Kept, err error) {
		var n int
		var dated string
		if err := row.Scan(&k.Token, &k.ID, &n, &dated, &k.Partner); err != nil {
			return k, err
		}
		if n > 1 { // a person decides which one it is
			k.ID = 0
		}
		k.Date, _ = transfer.Time(dated) // a text that is no date counts as none
		return k, nil
	})
}

// columns are those of a token's fields.
var columns = []string{"name", "expiration_date", "first_datetime_of_use", "last_datetime_of_use", "number_of_checks"}

// values returns the row of a token. A field that the flow does not bring is empty; one
// that the table does not have is a mistake.
func values(one tokens.Token) ([]any, error) {
	row := []any{one.ID, one.Person, one.Date.UTC().Format(exact)}
	for _, name := range columns {
		v, err := value(name, one.Fields[name])
		if err != nil {
			return nil, err
		}
		row = append(row, v)
	}
	for name := range one.Fields {
		if !slices.Contains(columns, name) {
			return nil, fault.New(fault.Misconfigured, "token-field", "the flow of tokens brings the field %s, which batches of tokens do not store: set token_batch_size = 0", name)
		}
	}
	return row, nil
}

// value returns a field's value in its column's type; nil for an empty one.
func value(name string, v any) (any, error) {
	if transfer.Empty(v) {
		return nil, nil
	}
	ok := true
	switch name {
	case "name":
		v = fmt.Sprint(v)
	case "number_of_checks":
		v, ok = transfer.ID(v)
	default:
		var at time.Time
		if at, ok = transfer.Time(v); ok {
			v = at.UTC()
		}
	}
	if !ok {
		return nil, fault.New(fault.Invalid, "token-value", "the field %s of a token holds %v", name, v)
	}
	return v, nil
}
