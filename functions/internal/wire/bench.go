package wire

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

// Bench is what the console needs beside our tables: the rows, the comparison of source,
// ledger and index, and the settings of indices.
type Bench struct {
	Source *Source
	// Ledger compares source and ledger, Deep the index as well; Deep is nil without
	// ALGOLIA_BROWSE_KEY.
	Ledger verify.Verifier
	Deep   *verify.Verifier
	// Settings compares and pushes settings; nil without ALGOLIA_SETTINGS_KEY.
	Settings *IndexSettings
}

// bench opens the console's bench. Nothing connects before it is used.
func (e *Env) bench(ctx context.Context, c *Console) (*Bench, error) {
	var db Databases
	if err := Configure(ctx, e.Lookup, &db); err != nil {
		return nil, err
	}
	b := &Bench{}
	var err error
	if b.Source, err = e.Source(db); err != nil {
		return nil, err
	}
	if b.Ledger, err = e.verifierOver(ctx, b.Source, c.Store, false); err != nil {
		return nil, err
	}
	if key, _ := e.Lookup.Lookup("ALGOLIA_BROWSE_KEY"); key != "" {
		deep, err := e.verifierOver(ctx, b.Source, c.Store, true)
		if err != nil {
			return nil, err
		}
		b.Deep = &deep
	}
	if c.Config.SettingsKey == "" {
		return b, nil
	}
	var at struct {
		AppID string `env:"ALGOLIA_APP_ID, required"`
		URL   string `env:"ALGOLIA_URL"`
	}
	b.Settings = &IndexSettings{}
	if err := Configure(ctx, e.Lookup, &at, &b.Settings.sorting); err != nil {
		return nil, err
	}
	b.Settings.Index, err = algolia.NewAdmin(algolia.AdminConfig{AppID: at.AppID, Key: c.Config.SettingsKey, URL: at.URL})
	return b, err
}
