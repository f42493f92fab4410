package exchange

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	function "gitlab.com/eshopbox-team/return-sync/functions/exchange"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/browser"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/exchangetest"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/rest"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb/sqldbtest"
	syncstore "gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// TestMain starts the tests' database server and browser.
func TestMain(m *testing.M) {
	os.Exit(browser.Run(func() int { return localdbtest.Run(m) }))
}

// node is a company's server with a database of its own.
type node struct {
	*store.Store
	t        *testing.T
	db       *sqldb.DB
	id       exchange.ID
	url      string
	role     string
	partners *Partners
	token    string                    // of an administrator
	frozen   atomic.Pointer[time.Time] // the server's clock where it stands still
}

// now is the server's clock.
func (n *node) now() time.Time {
	if at := n.frozen.Load(); at != nil {
		return *at
	}
	return time.Now()
}

// password is the administrator's.
const password = "a-password-of-tests"

// hashed is its hash, made once: a hash takes a while by design.
var hashed = sync.OnceValues(func() ([]byte, error) { return function.HashPassword(password) })

// newNode starts a server. wrap, if not nil, stands before it, as a proxy does.
func newNode(t *testing.T, role string, wrap func(http.Handler) http.Handler) *node {
	t.Helper()
	db := sqldbtest.Open(t, syncstore.Migrations(), store.Migrations())
	n := &node{t: t, db: db, id: exchange.NewID(), role: role}
	settings := function.Settings{
		Role: role, Company: n.id.String(), JWTSecret: "a-secret-of-tests-that-guards-nothing", KeySecret: "another-secret-that-guards-nothing-x",
		TokenTTL: time.Hour, RefreshTTL: time.Hour, KeyOverlap: time.Hour, AllowPrivate: true, LockTries: 2, LockWait: time.Millisecond, Lease: time.Minute, AtOnce: 3, Period: time.Hour,
	}
	parts, partners, err := Open(db, settings, slog.New(slog.DiscardHandler), n.now, nil)
	if err != nil {
		t.Fatal(err)
	}
	n.Store, n.partners = parts.Store, partners
	h, err := function.Handler(parts)
	if err != nil {
		t.Fatal(err)
	}
	if wrap != nil {
		h = wrap(h)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	n.url = server.URL
	n.must(n.Companies.CreateCompany(t.Context(), exchange.Company{ID: n.id, Name: "own " + role, Active: true}))
	n.user("admin", 110, n.id)
	n.token = n.login("admin").Token
	return n
}

func (n *node) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

// user adds a user.
func (n *node) user(name string, role int, company exchange.ID) {
	n.t.Helper()
	hash, err := hashed()
	n.must(err)
	_, err = n.Users.CreateUser(n.t.Context(), store.User{Username: name, Password: hash, Active: true, Role: role, CompanyID: company})
	n.must(err)
}

// ask calls a server and reads its answer into out.
func (n *node) ask(method, path, token string, body, out any) int {
	n.t.Helper()
	var sent io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		n.must(err)
		sent = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(n.t.Context(), method, n.url+path, sent)
	n.must(err)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	n.must(err)
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	n.must(err)
	if out != nil {
		if err := json.Unmarshal(data, out); err != nil {
			n.t.Fatalf("%s %s: %d %s: %v", method, path, response.StatusCode, data, err)
		}
	}
	return response.StatusCode
}

// login logs a user in.
func (n *node) login(name string) (token rest.Token) {
	n.t.Helper()
	if status := n.ask(http.MethodPost, "/login", "", rest.Login{Username: name, Password: password}, &token); status != 200 {
		n.t.Fatalf("login of %s: %d", name, status)
	}
	return token
}

// befriend makes two servers partners: each has the other's company, and the secondary
// a key that its company administrator got from the primary.
func befriend(primary, secondary *node) {
	t := primary.t
	t.Helper()
	primary.must(primary.Companies.CreateCompany(t.Context(), exchange.Company{ID: secondary.id, Name: "epicor " + secondary.id.String(), Active: true}))
	name := "epicor" + secondary.id.String()[:8]
	primary.user(name, 120, secondary.id)
	var key rest.Key
	if status := primary.ask(http.MethodPost, "/v1/apikey", primary.login(name).Token, nil, &key); status != 200 || key.Primary != primary.id {
		t.Fatalf("apikey: %d %+v", status, key.Primary)
	}
	body := map[string]any{"id": primary.id, "name": "abc brakes " + primary.id.String(), "sync_addr": primary.url, "sync_api_key": key.Key}
	if status := secondary.ask(http.MethodPost, "/v1/companies", secondary.token, body, nil); status != 201 {
		t.Fatalf("companies: %d", status)
	}
}

// publish adds a slice with n grains to a primary, for a company.
func (n *node) publish(name string, company exchange.ID, count, size int) exchange.Subscription {
	n.t.Helper()
	ctx := n.t.Context()
	slice := exchange.Slice{ID: exchange.NewID(), Name: name, Type: exchange.DefaultType, AllowSync: true}
	n.must(n.Slices.CreateSlice(ctx, slice))
	n.must(n.Grains.AddGrains(ctx, slice.ID, exchangetest.Grains(slice.ID, 0, count, size), false))
	sub := exchange.Subscription{ID: exchange.NewID(), SliceID: slice.ID, CompanyID: company, Name: name, Active: true, Slice: &slice}
	n.must(n.Subscriptions.CreateSubscription(ctx, sub))
	return sub
}

// same fails the test unless two servers hold the same grains of a slice.
func same(a, b *node, slice exchange.ID) {
	a.t.Helper()
	texts := [2]string{}
	for i, n := range []*node{a, b} {
		list, err := n.Grains.List(n.t.Context(), slice, 0, 1_000_000, true)
		n.must(err)
		for _, g := range list {
			texts[i] += g.ID.String() + g.Key + g.Encoding + g.Source + g.Payload + "\n"
		}
	}
	if texts[0] != texts[1] || texts[0] == "" {
		a.t.Errorf("the copies differ: %d bytes and %d", len(texts[0]), len(texts[1]))
	}
}
