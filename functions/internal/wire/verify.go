package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

// Verify is the parts of the verify function.
type Verify struct {
	Verifier verify.Verifier
	Store    *store.DB
	Entities entity.List
	Config   VerifyConfig
	Log      *slog.Logger
}

// VerifyConfig is what the environment says about the comparison that runs by
// itself.
type VerifyConfig struct {
	// Shares is how many calls go over all roots: 24 hourly calls a day.
	Shares int `env:"VERIFY_SHARES, default=24"`
	// Time bounds a call; it ends after the step in which this much has passed.
	Time time.Duration `env:"VERIFY_TIME, default=4m"`
}

// Verify opens the verify function. With ALGOLIA_BROWSE_KEY it compares the index
// as well.
func (e *Env) Verify(ctx context.Context) (*Verify, error) {
	var db Databases
	var defs Definitions
	v := &Verify{Log: e.Log}
	if err := Configure(ctx, e.Lookup, &db, &defs, &v.Config); err != nil {
		return nil, err
	}
	if v.Config.Shares < 1 || v.Config.Time <= 0 {
		return nil, fmt.Errorf("VERIFY_SHARES must be at least 1 and VERIFY_TIME positive")
	}
	var problems [3]error
	key, _ := e.Lookup.Lookup("ALGOLIA_BROWSE_KEY")
	v.Entities, problems[0] = defs.Load()
	v.Store, problems[1] = e.Store(db)
	v.Verifier, problems[2] = e.Verifier(ctx, db, v.Store, key != "")
	return v, errors.Join(problems[:]...)
}

// Verifier opens what compares source, ledger and, if it is to be deep, index.
func (e *Env) Verifier(ctx context.Context, db Databases, state *store.DB, deep bool) (verify.Verifier, error) {
	src, err := e.Source(db)
	if err != nil {
		return verify.Verifier{}, err
	}
	v := verify.Verifier{Roots: src, Rows: src, Ledger: state, State: state}
	if !deep {
		return v, nil
	}
	var index algolia.BrowseConfig
	if err := Configure(ctx, e.Lookup, &index); err != nil {
		return v, err
	}
	browser, err := algolia.NewBrowser(index)
	if err == nil {
		v.Index = browser
	}
	return v, err
}
