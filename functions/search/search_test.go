package search

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

// answer is a GET's answer.
type answer struct {
	Hits                               []map[string]any
	NbHits, Page, NbPages, HitsPerPage int
	Query                              string
	Facets                             map[string]map[string]int
	AsOf                               *time.Time
	Stale                              bool
	Error                              struct{ Code, Message, Param string }
}

// get asks by plain parameters.
func (w *world) get(t testing.TB, query string) (answer, reply) {
	t.Helper()
	r := w.call(t, http.MethodGet, "/?"+query, "", token(t, own, nil))
	var a answer
	if err := json.Unmarshal([]byte(r.body), &a); err != nil {
		t.Fatalf("%s: %d %s: %v", query, r.status, r.body, err)
	}
	return a, r
}

func TestGet(t *testing.T) {
	w := newWorld(t, nil)
	cases := map[string]int{
		"":                   60,
		"query=shirt":        60,
		"query=CANARY":       0,
		"filter=status:LOST": 20,
		"filter=status:LOST&filter=status:DAMAGED":                      40,
		"filter=status:LOST&filter=isCod:true":                          10,
		"filter=status:LOST&filter=status:DAMAGED&filter=isCod:true":    20,
		"filter=updatedAt>=2026-11-20T00:00:00Z":                        15,
		"filter=updatedAt>=1763596800000":                               60,
		"filter=updatedAt>=2026-11-19&filter=updatedAt<2026-11-20":      24,
		"filter=refund.amountMinor<5000":                                5,
		"filter=refund.amountMinor!=5000":                               59,
		"filter=returnId:7":                                             1,
		"filter=item.reason:too%20%22small%22":                          60,
		"filter=item.qcReasons:a(b)%20OR%20c":                           60,
		"filter=account:rival":                                          0,
		"filter=account:acme":                                           60,
		"filter=account:acme&filter=account:rival":                      60,
		"filter=pickup.city:Kochi%20AND%20more&sort=updatedAt_desc":     60,
		"filter=status:LOST%22%20OR%20account:%22rival&hitsPerPage=100": 0,
	}
	for query, want := range cases {
		if a, r := w.get(t, query); r.status != http.StatusOK || a.NbHits != want {
			t.Errorf("%s: %d, %d hits, want %d: %.300s", query, r.status, a.NbHits, want, r.body)
		}
	}
}

