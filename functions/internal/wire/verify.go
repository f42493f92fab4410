package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/join"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

// Verify holds the parts of the verify function.
type Verify struct {
	Verifier verify.Verifier
	Store    *store.DB
	Entities entity.List
	Config   VerifyConfig
	Log      *slog.Logger
}

// VerifyConfig holds the environment's settings of the hourly comparison.
type VerifyConfig struct {
	// Shares is the number of calls that cover all roots: 24 hourly calls a day.
	Shares int `env:"VERIFY_SHARES, default=24"`
	// Time is the time limit of a call, which ends after the step that passes it.
	Time time.Duration `env:"VERIFY_TIME, default=4m"`
}

// Verify opens the verify function. With ALGOLIA_BROWSE_KEY the function also compares
// the index.
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

// Verifier opens the comparison of source, ledger and, if deep, the index.
func (e *Env) Verifier(ctx context.Context, db Databases, state *store.DB, deep bool) (verify.Verifier, error) {
	src, err := e.Source(db)
	if err != nil {
		return verify.Verifier{}, err
	}
	return e.verifierOver(ctx, src, state, deep)
}

// verifierOver is Verifier with a source that is open.
func (e *Env) verifierOver(ctx context.Context, src *Source, state *store.DB, deep bool) (verify.Verifier, error) {
	v := verify.Verifier{Roots: src, Rows: src}
	join.Verifier(&v, state)
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
