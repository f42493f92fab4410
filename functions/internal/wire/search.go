package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/destination/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
	engine "gitlab.com/eshopbox-team/return-sync/shared/search/algolia"
)

// Search is the parts of the search function.
type Search struct {
	Schema    search.Schema
	Engine    search.Engine
	Identity  *identity.Verifier
	Freshness *search.Freshness
	Limits    SearchLimits
	Log       *slog.Logger
}

// SearchLimits is what the environment says about how much a caller may ask.
type SearchLimits struct {
	// Timeout bounds an answer as a whole.
	Timeout time.Duration `env:"SEARCH_TIMEOUT, default=8s"`
	// MaxBody is the most bytes of a request's body.
	MaxBody int64 `env:"SEARCH_MAX_BODY, default=262144"`
	// Rate is how many queries a second an account may ask for ever, and Burst
	// how many at once. Each query of a batch counts; Burst is at least a batch.
	Rate  float64 `env:"SEARCH_RATE, default=50"`
	Burst int     `env:"SEARCH_BURST, default=200"`
	// KeyTTL is how long a key for the index itself holds; 0 gives none. None is
	// the default, because only searches are documented to heed a key's filter:
	// whether reading a record by its objectID does has to be seen at the owner's
	// own index before keys are given out.
	KeyTTL time.Duration `env:"SEARCH_KEY_TTL, default=0s"`
	// Origins are the sites whose pages may call, such as https://portal.example.
	Origins []string `env:"SEARCH_ORIGINS"`
}

// maxKeyTTL bounds how long a key outlives the right to it: a key cannot be
// called back.
const maxKeyTTL = 24 * time.Hour

// check refuses limits that would refuse everything, or nothing.
func (l SearchLimits) check() error {
	var problems []error
	demand := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	demand(l.Timeout >= time.Millisecond, "SEARCH_TIMEOUT must be positive")
	demand(l.MaxBody > 0, "SEARCH_MAX_BODY must be positive")
	demand(l.Rate > 0, "SEARCH_RATE must be positive")
	demand(l.Burst >= search.MaxBatch, "SEARCH_BURST must be at least %d, the largest batch", search.MaxBatch)
	demand(l.KeyTTL >= 0 && l.KeyTTL <= maxKeyTTL, "SEARCH_KEY_TTL must be from 0 to %v", maxKeyTTL)
	for _, origin := range l.Origins {
		u, err := url.Parse(origin)
		demand(err == nil && u.Host != "" && u.Path == "" && (u.Scheme == "https" || u.Scheme == "http"),
			"SEARCH_ORIGINS has %q, which is no origin such as https://portal.example", origin)
	}
	return errors.Join(problems...)
}

// searchConfig is what the environment says about searching.
type searchConfig struct {
	Entity      string        `env:"SEARCH_ENTITY, default=returns"`
	AppID       string        `env:"ALGOLIA_APP_ID, required"`
	Key         string        `env:"ALGOLIA_SEARCH_KEY, required"`
	URL         string        `env:"ALGOLIA_URL"`
	ReadTimeout time.Duration `env:"ALGOLIA_READ_TIMEOUT, default=3s"`
	// Sorts are the orders for which the index has replicas.
	Sorts      []string      `env:"SEARCH_SORTS"`
	StaleAfter time.Duration `env:"SEARCH_STALE_AFTER, default=30m"`
	StateDSN   string        `env:"STATE_DSN, required"`
}

// Search opens the search function's parts.
func (e *Env) Search(ctx context.Context) (*Search, error) {
	var cfg searchConfig
	var who identity.Config
	var defs Definitions
	s := &Search{Log: e.Log}
	if err := Configure(ctx, e.Lookup, &cfg, &who, &defs, &s.Limits); err != nil {
		return nil, err
	}
	d, problem := defs.named(cfg.Entity)
	if problem == nil {
		s.Schema, problem = schemaOf(d, cfg.Sorts)
	}
	problems := []error{problem, s.Limits.check(), s.openIdentity(e, who), s.openEngine(cfg)}
	db, err := e.Store(Databases{SourceDSN: cfg.StateDSN, MaxConnections: 2})
	s.Freshness = &search.Freshness{
		StaleAfter: cfg.StaleAfter,
		Read:       func(ctx context.Context) (*time.Time, error) { return db.AsOf(ctx, d.JobType) },
		Failed: func(err error) {
			e.Log.Warn("asOf could not be read; answers are marked stale", "error", err)
		},
	}
	return s, errors.Join(append(problems, err)...)
}

// named reads the definitions and returns one.
func (d Definitions) named(name string) (entity.Definition, error) {
	entities, err := d.Load()
	if err != nil {
		return entity.Definition{}, err
	}
	return entities.Named(name)
}

// schemaOf returns what of an entity's index may be asked.
func schemaOf(d entity.Definition, names []string) (search.Schema, error) {
	s := search.Schema{Entity: d.Name, Index: d.Index, Account: d.Account}
	if d.Account == "" {
		return s, fmt.Errorf("%s/entity.yaml: account is missing: without it nothing fences the tenants", d.Source)
	}
	if d.Settings == nil {
		return s, fmt.Errorf("%s: settings.json is missing: nothing says what may be searched", d.Source)
	}
	for _, name := range names {
		o, err := search.ParseSort(name)
		if err != nil {
			return s, fmt.Errorf("SEARCH_SORTS: %w", err)
		}
		s.Sorts = append(s.Sorts, o)
	}
	return search.NewSchema(s, d.Settings)
}

// openIdentity opens the verifier.
func (s *Search) openIdentity(e *Env, cfg identity.Config) (err error) {
	if s.Identity, err = identity.New(cfg); err == nil {
		e.closing(s.Identity.Close)
	}
	return err
}

// openEngine opens the engine.
func (s *Search) openEngine(cfg searchConfig) error {
	conf, err := algolia.Configuration(cfg.AppID, cfg.Key, cfg.URL)
	if err == nil {
		s.Engine = engine.New(conf, engine.Config{Schema: s.Schema, ReadTimeout: cfg.ReadTimeout})
	}
	return err
}
