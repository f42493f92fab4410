package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/metrics"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
	engine "gitlab.com/eshopbox-team/return-sync/shared/search/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Search holds the parts of the search function.
type Search struct {
	Measured *metrics.Searches // nil: nothing is measured
	Served                     // the entity that answers where a request names none
	Others   []*Served
	Identity *identity.Verifier
	Limits   SearchLimits
	Log      *slog.Logger
}

// All returns the served entities, the first one first.
func (s *Search) All() []*Served { return append([]*Served{&s.Served}, s.Others...) }

// Served is one entity that is searched.
type Served struct {
	Schema    search.Schema
	Engine    search.Engine
	Freshness *search.Freshness
	// edition is the live index, nil for Schema and Engine.
	edition atomic.Pointer[Edition]
}

// Edition is one index and its engine. A rebuild that becomes live brings another
// edition.
type Edition struct {
	Schema search.Schema
	Engine search.Engine
}

// Edition returns the live index, as of Freshness's last reading.
func (s *Served) Edition() Edition {
	if e := s.edition.Load(); e != nil {
		return *e
	}
	return Edition{Schema: s.Schema, Engine: s.Engine}
}

// SearchLimits holds the environment's limits of requests.
type SearchLimits struct {
	// Timeout is the time limit of a whole answer.
	Timeout time.Duration `env:"SEARCH_TIMEOUT, default=8s"`
	// MaxBody is the largest body of a request in bytes.
	MaxBody int64 `env:"SEARCH_MAX_BODY, default=65536"`
	// MaxHits is the most hits that a batch may ask for, and MaxAnswer the most bytes of
	// the index's answer to one request.
	MaxHits   int   `env:"SEARCH_MAX_HITS, default=500"`
	MaxAnswer int64 `env:"SEARCH_MAX_ANSWER, default=4194304"`
	// Memory is the most bytes of all answers in progress in an instance: first the
	// index's largest possible answer counts, then the real one, until the caller has
	// read it. A request that gets no memory within Wait is refused and may be repeated.
	// An account has at most half.
	Memory int64         `env:"SEARCH_MEMORY, default=50331648"`
	Wait   time.Duration `env:"SEARCH_WAIT, default=2s"`
	// AtOnce is the most requests that an instance admits, waiting ones included, and an
	// account at most half of them. Terraform has Cloud Run send fewer.
	AtOnce int `env:"SEARCH_AT_ONCE, default=100"`
	// Rate is an account's sustained queries a second, and Burst the most at once. Each
	// query of a batch counts, and a batch has at most Burst queries.
	Rate  float64 `env:"SEARCH_RATE, default=50"`
	Burst int     `env:"SEARCH_BURST, default=200"`
	// KeyTTL is the life of a key for the index itself; 0, the default, gives none,
	// because a key's filter binds searches and not the reading of a record by its
	// objectID: give keys only with ids that nobody can guess (see
	// Definitions.SecretIDs). Doctor checks this.
	KeyTTL time.Duration `env:"SEARCH_KEY_TTL, default=0s"`
	// Origins are the sites whose pages may call, such as https://portal.example.
	Origins []string `env:"SEARCH_ORIGINS"`
}

// maxKeyTTL limits the time by which a key outlives the right to it: a key cannot be
// revoked.
const maxKeyTTL = 24 * time.Hour

// leastBurst is the least allowance of an account, in queries.
const leastBurst = 20

// MaxBatch returns how many queries a batch may have: an account's allowance admits no
// larger one.
func (l SearchLimits) MaxBatch() int { return min(search.MaxBatch, l.Burst) }

