package console

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
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
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/scope/scopestore"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

const secret = "0123456789abcdef0123456789abcdef"

// world is a console function over a database.
type world struct {
	handler http.Handler
	parts   *wire.Console
	db      *sql.DB
	woken   *woken
}

// woken notes the jobs that were started.
type woken struct{ ids []int64 }

// Wake implements wire.Waker.
func (w *woken) Wake(_ context.Context, id int64) error {
	w.ids = append(w.ids, id)
	return nil
}

// ticker is a member.Ticker that claims and sends no task.
type ticker struct {
	db       *store.DB
	entities entity.List
}

// Run implements member.Ticker.
func (c ticker) Run(ctx context.Context, t flow.Tick) ([]flow.Started, error) {
	d, err := c.entities.Named(t.Entity)
	if err != nil {
		return nil, err
	}
	row, err := c.db.Claims.Newest(ctx, d.JobType)
	if err != nil {
		return nil, err
	}
	_, err = c.db.Claims.Claim(ctx, row, store.Grant{Token: strings.Repeat("c", 31) + d.Name[:1], Lease: time.Minute})
	return []flow.Started{{Entity: d.Name, ClaimID: row.ID, Message: "claimed"}}, err
}

// newWorld starts a world whose ticks claim and send nothing.
func newWorld(t *testing.T) *world {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(localdbtest.New(t), 4, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	entities := entity.List{{Name: "returns", JobType: "RETURN_JOB", Index: "es_prod", RecordLimit: 10000}, {Name: "stock", JobType: "STOCK_JOB", Index: "stock"}}
	w := &world{db: db.SQL(), woken: &woken{}}
	w.parts = &wire.Console{
		Store: db, Tables: wire.TablesOn(db.Pool()), Entities: entities, Kinds: wire.ScheduleKinds(entities, nil), Jobs: w.woken, Log: log,
		Scopes: &member.Scopes{Store: scopestore.New(db.Pool()), DB: db, Ticker: ticker{db, entities}, Entities: entities, Log: log, Config: member.Config{StartLease: time.Minute, KeepDays: 30}},
		Config: wire.ConsoleConfig{Streams: 2, SubjectStreams: 2, AtOnce: 10, Poll: 100 * time.Millisecond},
		Limits: judge.Limits{StaleAfter: 30 * time.Minute, AbsentAfter: 24 * time.Hour, FailedRuns: 1, CheckedWithin: 5 * time.Minute, BudgetPercent: 90},
		Ticks:  wire.Ticks{Period: 15 * time.Minute},
	}
	callers := identity.Config{Secret: secret, Claim: "account", Issuer: "https://issuer.example", Audience: "search"}
	w.parts.Operators, err = identity.NewOperators(identity.OperatorConfig{Audience: "operators"}, callers, identity.Roles{Claim: "roles", Operator: "operator"})
	if err != nil {
		t.Fatal(err)
	}
	w.parts.Operators.Heed(w.parts.Tables.Signouts.Ended)
	w.handler = Handler(w.parts, time.Now)
	return w
}

// token signs a token, altered by change.
func token(t *testing.T, change func(*jwt.Builder)) string {
	t.Helper()
	return identitytest.Sign(t, secret, jwt.NewBuilder().JwtID(rand.Text()).Issuer("https://issuer.example").Audience([]string{"operators"}).Subject("somebody").Expiration(time.Now().Add(time.Hour)), change)
}

// operator returns an operator's token.
func operator(t *testing.T) string {
	t.Helper()
	return token(t, func(b *jwt.Builder) { b.Claim("roles", "operator") })
}

// reply is an answer as tests check it.
type reply struct {
	*http.Response
	body string
}

// code returns an error's code.
func (r reply) code() string {
	var out struct {
		Error struct{ Code, Message string }
	}
	if json.Unmarshal([]byte(r.body), &out) != nil || out.Error.Message == "" {
		return "no problem: " + r.body
	}
	return out.Error.Code
}

// send sends a request; headers come in pairs, and an empty value removes a header that
// call has set.
func (w *world) send(t *testing.T, method, path, body string, headers ...string) reply {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	res := rec.Result()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{res, string(text)}
}

// page sends a request as the page of a signed-in person does.
func (w *world) page(t *testing.T, method, path, body, session string, headers ...string) reply {
	t.Helper()
	own := []string{ChangeHeader, "1", "Content-Type", "application/json", "Sec-Fetch-Site", "same-origin", "Origin", "https://example.com", "Cookie", CookieName(true) + "=" + session}
	return w.send(t, method, path, body, append(own, headers...)...)
}

// exec runs a statement.
func (w *world) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	if _, err := w.db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// traces counts the rows that changes leave.
func (w *world) traces(t *testing.T) (n int) {
	t.Helper()
	err := w.db.QueryRowContext(t.Context(), `SELECT (SELECT COUNT(*) FROM sync_audit) + (SELECT COUNT(*) FROM sync_scope) + (SELECT COUNT(*) FROM sync_schedule)
		+ (SELECT COUNT(*) FROM sync_job) + (SELECT COUNT(*) FROM order_return_algolia_sync WHERE status <> 0)`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
