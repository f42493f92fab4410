package reports

import (
	"context"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable/base"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable/base/basestore"
	"gitlab.com/eshopbox-team/return-sync/shared/report/airtable/gatestore"
	"gitlab.com/eshopbox-team/return-sync/shared/report/store"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule/schedulestore"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// airtableConfig holds the environment's settings of Airtable.
type airtableConfig struct {
	URL   string `env:"AIRTABLE_URL"`
	Token string `env:"AIRTABLE_TOKEN"`
	// Base is the base that reports go to, SyncBase the one in which people work.
	Base     string `env:"AIRTABLE_BASE"`
	SyncBase string `env:"AIRTABLE_SYNC_BASE"`
}

// airtableSettings are those names for the command line's file.
var airtableSettings = []wire.Setting{
	{Name: "AIRTABLE_URL", Help: "address of Airtable's Web API, for an emulator"},
	{Name: "AIRTABLE_TOKEN", Help: "personal access token of Airtable (secret): data.records:read and write, schema.bases:read and write"},
	{Name: "AIRTABLE_BASE", Help: "id of the Airtable base that reports go to"},
	{Name: "AIRTABLE_SYNC_BASE", Help: "id of the SYNC base, in which people see and edit schedules, types and reports; empty: none"},
}

// client returns a client of one base.
func (c airtableConfig) client(pool *sqldb.DB, of string) *airtable.Client {
	return &airtable.Client{
		URL: c.URL, Base: of, Token: c.Token,
		Gate:   &gatestore.Store{DB: pool, Most: limitWait},
		Policy: airtable.DefaultPolicy(httpcall.Clock{Now: time.Now}),
	}
}

// SyncBase opens the SYNC base; nil where the environment names none.
func SyncBase(ctx context.Context, o wire.Opening) (*base.Base, error) {
	var c airtableConfig
	if err := wire.Configure(ctx, o.Lookup, &c); err != nil {
		return nil, err
	}
	if c.SyncBase == "" {
		return nil, nil
	}
	if c.Token == "" {
		return nil, fmt.Errorf("the configuration is not complete:\n  AIRTABLE_TOKEN is missing: the token of the base %s", c.SyncBase)
	}
	reports := store.New(o.Pool)
	return &base.Base{
		Client: c.client(o.Pool, c.SyncBase), Store: basestore.New(o.Pool),
		Types: reports.Types, Reports: reports, Schedules: schedulestore.New(o.Pool),
	}, nil
}

// keepBase opens what brings the SYNC base in step.
func keepBase(ctx context.Context, o wire.Opening, keep time.Duration) (func(context.Context, time.Time) (any, error), error) {
	b, err := SyncBase(ctx, o)
	if err != nil {
		return nil, err
	}
	if b != nil {
		b.Keep = keep
	}
	return func(ctx context.Context, now time.Time) (any, error) {
		if b == nil {
			return map[string]string{"message": "AIRTABLE_SYNC_BASE is not set"}, nil
		}
		return b.Round(ctx, now)
	}, nil
}

// watched opens what the watcher writes into the SYNC base.
func watched(ctx context.Context, o wire.Opening) (func(context.Context, bool, time.Time) error, error) {
	b, err := SyncBase(ctx, o)
	if b == nil || err != nil {
		return nil, err
	}
	return func(ctx context.Context, alive bool, now time.Time) error {
		_, err := b.Beat(ctx, alive, now)
		return err
	}, nil
}

// checkBase compares the SYNC base with what this program writes.
func checkBase(ctx context.Context, o wire.Opening) []doctor.Finding {
	b, err := SyncBase(ctx, o)
	switch {
	case err != nil:
		return []doctor.Finding{{Severity: doctor.Fail, Message: err.Error()}}
	case b == nil:
		return []doctor.Finding{{Severity: doctor.OK, Message: "AIRTABLE_SYNC_BASE is not set: there is no SYNC base"}}
	}
	wrong, err := b.Check(ctx)
	if err != nil {
		severity := doctor.Fail
		if fault.Retryable(err) {
			severity = doctor.Warn
		}
		return []doctor.Finding{{Severity: severity, Message: err.Error()}}
	}
	var found []doctor.Finding
	for _, one := range wrong {
		found = append(found, doctor.Finding{Severity: doctor.Fail, Message: one})
	}
	if len(found) == 0 {
		found = append(found, doctor.Finding{Severity: doctor.OK, Message: "the SYNC base has its tables and fields"})
	}
	return found
}
