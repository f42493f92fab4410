package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"unicode/utf8"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

const companyColumns = "id, name, COALESCE(sync_addr, ''), active, sync_key IS NOT NULL, created_at, updated_at"

func scanCompany(row sqldb.Row) (c exchange.Company, err error) {
	err = row.Scan(&c.ID, &c.Name, &c.SyncAddr, &c.Active, &c.HasKey, &c.CreatedAt, &c.UpdatedAt)
	return c, err
}

// notThere classifies the error of a query for one row.
func notThere(err error, what string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "not-found", "there is no such %s", what)
	}
	return sqldb.Outage(err, "read a "+what)
}

// taken is the error of a name or pair that another row has.
func taken(err error, what string) error {
	if sqldb.IsDuplicate(err) {
		return fault.Wrap(err, fault.Superseded, "taken", what)
	}
	return err
}

// emptyNull returns NULL for an empty text.
func emptyNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// Company returns a company.
func (s *Companies) Company(ctx context.Context, id exchange.ID) (exchange.Company, error) {
	c, err := scanCompany(s.db.QueryRowContext(ctx, "SELECT "+companyColumns+" FROM exchange_company WHERE id = ?", bin(id)))
	return c, notThere(err, "company")
}

// ascii reports whether a text can be in a column of ASCII. A server refuses to compare
// another text with one.
func ascii(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf })
}

// CompanyAt returns the company with a sync address.
func (s *Companies) CompanyAt(ctx context.Context, address string) (exchange.Company, error) {
	if !ascii(address) {
		return exchange.Company{}, notThere(sql.ErrNoRows, "company")
	}
	c, err := scanCompany(s.db.QueryRowContext(ctx, "SELECT "+companyColumns+" FROM exchange_company WHERE sync_addr = ?", address))
	return c, notThere(err, "company")
}

// List returns all companies by name.
func (s *Companies) List(ctx context.Context) ([]exchange.Company, error) {
	list, err := sqldb.Collect(ctx, s.db, scanCompany, "SELECT "+companyColumns+" FROM exchange_company ORDER BY name")
	return list, sqldb.Outage(err, "read the companies")
}

// CreateCompany adds a company. Its name is clean.
func (s *Companies) CreateCompany(ctx context.Context, c exchange.Company) error {
	_, err := s.db.ExecContext(ctx, "INSERT INTO exchange_company (id, name, sync_addr, active, created_at, updated_at) VALUES (?, ?, ?, ?, NOW(6), NOW(6))",
		bin(c.ID), c.Name, emptyNull(c.SyncAddr), c.Active)
	return sqldb.Outage(taken(err, "another company has this id, name or address"), "add a company")
}

// UpdateCompany writes a company's name, address and flag.
func (s *Companies) UpdateCompany(ctx context.Context, c exchange.Company) error {
	err := sqldb.ExactlyOne(ctx, s.db, sql.ErrNoRows, "UPDATE exchange_company SET name = ?, sync_addr = ?, active = ?, updated_at = NOW(6) WHERE id = ?",
		c.Name, emptyNull(c.SyncAddr), c.Active, bin(c.ID))
	return notThere(taken(err, "another company has this name or address"), "company")
}

// SetSyncKey keeps the sealed key with which this server logs in at a partner's.
func (s *Companies) SetSyncKey(ctx context.Context, company exchange.ID, sealed []byte) error {
	err := sqldb.ExactlyOne(ctx, s.db, sql.ErrNoRows, "UPDATE exchange_company SET sync_key = ?, updated_at = NOW(6) WHERE id = ?", sealed, bin(company))
	return notThere(err, "company")
}

// SyncKey returns the sealed key of a partner, nil for none.
func (s *Companies) SyncKey(ctx context.Context, company exchange.ID) (sealed []byte, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT sync_key FROM exchange_company WHERE id = ?", bin(company)).Scan(&sealed)
	return sealed, notThere(err, "company")
}

// DeleteCompany removes a company that has no subscriptions, with its users and keys.
func (s *Companies) DeleteCompany(ctx context.Context, id exchange.ID) error {
	return s.db.InTx(ctx, "remove a company", func(tx *sql.Tx) error {
		var subs int
		if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM exchange_subscription WHERE company_id = ?", bin(id)).Scan(&subs); err != nil {
			return err
		}
		if subs > 0 {
			return fault.New(fault.Superseded, "in-use", "the company has %d subscriptions: remove them first", subs)
		}
		for _, table := range []string{"exchange_user", "exchange_key", "exchange_activity", "exchange_session"} {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE company_id = ?", bin(id)); err != nil {
				return err
			}
		}
		return notThere(sqldb.ExactlyOne(ctx, tx, sql.ErrNoRows, "DELETE FROM exchange_company WHERE id = ?", bin(id)), "company")
	})
}
