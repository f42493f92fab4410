package exchange

import (
	"context"
	"log/slog"
	"time"

	function "gitlab.com/eshopbox-team/return-sync/functions/exchange"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/rest"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/states"
)

// Open opens a server of the wing over a pool. now is the clock of tokens and
// durations; steps, if not nil, is called between two steps of a session.
func Open(pool *sqldb.DB, settings function.Settings, log *slog.Logger, now func() time.Time, steps states.Steps) (function.Parts, *Partners, error) {
	if err := settings.Check(); err != nil {
		return function.Parts{}, nil, err
	}
	company, err := exchange.ParseID(settings.Company)
	if err != nil {
		return function.Parts{}, nil, err
	}
	sealer, err := exchange.NewSealer(settings.KeySecret)
	if err != nil {
		return function.Parts{}, nil, err
	}
	tables := store.New(pool)
	partners := &Partners{
		Store: tables, Sealer: sealer, HTTP: rest.NewHTTP(settings.AllowPrivate), Settings: settings, Company: company, Log: log, Now: now, Steps: steps,
	}
	primary := &exchange.Primary{Server: company, Catalog: tables.Subscriptions, Content: tables.Grains, Journal: tables.Activities, Log: log, Steps: steps}
	return function.Parts{
		Store: tables, Audit: audit.New(pool), Syncer: partners, Session: &Sessions{Primary: primary, Store: tables, Log: log, Now: now},
		Sealer: sealer, Log: log, Settings: settings, Now: now,
	}, partners, nil
}

// parts opens the wing's parts from the environment.
func parts(ctx context.Context, o wire.Opening) (function.Parts, *Partners, error) {
	var settings function.Settings
	if err := wire.Configure(ctx, o.Lookup, &settings); err != nil {
		return function.Parts{}, nil, err
	}
	return Open(o.Pool, settings, o.Log, time.Now, o.Steps)
}