// check refuses limits that admit no request, or any.
func (l SearchLimits) check() error {
	var problems []error
	demand := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	demand(l.Timeout >= time.Millisecond, "SEARCH_TIMEOUT must be positive")
	demand(l.MaxBody > 0, "SEARCH_MAX_BODY must be positive")
	demand(l.MaxHits > 0, "SEARCH_MAX_HITS must be positive")
	demand(l.MaxAnswer >= 1<<20, "SEARCH_MAX_ANSWER must be at least 1048576: a smaller limit refuses too many answers")
	demand(l.Memory >= l.MaxAnswer, "SEARCH_MEMORY must be at least SEARCH_MAX_ANSWER, or the largest answers could never be given")
	demand(l.Wait >= time.Millisecond && l.Wait <= l.Timeout, "SEARCH_WAIT must be positive and at most SEARCH_TIMEOUT")
	demand(l.AtOnce > 0, "SEARCH_AT_ONCE must be positive")
	demand(l.Rate > 0, "SEARCH_RATE must be positive")
	demand(l.Burst >= leastBurst, "SEARCH_BURST must be at least %d: a front end's page asks so many queries in one batch", leastBurst)
	demand(l.KeyTTL >= 0 && l.KeyTTL <= maxKeyTTL, "SEARCH_KEY_TTL must be from 0 to %v", maxKeyTTL)
	for _, origin := range l.Origins {
		u, err := url.Parse(origin)
		demand(err == nil && u.Host != "" && u.Path == "" && (u.Scheme == "https" || u.Scheme == "http"),
			"SEARCH_ORIGINS has %q, which is no origin such as https://portal.example", origin)
	}
	return errors.Join(problems...)
}

// searchConfig holds the environment's settings of searching.
type searchConfig struct {
	AppID       string        `env:"ALGOLIA_APP_ID, required"`
	Key         string        `env:"ALGOLIA_SEARCH_KEY, required"`
	URL         string        `env:"ALGOLIA_URL"`
	ReadTimeout time.Duration `env:"ALGOLIA_READ_TIMEOUT, default=3s"`
	// Distinct shows one hit a group of records (a return's items) unless the caller
	// asks otherwise, in indices whose settings say what a group is.
	Distinct bool `env:"SEARCH_DISTINCT"`
	// Trust is how long the last known live index is used while the state database
	// cannot be read.
	Trust    time.Duration `env:"SEARCH_TRUST, default=15m"`
	StateDSN string        `env:"STATE_DSN, required"`
	judge.Limits
}

// Search opens the search function's parts.
func (e *Env) Search(ctx context.Context) (*Search, error) {
	var cfg searchConfig
	var who identity.Config
	var defs Definitions
	var sorting Sorting
	s := &Search{Log: e.Log}
	if err := Configure(ctx, e.Lookup, &cfg, &sorting, &who, &defs, &s.Limits); err != nil {
		return nil, err
	}
	problems := []error{s.Limits.check(), s.openIdentity(ctx, e, who)}
	if cfg.Trust <= 0 {
		problems = append(problems, errors.New("SEARCH_TRUST must be positive"))
	}
	db, err := e.Store(Databases{SourceDSN: cfg.StateDSN, MaxConnections: 2})
	entities, problem := defs.Load()
	if problems = append(problems, err, problem); err != nil || problem != nil {
		return s, errors.Join(problems...)
	}
	for i, name := range sorting.Entities {
		served := &s.Served
		if i > 0 {
			served = &Served{}
			s.Others = append(s.Others, served)
		}
		d, err := entities.Named(name)
		if slices.Contains(sorting.Entities[:i], name) {
			err = fmt.Errorf("SEARCH_ENTITIES has %s twice", name)
		}
		if err == nil {
			err = served.open(&liveness{served: served, limits: s.Limits, log: e.Log, store: db, catalog: target.Catalog{Entities: entity.List{d}, Store: db.Targets}, cfg: cfg, sorting: sorting}, d)
		}
		problems = append(problems, err)
	}
	return s, errors.Join(problems...)
}

// open opens the parts of one entity.
func (s *Served) open(l *liveness, d entity.Definition) (err error) {
	if s.Schema, err = schemaOf(d, l.sorting, l.cfg.Distinct); err != nil {
		return err
	}
	s.Freshness = &search.Freshness{
		StaleAfter: l.cfg.StaleAfter,
		Suspect:    func(ctx context.Context) (bool, error) { return l.suspect(ctx, d) },
		Trust:      l.cfg.Trust,
		Read:       func(ctx context.Context) (*time.Time, error) { return l.read(ctx, d) },
		Failed: func(err error) {
			l.log.Warn("the live index's name could not be read; answers are marked stale, or 503 after SEARCH_TRUST", "entity", d.Name, "trust", l.cfg.Trust.String(), "error", err)
		},
	}
	s.Engine, err = l.cfg.engine(s.Schema, l.limits)
	return err
}

