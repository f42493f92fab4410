package scopes

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
	"gitlab.com/eshopbox-team/return-sync/shared/identity/identitytest"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/scope/scopestore"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

const secret = "0123456789abcdef0123456789abcdef"

// clock is the time that tokens are judged by.
var clock = time.Date(2026, 11, 20, 14, 20, 0, 0, time.UTC)

// world is a scopes function over a database.
type world struct {
	handler http.Handler
	parts   *wire.Scopes
	db      *sql.DB
}

// newWorld starts a world whose ticks claim and send nothing.
func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := store.Open(localdbtest.New(t), 4, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	entities := entity.List{{Name: "returns", JobType: "RETURN_JOB"}, {Name: "stock", JobType: "STOCK_JOB"}}
	w := &world{db: db.SQL(), parts: &wire.Scopes{
		Flow: &member.Scopes{Store: scopestore.New(db.Pool()), DB: db, Ticker: claimer{db, entities}, Entities: entities, Log: log, Config: member.Config{StartLease: time.Minute, KeepDays: 30}},
		Log:  log, Limits: wire.ScopesLimits{MaxBody: 4096, AtOnce: 20},
	}}
	callers := identity.Config{Secret: secret, Claim: "account", Issuer: "https://issuer.example", Audience: "search", Leeway: time.Second}
	w.parts.Operators, err = identity.NewOperators(identity.OperatorConfig{Audience: "operators"}, callers, identity.Roles{Claim: "roles", Operator: "operator"})
	if err != nil {
		t.Fatal(err)
	}
	if w.handler, err = Handler(w.parts, func() time.Time { return clock }); err != nil {
		t.Fatal(err)
	}
	return w
}

// claimer is a member.Ticker that claims and lets nobody know.
type claimer struct {
	db       *store.DB
	entities entity.List
}

// Run implements member.Ticker.
func (c claimer) Run(ctx context.Context, t flow.Tick) ([]flow.Started, error) {
	d, err := c.entities.Named(t.Entity)
	if err != nil {
		return nil, err
	}
	row, err := c.db.Claims.Newest(ctx, d.JobType)
	if err != nil {
		return nil, err
	}
	_, err = c.db.Claims.Claim(ctx, row, store.Grant{Token: strings.Repeat("c", 31) + d.Name[:1], Lease: time.Minute})
	return []flow.Started{{Entity: d.Name, ClaimID: row.ID}}, err
}

// token signs a token, altered by change.
func token(t *testing.T, change func(*jwt.Builder)) string {
	t.Helper()
	return identitytest.Sign(t, secret, jwt.NewBuilder().Issuer("https://issuer.example").Audience([]string{"operators"}).Subject("somebody").Expiration(clock.Add(time.Hour)), change)
}

// operator returns an operator's token.
func operator(t *testing.T) string {
	t.Helper()
	return token(t, func(b *jwt.Builder) { b.Claim("roles", []string{"reader", "operator"}) })
}

// reader returns the token of somebody who may look.
func reader(t *testing.T) string {
	t.Helper()
	return token(t, nil)
}

// reply is an answer as a test looks at it.
type reply struct {
	status int
	header http.Header
	body   string
}

// call sends a request as the token's bearer.
func (w *world) call(t *testing.T, method, path, body, bearer string, headers ...string) reply {
	t.Helper()
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut(path, "?")
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	res := rec.Result()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{status: res.StatusCode, header: res.Header, body: string(text)}
}

// ok demands a success and decodes it.
func (r reply) ok(t *testing.T, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.body), into); err != nil || r.status != http.StatusOK {
		t.Fatalf("%d %s, %v", r.status, r.body, err)
	}
}

// code returns an error's code.
func (r reply) code() string {
	var out struct {
		Error struct{ Code, Message string }
	}
	if json.Unmarshal([]byte(r.body), &out) != nil || out.Error.Message == "" {
		return fmt.Sprintf("no problem: %s", r.body)
	}
	return out.Error.Code
}
