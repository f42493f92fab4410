package search

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	vendor "gitlab.com/eshopbox-team/return-sync/shared/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
	engine "gitlab.com/eshopbox-team/return-sync/shared/search/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	writer "gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
	format "gitlab.com/eshopbox-team/return-sync/shared/sync/record"
)

// alike are accounts that tokens can name and an index could confuse.
var alike = []string{
	"amberlane", "AMBERLANE", "Amberlane", "amber-lane", "amber.lane", "amber_lane", "a1", "A1", "a616d", "A616D", "616d", "616D",
	"1", "01", "1e0", "1E0", "1.0", "0x1", "true", "TRUE", "null", "NOT", "not", "OR", "x", "X", "x-x", "x--x", strings.Repeat("q", 64), strings.Repeat("Q", 64),
}

// settle gives every account of alike two records, in the format.
func (w *world) settle(t *testing.T, f format.Format) {
	t.Helper()
	client, err := writer.New(writer.Config{AppID: "APP", WriteKey: adminID, URL: w.index.URL, BatchRecords: 1000, BatchBytes: 1 << 22, Senders: 1, Attempts: 1, WriteTimeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	var ops []destination.Op
	for i, account := range alike {
		for n := range 2 {
			doc := map[string]any{"objectID": f.IDs.Of(idOf(i, n)), "account": account, "status": "LOST", "courier": fmt.Sprintf("courier%d", i), "returnId": 1000 + i, "updatedAt": 1, "createdAt": 1, "refund": map[string]any{"amountMinor": i}}
			if f.AccountKey {
				doc[format.AccountKeyField] = format.AccountKey(account)
			}
			body, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			ops = append(ops, destination.Op{ID: doc["objectID"].(string), Body: body})
		}
	}
	pushed, err := client.Push(t.Context(), w.parts.Schema.Index, ops)
	if err == nil {
		err = client.Wait(t.Context(), w.parts.Schema.Index, pushed.TaskID)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// idOf is the id that rows.sql would give record n of account i.
func idOf(i, n int) string { return fmt.Sprintf("L%d-%d", i, n) }

// inFormat has the function search records of a format.
func inFormat(t *testing.T, w *world, f format.Format) func(*wire.Search) {
	return func(s *wire.Search) {
		conf, err := vendor.Configuration("APP", searchKey, w.index.URL)
		if err != nil {
			t.Fatal(err)
		}
		s.Schema.Format = f
		s.Engine = engine.New(conf, engine.Config{Schema: s.Schema, ReadTimeout: 20 * time.Second, MaxAnswer: s.Limits.MaxAnswer})
	}
}

// TestAccountsThatAreAlike asks by every way in the name of every account, and for
// each of the others' records.
func TestAccountsThatAreAlike(t *testing.T) {
	w := newWorld(t, nil)
	f := format.Format{Account: "account", AccountKey: true, IDs: format.IDs("a secret of the tests")}
	inFormat(t, w, f)(w.parts)
	w.settle(t, f)
	for i, account := range alike {
		bearer := token(t, account, nil)
		for _, r := range []reply{
			w.call(t, http.MethodGet, "/?hitsPerPage=100&facets=*", "", bearer),
			w.call(t, http.MethodPost, "/", batchOf("returns", map[string]any{"hitsPerPage": 100, "facets": []string{"courier", "status"}}), bearer),
			w.call(t, http.MethodPost, "/", batchOf("es_prod_updatedAt_desc", map[string]any{"hitsPerPage": 100, "facets": "*", "filters": "account:" + quoted(strings.ToLower(account)) + " OR status:LOST"}), bearer),
		} {
			var out struct {
				search.Answer
				Results []search.Answer
			}
			if err := json.Unmarshal([]byte(r.body), &out); err != nil || r.status != http.StatusOK {
				t.Fatalf("%s: %d %s", account, r.status, r.body)
			}
			a := append(out.Results, out.Answer)[0]
			var hits []struct{ ObjectID, Account string }
			var facets map[string]map[string]int
			if json.Unmarshal(a.Hits, &hits) != nil || json.Unmarshal(a.Facets, &facets) != nil {
				t.Fatalf("%s: %s", account, r.body)
			}
			if len(hits) != 2 || string(a.NbHits) != "2" || hits[0].Account != account || len(facets["courier"]) != 1 || facets["courier"][fmt.Sprintf("courier%d", i)] != 2 || facets["status"]["LOST"] != 2 || strings.Contains(r.body, format.AccountKeyField) {
				t.Errorf("%s: %s", account, r.body)
			}
			if got := w.call(t, http.MethodGet, "/"+hits[0].ObjectID, "", bearer); got.status != http.StatusOK {
				t.Errorf("%s: its own record by the id of a hit: %d %s", account, got.status, got.body)
			}
		}
		typed := w.call(t, http.MethodPost, "/", `{"requests":[{"indexName":"returns","type":"facet","facet":"courier","params":{"facetQuery":"cou","maxFacetHits":100}}]}`, bearer)
		if values := typed.results(t)[0]["facetHits"].([]any); len(values) != 1 {
			t.Errorf("%s: values of a facet: %s", account, typed.body)
		}
		for other := range alike {
			r := w.call(t, http.MethodGet, "/"+idOf(other, 0), "", bearer)
			if mine := other == i; mine && (r.status != http.StatusOK || strings.Contains(r.body, format.AccountKeyField)) || !mine && r.status != http.StatusNotFound {
				t.Errorf("%s asks for a record of %s: %d %s", account, alike[other], r.status, r.body)
			}
		}
		w.useKey(t, account, i)
	}
}

// useKey asks the index itself with an account's key, by searches and by the ids
// that rows.sql gives.
func (w *world) useKey(t *testing.T, account string, i int) {
	t.Helper()
	var k search.Key
	if r := w.call(t, http.MethodPost, "/key", "", token(t, account, nil)); r.status != http.StatusOK || json.Unmarshal([]byte(r.body), &k) != nil {
		t.Fatalf("%s: %d %s", account, r.status, r.body)
	}
	_, found := w.direct(t, http.MethodPost, "/1/indexes/es_prod/query", `{"hitsPerPage":1000,"facets":["*"]}`, k.APIKey)
	if !strings.Contains(found, `"nbHits":2`) || strings.Contains(found, `"`+format.AccountKeyField+`":`) || strings.Count(found, `"courier":"courier`) != 2 || strings.Count(found, fmt.Sprintf(`"courier":"courier%d"`, i)) != 2 {
		t.Errorf("%s: a key finds %s", account, found)
	}
	for other := range alike {
		if status, text := w.direct(t, http.MethodGet, "/1/indexes/es_prod/"+idOf(other, 0), "", k.APIKey); status != http.StatusNotFound {
			t.Errorf("%s: a key reads a record of %s by a guessed id: %d %s", account, alike[other], status, text)
		}
	}
}

// TestManyTenantsAtOnce has an index that answers everybody with the hits of all accounts,
// and asks in the name of all accounts at once: each sees its own hits, as they came, and
// nothing of another's.
func TestManyTenantsAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	hit := func(account string, n int) string {
		return fmt.Sprintf(`{"objectID":"%s-%d","account":"%s","text":"%s"}`, account, n, account, strings.Repeat(account, 20))
	}
	var all []string
	for n := range 2 {
		for _, account := range alike {
			all = append(all, hit(account, n))
		}
	}
	result := fmt.Sprintf(`{"nbHits":%d, "hits": [ %s ] ,"page":0}`, len(all), strings.Join(all, " , "))
	careless := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var in struct{ Requests []any }
		_ = json.NewDecoder(r.Body).Decode(&in) // the function's own words
		_, _ = fmt.Fprintf(rw, `{"results":[%s]}`, strings.Join(slices.Repeat([]string{result}, len(in.Requests)), ","))
	}))
	defer careless.Close()
	w.parts.Engine = w.engine(t, careless.URL)
	var tenants sync.WaitGroup
	for _, account := range alike {
		tenants.Go(func() {
			mine := token(t, account, nil)
			want := `"hits":[` + hit(account, 0) + "," + hit(account, 1) + "]"
			for range 5 {
				for method, body := range map[string]string{http.MethodGet: "", http.MethodPost: many(3, 20)} {
					times := 1
					if body != "" {
						times = 3
					}
					r := w.call(t, method, "/", body, mine)
					if r.status != http.StatusOK || strings.Count(r.body, want) != times || strings.Count(r.body, `"objectID"`) != 2*times || strings.Count(r.body, `"nbHits":2`) != times {
						t.Errorf("%s of %s: %d %s", method, account, r.status, r.body)
					}
				}
			}
		})
	}
	tenants.Wait()
}

