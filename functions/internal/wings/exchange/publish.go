package exchange

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/account"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	syncstore "gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// publishing is what the process function reads of the environment.
type publishing struct {
	Company string `env:"EXCHANGE_COMPANY"`
	// Publish lists the slices that entities feed: NAME=ENTITY:ACCOUNT, with commas
	// between.
	Publish []string `env:"EXCHANGE_PUBLISH"`
}

// Feed is a slice that holds the records of one account of an entity.
type Feed struct {
	Slice           exchange.ID
	Name            string
	Entity, Account string
	field           string // of the records, that holds the account
}

// SliceID returns the id of a slice that an entity feeds: the same in every process of
// a company.
func SliceID(company exchange.ID, name string) exchange.ID {
	return uuid.NewSHA1(company, []byte("slice "+name))
}

// feeds reads EXCHANGE_PUBLISH.
func feeds(company exchange.ID, list []string) ([]Feed, error) {
	var all []Feed
	for _, one := range list {
		name, from, ok := strings.Cut(one, "=")
		entity, tenant, both := strings.Cut(from, ":")
		entity, tenant = strings.TrimSpace(entity), strings.TrimSpace(tenant)
		name, err := exchange.CleanName(name)
		if !ok || !both || entity == "" || tenant == "" || err != nil {
			return nil, fmt.Errorf("EXCHANGE_PUBLISH: write NAME=ENTITY:ACCOUNT in place of %q", one)
		}
		all = append(all, Feed{Slice: SliceID(company, name), Name: name, Entity: entity, Account: tenant})
	}
	return all, nil
}

// publisher opens what the process function publishes to; nil where nothing is.
func publisher(ctx context.Context, o wire.Opening) (syncstore.Publisher, error) {
	var c publishing
	var defs wire.Definitions
	if err := wire.Configure(ctx, o.Lookup, &c, &defs); err != nil {
		return nil, err
	}
	if len(c.Publish) == 0 {
		return nil, nil
	}
	company, err := exchange.ParseID(c.Company)
	if err != nil {
		return nil, fmt.Errorf("EXCHANGE_PUBLISH needs EXCHANGE_COMPANY: the UUID of the company that owns this server")
	}
	list, err := feeds(company, c.Publish)
	if err != nil {
		return nil, err
	}
	entities, err := defs.Load()
	if err != nil {
		return nil, err
	}
	tables := store.New(o.Pool)
	for i := range list {
		d, err := entities.Named(list[i].Entity)
		if err != nil {
			return nil, err
		}
		if list[i].field = d.Account; d.Account == "" {
			return nil, fmt.Errorf("EXCHANGE_PUBLISH: the entity %s names no account field, so its records cannot be given to one partner alone", d.Name)
		}
		if err := tables.Slices.EnsureSlice(ctx, exchange.Slice{ID: list[i].Slice, Name: list[i].Name, Type: exchange.DefaultType, AllowSync: true}); err != nil {
			return nil, err
		}
	}
	return pages(list), nil
}

// pages publishes the records of pages. It implements the sync store's Publisher.
type pages []Feed

// Publish implements the sync store's Publisher. A record whose account is not the
// slice's, byte by byte, is not in the slice.
func (p pages) Publish(ctx context.Context, tx *sql.Tx, r run.Run, records []account.Current) error {
	entity := target.Parse(r.Entity).Base
	var tenants []string // read for the entity's first slice; all have one field
	for _, f := range p {
		if f.Entity != entity {
			continue
		}
		if tenants == nil {
			var err error
			if tenants, err = tenantsOf(records, f.field); err != nil {
				return err
			}
		}
		list := make([]store.Record, len(records))
		for i, one := range records {
			list[i].Key = one.ID
			if tenants[i] == f.Account {
				list[i].Body = one.Body
			}
		}
		if err := store.PublishRecords(ctx, tx, f.Slice, r.Window.To, list); err != nil {
			return err
		}
	}
	return nil
}

// tenantsOf returns the records' accounts, an empty text for none. No slice has an empty
// account.
func tenantsOf(records []account.Current, field string) ([]string, error) {
	tenants := make([]string, len(records))
	for i, one := range records {
		if one.Body == nil {
			continue
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(one.Body, &fields); err != nil {
			return nil, fmt.Errorf("the record %s cannot be read: %w", one.ID, err)
		}
		if json.Unmarshal(fields[field], &tenants[i]) != nil {
			tenants[i] = ""
		}
	}
	return tenants, nil
}
