package algolia_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	vendor "gitlab.com/eshopbox-team/return-sync/shared/algolia"
	emulator "gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
	"gitlab.com/eshopbox-team/return-sync/shared/search/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	writer "gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
)

const settings = `{"attributesForFaceting":["filterOnly(account)","filterOnly(accountKey)","status","searchable(color)","isCod","size"],"searchableAttributes":["name"],
	"numericAttributesForFiltering":["size","at"],"customRanking":["asc(at)"],"unretrievableAttributes":["accountKey"]}`

// bed is an engine before an emulator.
type bed struct {
	*algolia.Engine
	schema search.Schema
	url    string
	off    func()
}

// newBed starts an emulator with records; wrap, if not nil, stands before it.
func newBed(t testing.TB, records []map[string]any, wrap func(http.Handler) http.Handler) *bed {
	t.Helper()
	server := emulator.New(emulator.Options{PublishDelay: -1})
	var handler http.Handler = server
	if wrap != nil {
		handler = wrap(server)
	}
	listener := httptest.NewServer(handler)
	t.Cleanup(func() { _ = server.Close(); listener.Close() })
	schema, err := search.NewSchema(search.Schema{Entity: "things", Index: "things", Account: "account", Format: record.Format{Account: "account", AccountKey: true}, Sorts: []search.Sort{{Field: "at", Desc: true}}}, []byte(settings))
	if err != nil {
		t.Fatal(err)
	}
	w, err := writer.New(writer.Config{AppID: "APP", WriteKey: "admin", URL: listener.URL, BatchRecords: 1000, BatchBytes: 1 << 22, Senders: 1, Attempts: 1, WriteTimeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.ApplySettings(t.Context(), "things", []byte(settings)); err != nil {
		t.Fatal(err)
	}
	var ops []destination.Op
	for _, r := range records {
		r["accountKey"] = record.AccountKey(r["account"].(string))
		body, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		ops = append(ops, destination.Op{ID: r["objectID"].(string), Body: body})
	}
	if len(ops) > 0 {
		pushed, err := w.Push(t.Context(), "things", ops)
		if err == nil {
			err = w.Wait(t.Context(), "things", pushed.TaskID)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	conf, err := vendor.Configuration("APP", "search", listener.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &bed{Engine: algolia.New(conf, algolia.Config{Schema: schema, ReadTimeout: 10 * time.Second, MaxAnswer: 1 << 22}), schema: schema, url: listener.URL, off: listener.Close}
}

// accounts are records of accounts that are easily confused.
func accounts() []map[string]any {
	var all []map[string]any
	for i, account := range []string{"acme", "acme", "acme", "Acme", "ACME", "acme2", "other"} {
		all = append(all, map[string]any{"objectID": fmt.Sprint("r", i), "account": account, "status": []string{"LOST", "DAMAGED"}[i%2], "name": "red shoe", "at": i})
	}
	return all
}

func tenantFilter(accounts ...string) search.TenantFilter {
	return search.TenantFilter{Field: "account", Keyed: true, Accounts: accounts}
}

// query returns a query for up to 100 hits.
func query() search.Query { return search.Query{HitsPerPage: 100, Options: map[string]any{}} }

// TestTenantFilter asks as accounts that differ little: the index compares without
// regard to case, the engine does not.
func TestTenantFilter(t *testing.T) {
	b := newBed(t, accounts(), nil)
	for account, want := range map[string]int{"acme": 3, "Acme": 1, "acme2": 1, "other": 1, "nobody": 0, `x" OR account:"other`: 0, `x\`: 0} {
		for _, fields := range [][]string{nil, {"name"}, {"*"}, {"-account"}, {"*", "-account"}} {
			q := query()
			if fields != nil {
				q.Options["attributesToRetrieve"] = fields
			}
			results, err := b.Search(t.Context(), tenantFilter(account), []search.Query{q})
			if err != nil {
				t.Fatal(err)
			}
			var hits []struct{ Account string }
			if err := json.Unmarshal(results[0]["hits"], &hits); err != nil {
				t.Fatal(err)
			}
			for _, h := range hits {
				if h.Account != account {
					t.Errorf("%s saw a record of %s", account, h.Account)
				}
			}
			if len(hits) != want || string(results[0]["nbHits"]) != fmt.Sprint(want) {
				t.Errorf("%s, fields %v: %d hits, nbHits %s, want %d", account, fields, len(hits), results[0]["nbHits"], want)
			}
		}
	}
	for id, found := range map[string]bool{"r0": true, "r3": false, "r4": false, "r6": false, "nothing": false, "settings": false, "../things/r0": false, "": false} {
		record, err := b.Record(t.Context(), tenantFilter("acme"), id)
		if found != (err == nil) || !found && fault.KindOf(err) != fault.NotFound {
			t.Errorf("%q: %s, %v", id, record, err)
		}
	}
}

func TestNoTenantFilterNoAnswer(t *testing.T) {
	b := newBed(t, nil, nil)
	for _, f := range []search.TenantFilter{{}, {Field: "account"}, {Accounts: []string{"acme"}}, tenantFilter(""), tenantFilter("acme", "")} {
		_, searched := b.Search(t.Context(), f, []search.Query{query()})
		_, read := b.Record(t.Context(), f, "r0")
		_, keyed := b.Key(f, time.Now().Add(time.Hour), "u")
		for _, err := range []error{searched, read, keyed} {
			if fault.KindOf(err) != fault.Forbidden {
				t.Errorf("%+v: %v", f, err)
			}
		}
	}
}

// TestHitsPassAsTheyCame compares a hit, byte by byte, with what the index sent.
func TestHitsPassAsTheyCame(t *testing.T) {
	var sent []byte
	b := newBed(t, []map[string]any{{"objectID": "é\"1", "account": "acme", "name": "a\u2028<b>&\\", "size": 1.50, "at": json.Number("12345678901234567890")}}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			sent = bytes.Clone(rec.Body.Bytes())
			w.WriteHeader(rec.Code)
			_, _ = w.Write(sent)
		})
	})
	results, err := b.Search(t.Context(), tenantFilter("acme"), []search.Query{query()})
	if err != nil || len(results[0]["hits"]) < 50 || !bytes.Contains(sent, results[0]["hits"]) {
		t.Errorf("%v: %s is not in %s", err, results[0]["hits"], sent)
	}
}

// TestWhatTheIndexMayAnswer puts other answers before the engine.
func TestWhatTheIndexMayAnswer(t *testing.T) {
	var status int
	var body, after string
	b := newBed(t, nil, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if status == 0 {
				next.ServeHTTP(w, r)
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Retry-After", after)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		})
	})
	for _, c := range []struct {
		name, body string
		status     int
		kind       fault.Kind
		code       string
	}{
		{"no JSON", "<html>", 200, fault.Retry, "index-answer"}, {"cut off", `{"results":[{"hits":[`, 200, fault.Retry, "index-answer"}, {"no results", `{}`, 200, fault.Retry, "index-answer"},
		{"too few", `{"results":[]}`, 200, fault.Retry, "index-answer"}, {"too many", `{"results":[{},{}]}`, 200, fault.Retry, "index-answer"}, {"empty", ``, 200, fault.Retry, "index-answer"},
		{"throttled", `{"message":"slow","status":429}`, 429, fault.Throttled, "index-throttled"}, {"down", `{"message":"x","status":503}`, 503, fault.Retry, "index-unreachable"},
		{"forbidden", `{"message":"secret of ours","status":403}`, 403, fault.Internal, "internal"}, {"refused", `{"message":"bad","status":400}`, 400, fault.Internal, "internal"},
	} {
		status, body, after = c.status, c.body, "7"
		_, err := b.Search(t.Context(), tenantFilter("acme"), []search.Query{query()})
		if err == nil || fault.KindOf(err) != c.kind || fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	status, body = 200, `{"results":[{"hits":[{"objectID":"1"},{"objectID":"2","account":7},{"objectID":"3","account":"acme"},{"objectID":"4","account":"b"}],"nbHits":4}]}`
	results, err := b.Search(t.Context(), tenantFilter("acme"), []search.Query{query()})
	if err != nil || string(results[0]["hits"]) != `[{"objectID":"3","account":"acme"}]` || string(results[0]["nbHits"]) != "1" {
		t.Errorf("hits without their account: %s, %v", results, err)
	}
}

func TestIndexThatIsNotThere(t *testing.T) {
	b := newBed(t, nil, nil)
	missing := b.schema
	missing.Index = "elsewhere"
	conf, err := vendor.Configuration("APP", "search", b.url)
	if err != nil {
		t.Fatal(err)
	}
	e := algolia.New(conf, algolia.Config{Schema: missing, ReadTimeout: time.Second, MaxAnswer: 1 << 22})
	for name, queries := range map[string][]search.Query{"hits": {query()}, "facets": {{Facet: "color"}}, "both": {query(), {Facet: "color"}}} {
		if results, err := e.Search(t.Context(), tenantFilter("acme"), queries); !errors.Is(err, search.ErrNoIndex) || results != nil {
			t.Errorf("%s: %s, %v", name, results, err)
		}
	}
	if record, err := e.Record(t.Context(), tenantFilter("acme"), "r1"); !errors.Is(err, search.ErrNoIndex) || record != nil {
		t.Errorf("a record: %s, %v", record, err)
	}
	sorted := query()
	sorted.Sort = b.schema.Sorts[0]
	if _, err := b.Search(t.Context(), tenantFilter("acme"), []search.Query{sorted}); fault.CodeOf(err) != "sort-missing" {
		t.Errorf("a sort without a replica: %v", err)
	}
}

func TestOutages(t *testing.T) {
	b := newBed(t, accounts(), nil)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Search(ended, tenantFilter("acme"), []search.Query{query()}); fault.KindOf(err) != fault.Retry || err == nil {
		t.Errorf("an ended context: %v", err)
	}
	b.off()
	for range 3 { // the client takes a host out of use for a while; that must stay an error
		if _, err := b.Search(t.Context(), tenantFilter("acme"), []search.Query{query()}); fault.KindOf(err) != fault.Retry || err == nil {
			t.Errorf("no index: %v", err)
		}
	}
}

func TestKeyNamesTheReplicas(t *testing.T) {
	b := newBed(t, accounts(), nil)
	until := time.Date(2026, 11, 20, 12, 0, 0, 999, time.FixedZone("IST", 19800))
	k, err := b.Key(tenantFilter("acme"), until, "u")
	if diff := cmp.Diff([]string{"things", "things_at_desc"}, k.IndexNames); diff != "" || err != nil || !k.ValidUntil.Equal(until.Truncate(time.Second)) {
		t.Errorf("%+v, %v %s", k, err, diff)
	}
}
