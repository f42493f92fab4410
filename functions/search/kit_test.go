package search

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	vendor "gitlab.com/eshopbox-team/return-sync/shared/algolia"
	emulator "gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
	"gitlab.com/eshopbox-team/return-sync/shared/identity/identitytest"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
	engine "gitlab.com/eshopbox-team/return-sync/shared/search/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	writer "gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	format "gitlab.com/eshopbox-team/return-sync/shared/sync/record"
)

// The two tenants of the tests. Whatever is only the rival's has the canary in
// it: objectID, name, order number, courier.
const (
	own, rival         = "acme", "rival"
	ownRecords         = 60
	rivalRecords       = 70
	canary             = "CANARY"
	secret             = "0123456789abcdef0123456789abcdef"
	issuer, audience   = "https://issuer.example", "search"
	searchKey, adminID = "search", "admin"
)

// trust is how long the last known index is used.
const trust = 15 * time.Minute

// clock is the time of the tests.
var clock = time.Date(2026, 11, 20, 14, 20, 0, 0, time.UTC)

// world is a search function before an index with two tenants.
type world struct {
	*httptest.Server
	index    *httptest.Server
	parts    *wire.Search
	asOf     atomic.Pointer[time.Time]
	away     atomic.Bool // the database does not answer
	now      atomic.Pointer[time.Time]
	handler  http.Handler
	identity *identity.Verifier
}

// newWorld starts a world; change may alter its parts.
func newWorld(t testing.TB, change func(*wire.Search)) *world {
	t.Helper()
	w := &world{}
	at := clock.Add(-5 * time.Minute)
	w.asOf.Store(&at)
	w.setNow(clock)
	server := emulator.New(emulator.Options{PublishDelay: -1, Now: func() time.Time { return *w.now.Load() }})
	w.index = httptest.NewServer(server)
	t.Cleanup(func() { _ = server.Close(); w.index.Close() })
	w.parts = &wire.Search{
		Log:    slog.New(slog.DiscardHandler),
		Limits: wire.SearchLimits{Timeout: 20 * time.Second, MaxBody: 256 << 10, MaxHits: 2000, MaxAnswer: 4 << 20, Memory: 48 << 20, Wait: 20 * time.Second, AtOnce: 100, Rate: 1e6, Burst: 1e6, KeyTTL: time.Minute, Origins: []string{"https://portal.example"}},
	}
	w.open(t)
	if change != nil {
		change(w.parts)
	}
	var err error
	if w.handler, err = Handler(w.parts, func() time.Time { return *w.now.Load() }); err != nil {
		t.Fatal(err)
	}
	w.Server = httptest.NewServer(w.handler)
	t.Cleanup(w.Close)
	return w
}

// setNow sets the clock.
func (w *world) setNow(at time.Time) { w.now.Store(&at) }

