// Package exchange is the function through which two companies' servers exchange
// slices of data.
//
// Who calls it: the servers of trading partners, each with a token that it got for an
// API key; people of this company, each with a token for name and password; the
// command line of the public program.
//
// What it does: a primary publishes slices (GET /sync is upgraded to a websocket, the
// rest of /sync is read by public programs); a secondary brings its copies in line
// (POST /sync/{url or company}). Companies, slices, grains, subscriptions, tags, users,
// keys and activities are edited below their names. Each route answers with and without
// /v1. openapi.json describes all of it, session.json the frames of the websocket.
//
// A second call: of a read changes nothing; of a sync with the same partner is
// answered 409 while the first runs, and finds nothing to do afterwards; of a creation
// is answered 409.
package exchange

import (
	"context"
	"crypto/rand"
	_ "embed" // the descriptions
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Name is the function's name.
const Name = "Exchange"

// Syncer syncs with one partner. A run that could not begin returns an error; what
// happened in a run is in its report.
type Syncer interface {
	Sync(ctx context.Context, partner exchange.Company, sub exchange.ID, test bool) (exchange.Report, error)
}

// Session serves the frames of an upgraded request.
type Session interface {
	Serve(w http.ResponseWriter, r *http.Request, company exchange.ID)
}

// Parts are what the function works with.
type Parts struct {
	Store    *store.Store
	Audit    *audit.Store
	Syncer   Syncer
	Session  Session
	Sealer   *exchange.Sealer
	Log      *slog.Logger
	Settings Settings
	Now      func() time.Time
}

// Settings are the environment's.
type Settings struct {
	// Role is primary or secondary; Company is the id of the company that owns this
	// server, as its partners know it.
	Role    string `env:"EXCHANGE_ROLE, required"`
	Company string `env:"EXCHANGE_COMPANY, required"`
	// JWTSecret signs tokens; KeySecret seals the keys of partners in our table.
	JWTSecret string `env:"EXCHANGE_JWT_SECRET, required"`
	KeySecret string `env:"EXCHANGE_KEY_SECRET, required"`
	// TokenTTL is how long a token is valid, RefreshTTL how long it can be refreshed.
	TokenTTL   time.Duration `env:"EXCHANGE_TOKEN_TTL, default=15m"`
	RefreshTTL time.Duration `env:"EXCHANGE_REFRESH_TTL, default=12h"`
	// KeyOverlap is how long an older key of a partner stays valid beside a new one.
	KeyOverlap time.Duration `env:"EXCHANGE_KEY_OVERLAP, default=24h"`
	// AllowPrivate lets syncs connect to loopback, link-local and private addresses.
	AllowPrivate bool `env:"EXCHANGE_ALLOW_PRIVATE"`
	// LockTries is how often a slice is asked for that is being edited, LockWait the
	// pause between two attempts.
	LockTries int           `env:"EXCHANGE_LOCK_TRIES, default=3"`
	LockWait  time.Duration `env:"EXCHANGE_LOCK_WAIT, default=5s"`
	// Lease is how long a sync keeps others with the partner away without a sign of life:
	// after that time a sync whose process died is taken over.
	Lease time.Duration `env:"EXCHANGE_LEASE, default=30s"`
	// AtOnce is how many partners are synced at once.
	AtOnce int `env:"EXCHANGE_AT_ONCE, default=5"`
	// Period is how old the last good sync with a partner may be before it is a finding.
	Period time.Duration `env:"EXCHANGE_PERIOD, default=26h"`
}

// minSecret is the least length of a secret, in bytes.
const minSecret = 32

// Check refuses settings with which nothing could be served safely.
func (s Settings) Check() error {
	if s.Role != onPrimary && s.Role != onSecondary {
		return errors.New("EXCHANGE_ROLE must be primary or secondary")
	}
	if _, err := exchange.ParseID(s.Company); err != nil {
		return errors.New("EXCHANGE_COMPANY must be the UUID of the company that owns this server")
	}
	if len(s.JWTSecret) < minSecret || len(s.KeySecret) < minSecret {
		return errors.New("EXCHANGE_JWT_SECRET and EXCHANGE_KEY_SECRET must have at least 32 bytes each")
	}
	if s.TokenTTL <= 0 || s.RefreshTTL <= 0 || s.KeyOverlap < 0 || s.LockTries < 1 || s.LockWait < 0 || s.Lease <= 0 || s.AtOnce < 1 || s.Period <= 0 {
		return errors.New("the times and counts of EXCHANGE_… must be above 0")
	}
	return nil
}

//go:embed openapi.json
var description json.RawMessage

//go:embed session.json
var sessionSchema json.RawMessage

// maxAtOnce is how many requests are answered at once; sessions count too.
const maxAtOnce = 100

// function is the handlers' common ground.
type function struct {
	Parts
	company exchange.ID
	tokens  tokens
	guesses *guesses
	hashing chan struct{} // one for each password that is being hashed
	// absent is the hash of a random password. It is compared with where there is no
	// user, so that the answer takes as long.
	absent []byte
}

// Handler answers requests.
func Handler(p Parts) (http.Handler, error) {
	if err := p.Settings.Check(); err != nil {
		return nil, err
	}
	company, err := exchange.ParseID(p.Settings.Company)
	if err != nil {
		return nil, err
	}
	absent, err := HashPassword(rand.Text())
	if err != nil {
		return nil, err
	}
	f := &function{
		Parts: p, company: company, guesses: newGuesses(), hashing: make(chan struct{}, maxHashing), absent: absent,
		tokens: tokens{secret: []byte(p.Settings.JWTSecret), valid: p.Settings.TokenTTL},
	}
	mux := http.NewServeMux()
	paths := map[string]map[string]edge.Handler{}
	for _, r := range f.routes() {
		method, path, _ := strings.Cut(r.pattern, " ")
		if paths[path] == nil {
			paths[path] = map[string]edge.Handler{}
		}
		paths[path][method] = f.guarded(r)
		if method == http.MethodGet {
			paths[path][http.MethodHead] = paths[path][method]
		}
	}
	for path, byMethod := range paths {
		handler := edge.Handle(p.Log, func(r *http.Request) (any, error) { return byMethod[r.Method](r) }, slices.Sorted(maps.Keys(byMethod))...)
		mux.Handle(path, handler)
		mux.Handle("/v1"+path, handler)
	}
	mux.Handle("/", edge.Handle(p.Log, nothing, http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete))
	return careful(edge.Door(p.Log, maxAtOnce, mux)), nil
}

// nothing answers a path that does not exist.
func nothing(*http.Request) (any, error) {
	return nil, fault.New(fault.NotFound, "no-path", "there is nothing here; openapi.json describes what there is")
}

// careful gives answers the headers that all of them have.
func careful(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Vary", "Authorization")
		next.ServeHTTP(w, r)
	})
}