// liveness follows the live target of an entity.
type liveness struct {
	served  *Served
	limits  SearchLimits
	log     *slog.Logger
	store   *store.DB
	catalog target.Catalog
	cfg     searchConfig
	sorting Sorting
}

// read returns the live target's as-of time; d is the entity's first target. Another
// live target first becomes the edition.
func (l *liveness) read(ctx context.Context, d entity.Definition) (*time.Time, error) {
	live, err := l.catalog.LiveOf(ctx, d.Name)
	if err != nil {
		return nil, err
	}
	if now := l.served.Edition().Schema; live.Index != now.Index || !live.Format.Equal(now.Format) {
		e, err := l.open(live, d)
		if err != nil {
			return nil, err
		}
		l.log.InfoContext(ctx, "another index is live, or the format of its records changed", "entity", d.Name, "index", live.Index)
		l.served.edition.Store(e)
	}
	return l.store.Claims.AsOf(ctx, live.JobType)
}

// suspect judges the stored answer of the live index by the rules of package judge.
func (l *liveness) suspect(ctx context.Context, d entity.Definition) (bool, error) {
	live, err := l.catalog.LiveOf(ctx, d.Name)
	if err != nil {
		return false, err
	}
	now, err := l.store.Now(ctx)
	if err != nil {
		return false, err
	}
	kept, _, err := l.store.Indices.KeptIndex(ctx, live.Name)
	if err != nil {
		return false, err
	}
	asOf, err := l.store.Claims.AsOf(ctx, live.JobType)
	return l.cfg.Stale(now, judge.Entity{Name: live.Name, Watermark: asOf, Plan: judge.Every(l.cfg.StaleAfter / 2), Index: kept}), err
}

// open opens an edition. Callers keep calling the index by its first name.
func (l *liveness) open(live, first entity.Definition) (*Edition, error) {
	schema, err := schemaOf(live, l.sorting, l.cfg.Distinct)
	if err != nil {
		return nil, err
	}
	schema.Entity, schema.Alias = first.Name, first.Index
	engine, err := l.cfg.engine(schema, l.limits)
	return &Edition{Schema: schema, Engine: engine}, err
}

// schemaOf returns the searchable part of an entity's index.
func schemaOf(d entity.Definition, sorting Sorting, distinct bool) (search.Schema, error) {
	s := search.Schema{Entity: d.Name, Index: d.Index, Account: d.Account, Format: d.Format, Distinct: distinct}
	if d.Account == "" {
		return s, fmt.Errorf("%s/entity.yaml: account is missing: without it tenants would not be isolated", d.Source)
	}
	if d.Settings == nil {
		return s, fmt.Errorf("%s: settings.json is missing: without it no field is searchable", d.Source)
	}
	var err error
	if s.Sorts, err = sorting.parse(d); err != nil {
		return s, err
	}
	if len(sorting.Entities) > 1 {
		s.Distinct = distinct && search.Grouped(d.Settings)
	}
	return search.NewSchema(s, d.Settings)
}

// openIdentity opens the verifier.
func (s *Search) openIdentity(ctx context.Context, e *Env, cfg identity.Config) (err error) {
	cfg.Log = e.Log
	if err := e.reachable(ctx, map[string]string{identity.NameJWKS: cfg.JWKS}); err != nil {
		return err
	}
	if s.Identity, err = identity.New(cfg); err == nil {
		e.closing(s.Identity.Close)
	}
	return err
}

// engine returns an engine for a schema.
func (c searchConfig) engine(s search.Schema, l SearchLimits) (search.Engine, error) {
	conf, err := algolia.Configuration(c.AppID, c.Key, c.URL)
	if err != nil {
		return nil, err
	}
	return engine.New(conf, engine.Config{Schema: s, ReadTimeout: c.ReadTimeout, MaxAnswer: l.MaxAnswer}), nil
}
