package wire

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/destination/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
	engine "gitlab.com/eshopbox-team/return-sync/shared/search/algolia"
)

// Search is the parts of the search function.
type Search struct {
	Entity     entity.Definition
	Engine     search.Engine
	Identity   *identity.Verifier
	AsOf       func(context.Context) (*time.Time, error)
	StaleAfter time.Duration
	Log        *slog.Logger
}

// searchConfig is what the environment says about searching.
type searchConfig struct {
	Entity     string        `env:"SEARCH_ENTITY, default=returns"`
	AppID      string        `env:"ALGOLIA_APP_ID, required"`
	Key        string        `env:"ALGOLIA_SEARCH_KEY, required"`
	URL        string        `env:"ALGOLIA_URL"`
	StaleAfter time.Duration `env:"SEARCH_STALE_AFTER, default=30m"`
	StateDSN   string        `env:"STATE_DSN, required"`
}

// Search opens the search function's parts.
func (e *Env) Search(ctx context.Context) (*Search, error) {
	var cfg searchConfig
	var who identity.Config
	var defs Definitions
	if err := Configure(ctx, e.Lookup, &cfg, &who, &defs); err != nil {
		return nil, err
	}
	s := &Search{StaleAfter: cfg.StaleAfter, Log: e.Log}
	entities, problem := defs.Load()
	if problem == nil {
		s.Entity, problem = entities.Named(cfg.Entity)
	}
	var problems [3]error
	s.Identity, problems[0] = identity.New(who)
	conf, err := algolia.Configuration(cfg.AppID, cfg.Key, cfg.URL)
	s.Engine, problems[1] = engine.New(conf), err
	db, err := e.Store(Databases{SourceDSN: cfg.StateDSN, MaxConnections: 2})
	problems[2] = err
	s.AsOf = func(ctx context.Context) (*time.Time, error) { return db.AsOf(ctx, s.Entity.JobType) }
	return s, errors.Join(problem, errors.Join(problems[:]...))
}