func TestGetShapesAnAnswer(t *testing.T) {
	w := newWorld(t, nil)
	a, _ := w.get(t, "hitsPerPage=2&page=1&fields=returnNumber,item.sku&sort=refund.amountMinor_asc&facets=status,courier&query=red")
	want := []map[string]any{
		{"objectID": secretIDs().Of("own-2"), "account": own, "returnNumber": "ownN2", "item": map[string]any{"sku": "own-SKU"}},
		{"objectID": secretIDs().Of("own-3"), "account": own, "returnNumber": "ownN3", "item": map[string]any{"sku": "own-SKU"}},
	}
	if diff := cmp.Diff(want, a.Hits); diff != "" {
		t.Errorf("hits (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]map[string]int{"status": {"LOST": 20, "DAMAGED": 20, "RESTOCKED": 20}, "courier": {"Blue Dart": 60}}, a.Facets); diff != "" {
		t.Errorf("facets (-want +got):\n%s", diff)
	}
	if a.Page != 1 || a.NbPages != 30 || a.HitsPerPage != 2 || a.Query != "red" || a.AsOf == nil || a.Stale {
		t.Errorf("%+v", a)
	}
}

func TestGetRefuses(t *testing.T) {
	w := newWorld(t, nil)
	for query, param := range map[string]string{
		"page=-1": "page", "page=two": "page", "page=99999999999999999999": "page", "page=50": "page", "page=10&hitsPerPage=100": "page",
		"hitsPerPage=101": "hitsPerPage", "hitsPerPage=-1": "hitsPerPage", "query=a&query=b": "query", "filters=account:rival": "filters",
		"account=rival": "account", "filter=": "filter", "filter=status": "filter", "filter=nothing:x": "filter", "filter=status>3": "filter",
		"filter=updatedAt>=soon": "filter", "filter=updatedAt~3": "filter", "filter=:x": "filter", "filter=updatedAt>=1e99": "filter", "filter=updatedAt>=NaN": "filter",
		"filter=status:%00": "filter", "filter=status:%ff": "filter", "sort=rival": "sort", "sort=returnId_desc": "sort", "facets=account": "facets",
		"facets=nothing": "facets", "fields=a%20b": "fields", "fields=-": "fields", "attributesToRetrieve=*": "attributesToRetrieve",
		"query=" + strings.Repeat("x", 513):         "query",
		strings.Repeat("filter=status:a&", 101):     "filter",
		"filter=status:" + strings.Repeat("x", 513): "filter",
		"fields=" + strings.Repeat("a,", 51) + "b":  "fields",
		"analytics=true":                            "analytics",
	} {
		a, r := w.get(t, query)
		if r.status != http.StatusBadRequest || a.Error.Code == "" || a.Error.Param != param {
			t.Errorf("%.60s: %d %s, want parameter %s refused", query, r.status, r.body, param)
		}
	}
	if a, _ := w.get(t, "page=50"); a.Error.Code != "too-deep" || !strings.Contains(a.Error.Message, "narrow") {
		t.Errorf("%+v", a.Error)
	}
}

// TestBatch speaks as InstantSearch does with a disjunctive facet: the hits, then
// the counts of the refined facet without its own refinement.
func TestBatch(t *testing.T) {
	w := newWorld(t, nil)
	body := `{"requests":[
		{"indexName":"returns","params":{"query":"shirt","facets":["status","isCod"],"facetFilters":[["status:LOST","status:DAMAGED"],["isCod:true"]],
			"highlightPreTag":"__ais-highlight__","highlightPostTag":"__/ais-highlight__","maxValuesPerFacet":10,"page":0,"hitsPerPage":3,"tagFilters":""}},
		{"indexName":"es_prod_updatedAt_desc","params":"query=shirt&facets=%5B%22status%22%5D&facetFilters=%5B%5B%22isCod%3Atrue%22%5D%5D&hitsPerPage=0&analytics=false&clickAnalytics=false"},
		{"indexName":"es_prod","type":"facet","facet":"courier","params":{"facetQuery":"blu","maxFacetHits":5}},
		{"indexName":"returns_refund.amountMinor_asc","params":{"filters":"status:LOST AND (refund.amountMinor:1000 TO 9000 OR refund.amountMinor > 50000)","numericFilters":["returnId<=40"]}}]}`
	r := w.call(t, http.MethodPost, "/", body, token(t, own, nil), "Content-Type", "text/plain")
	if r.status != http.StatusOK {
		t.Fatalf("%d %s", r.status, r.body)
	}
	results := r.results(t)
	if got := []any{results[0]["nbHits"], results[1]["nbHits"], results[3]["nbHits"]}; !cmp.Equal(got, []any{20.0, 30.0, 3.0}) {
		t.Errorf("hits %v", got)
	}
	if diff := cmp.Diff(map[string]any{"status": map[string]any{"LOST": 10.0, "DAMAGED": 10.0, "RESTOCKED": 10.0}}, results[1]["facets"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]any{map[string]any{"value": "Blue Dart", "highlighted": "<em>Blu</em>e Dart", "count": 60.0}}, results[2]["facetHits"]); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(r.body, "__ais-highlight__shirt__/ais-highlight__") {
		t.Error("matches are not marked")
	}
	for i, result := range results {
		if result["asOf"] == nil || result["stale"] != false || result["processingTimeMS"] == nil || strings.Contains(fmt.Sprint(result["params"]), "account") {
			t.Errorf("result %d: %v", i, result)
		}
	}
	if results[0]["index"] != "returns" || results[1]["params"] == "" {
		t.Errorf("%v %v", results[0]["index"], results[1]["params"])
	}
}

func TestRecord(t *testing.T) {
	w := newWorld(t, nil)
	mine := token(t, own, nil)
	for path, status := range map[string]int{
		"/own-1": 200, "/SearchOrderReturnIndexData/own-1": 200, oldPath + "/own-1": 200, "/CANARY-70": 404, "/nothing": 404,
		"/own-1/x": 404, "/own-1?a=b": 400, "/" + strings.Repeat("x", 257): 404, "/es_prod": 404, "/../own-1": 404,
	} {
		r := w.call(t, http.MethodGet, path, "", mine)
		if r.status != status || strings.Contains(r.body, rival) {
			t.Errorf("%.60s: %d %s, want %d", path, r.status, r.body, status)
		}
		if status == http.StatusOK && (!strings.Contains(r.body, `"record":{`) || !strings.Contains(r.body, `"asOf":"`)) {
			t.Errorf("%s: %s", path, r.body)
		}
	}
	if r := w.call(t, http.MethodGet, "/CANARY-70", "", token(t, []string{own, rival}, nil)); r.status != http.StatusOK {
		t.Errorf("a caller of both accounts: %d %s", r.status, r.body)
	}
}

func TestSeveralAccounts(t *testing.T) {
	w := newWorld(t, nil)
	both := token(t, []string{own, rival}, nil)
	for query, want := range map[string]int{"": 130, "filter=account:rival": 70, "filter=status:LOST&filter=account:acme": 20} {
		var a answer
		r := w.call(t, http.MethodGet, "/?"+query, "", both)
		if err := json.Unmarshal([]byte(r.body), &a); err != nil || a.NbHits != want {
			t.Errorf("%q: %d hits, want %d: %v", query, a.NbHits, want, err)
		}
	}
}

func TestOutages(t *testing.T) {
	w := newWorld(t, nil)
	w.index.Close()
	r := w.call(t, http.MethodGet, "/", "", token(t, own, nil))
	if code, _ := r.problem(); r.status != http.StatusServiceUnavailable || code != "index-unreachable" {
		t.Errorf("%d %s", r.status, r.body)
	}
	slow := newWorld(t, func(s *wire.Search) { s.Limits.Timeout = time.Nanosecond })
	if r := slow.call(t, http.MethodGet, "/", "", token(t, own, nil)); r.status != http.StatusServiceUnavailable {
		t.Errorf("%d %s", r.status, r.body)
	}
}