// TestBeforeTheRebuild searches an index whose records carry no key of the account:
// no count of another account is shown, and a withheld count is not 0.
func TestBeforeTheRebuild(t *testing.T) {
	w := newWorld(t, nil)
	f := format.Format{Account: "account"}
	inFormat(t, w, f)(w.parts)
	w.settle(t, f)
	d := described(t, w)
	for _, account := range []string{"amberlane", "AMBERLANE", "Amberlane"} {
		bearer := token(t, account, nil)
		for path, r := range map[string]reply{
			"GET":  w.call(t, http.MethodGet, "/?hitsPerPage=100&facets=*", "", bearer),
			"POST": w.call(t, http.MethodPost, "/", batchOf("returns", map[string]any{"hitsPerPage": 100, "facets": "*"}), bearer),
		} {
			for _, member := range []string{`"nbHits"`, `"nbPages"`, `"facets"`, `"facets_stats"`} {
				if strings.Contains(r.body, member) {
					t.Errorf("%s %s: %s is told: %s", account, path, member, r.body)
				}
			}
			if r.status != http.StatusOK || strings.Count(r.body, `"account":"`+account+`"`) != 2 || strings.Count(r.body, `"account":`) != 2 || !strings.Contains(r.body, `"countsWithheld":true`) {
				t.Errorf("%s %s: %d %s", account, path, r.status, r.body)
			}
			var value any
			if err := json.Unmarshal([]byte(r.body), &value); err != nil {
				t.Fatal(err)
			}
			d.Hold(t, path, d.Paths["/"][strings.ToLower(path)].Responses["200"].Content["application/json"].Schema, value)
		}
		for path, body := range map[string]string{"/key": "", "/": `{"requests":[{"indexName":"returns","type":"facet","facet":"courier","params":{"facetQuery":"c"}}]}`} {
			r := w.call(t, http.MethodPost, path, body, bearer)
			if code, _ := r.problem(); r.status != http.StatusServiceUnavailable || code != "rebuild-needed" {
				t.Errorf("%s %s: %d %s", account, path, r.status, r.body)
			}
		}
	}
}