// open fills the index and opens the function's parts.
func (w *world) open(t testing.TB) {
	t.Helper()
	list, err := entity.Load("")
	if err != nil {
		t.Fatal(err)
	}
	d := list[0]
	d.Format.IDs = secretIDs()
	settings := bytes.Replace(d.Settings, []byte(`"courier"`), []byte(`"searchable(courier)"`), 1)
	schema := search.Schema{Entity: d.Name, Index: d.Index, Account: d.Account, Format: d.Format,
		Sorts: []search.Sort{{Field: "updatedAt", Desc: true}, {Field: "refund.amountMinor"}}}
	if schema, err = search.NewSchema(schema, settings); err != nil {
		t.Fatal(err)
	}
	w.fill(t, schema, settings)
	w.parts.Schema = schema
	w.parts.Engine = w.engine(t, w.index.URL)
	w.identity, err = identity.New(identity.Config{Secret: secret, Claim: "account", Issuer: issuer, Audience: audience, Leeway: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	w.parts.Identity = w.identity
	w.parts.Freshness = &search.Freshness{StaleAfter: 30 * time.Minute, Trust: trust, Read: func(context.Context) (*time.Time, error) {
		if w.away.Load() {
			return nil, errors.New("the database is away")
		}
		return w.asOf.Load(), nil
	}}
}

// engine returns an engine before the index at an address.
func (w *world) engine(t testing.TB, address string) search.Engine {
	t.Helper()
	conf, err := vendor.Configuration("APP", searchKey, address)
	if err != nil {
		t.Fatal(err)
	}
	return engine.New(conf, engine.Config{Schema: w.parts.Schema, ReadTimeout: 20 * time.Second, MaxAnswer: w.parts.Limits.MaxAnswer})
}

// fill gives the index its settings, its replicas and the records of both.
func (w *world) fill(t testing.TB, schema search.Schema, settings []byte) {
	t.Helper()
	client, err := writer.New(writer.Config{AppID: "APP", WriteKey: adminID, URL: w.index.URL, BatchRecords: 1000, BatchBytes: 1 << 22, Senders: 1, Attempts: 1, WriteTimeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	all, err := search.ReplicaSettings(settings, schema.Index, schema.Sorts)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range schema.IndexNames() {
		if err := client.ApplySettings(t.Context(), name, all[name]); err != nil {
			t.Fatal(err)
		}
	}
	var ops []destination.Op
	for i := range ownRecords + rivalRecords {
		id, body := record(i)
		ops = append(ops, destination.Op{ID: id, Body: body})
	}
	pushed, err := client.Push(t.Context(), schema.Index, ops)
	if err == nil {
		err = client.Wait(t.Context(), schema.Index, pushed.TaskID)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// secretIDs make the ids of the records unguessable, without which no key is given.
func secretIDs() format.IDs { return format.IDs("a secret of the tests") }

// record returns one record; the first are our own, the others the rival's.
func record(i int) (id string, body []byte) {
	account, mark, courier := own, "own", "Blue Dart"
	if i >= ownRecords {
		account, mark, courier = rival, canary, canary+" Couriers"
	}
	id = secretIDs().Of(fmt.Sprintf("%s-%d", mark, i))
	text, err := json.Marshal(map[string]any{
		"objectID": id, "account": account, format.AccountKeyField: format.AccountKey(account), "status": []string{"LOST", "DAMAGED", "RESTOCKED"}[i%3], "channel": "WEB",
		"returnNumber": fmt.Sprintf("%sN%d", mark, i), "courier": courier, "isCod": i%2 == 0, "returnId": i,
		"updatedAt": clock.Add(-time.Duration(i) * time.Hour).UnixMilli(), "statusAt": clock.Add(-time.Duration(i) * time.Hour).UnixMilli(),
		"refund": map[string]any{"amountMinor": 1000 * i, "status": "DONE"},
		"item":   map[string]any{"name": "red shirt " + mark, "sku": mark + "-SKU", "reason": `too "small"`, "qcReasons": []string{"torn", "a(b) OR c"}},
		"pickup": map[string]any{"state": "Kerala", "city": "Kochi AND more"},
	})
	if err != nil {
		panic(err)
	}
	return id, text
}

// token signs a token for the accounts, altered by change.
func token(t testing.TB, account any, change func(*jwt.Builder)) string {
	t.Helper()
	return identitytest.Sign(t, secret, jwt.NewBuilder().Claim("account", account).Issuer(issuer).Audience([]string{audience}).Expiration(clock.Add(time.Hour)), change)
}

// reply is an answer as a test looks at it.
type reply struct {
	status int
	header http.Header
	body   string
}

// call sends a request as the token's bearer.
func (w *world) call(t testing.TB, method, path, body, bearer string, headers ...string) reply {
	t.Helper()
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut(path, "?")
	r.RequestURI = path
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

// batchOf returns the body of a batch of one request.
func batchOf(index string, params any) string {
	text, err := json.Marshal(map[string]any{"requests": []any{map[string]any{"indexName": index, "params": params}}})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// results decodes the results of a batch.
func (r reply) results(t testing.TB) []map[string]any {
	t.Helper()
	var out struct{ Results []map[string]any }
	if err := json.Unmarshal([]byte(r.body), &out); err != nil {
		t.Fatalf("%d %s: %v", r.status, r.body, err)
	}
	return out.Results
}

// problem decodes an error.
func (r reply) problem() (code, param string) {
	var out struct {
		Error struct{ Code, Message, Param string }
	}
	if json.Unmarshal([]byte(r.body), &out) != nil || out.Error.Message == "" {
		return "", ""
	}
	return out.Error.Code, out.Error.Param
}

// tooLarge is an engine whose index answers with more than it may.
type tooLarge struct{ panicking }

func (tooLarge) Search(context.Context, search.TenantFilter, []search.Query) ([]search.Result, error) {
	return nil, fault.New(fault.TooLarge, "answer-too-large", "too large")
}

func (tooLarge) Record(context.Context, search.TenantFilter, string) (json.RawMessage, error) {
	return nil, fault.New(fault.TooLarge, "answer-too-large", "too large")
}

// panicking is an engine with a bug.
type panicking struct{}

func (panicking) Search(context.Context, search.TenantFilter, []search.Query) ([]search.Result, error) {
	panic("a bug")
}

func (panicking) Record(context.Context, search.TenantFilter, string) (json.RawMessage, error) {
	panic("a bug")
}

func (panicking) Key(search.TenantFilter, time.Time, string) (search.Key, error) { panic("a bug") }
