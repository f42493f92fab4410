package algolia_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/algolia/algoliasearch-client-go/v3/algolia/opt"
	"github.com/algolia/algoliasearch-client-go/v3/algolia/search"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
)

// raw sends a request without the client and returns its status, body and
// header.
func raw(t *testing.T, method, url, body string, header ...string) (int, record, http.Header) {
	t.Helper()
	r := must[*http.Request](t)(http.NewRequest(method, url, strings.NewReader(body)))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res := must[*http.Response](t)(http.DefaultClient.Do(r))
	defer func() { _ = res.Body.Close() }()
	text := must[[]byte](t)(io.ReadAll(res.Body))
	got := record{}
	_ = json.Unmarshal(text, &got) // an empty body is no JSON
	return res.StatusCode, got, res.Header
}

// eventually polls until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen", what)
		}
	}
}

func TestRefusals(t *testing.T) {
	_, host := emulator(t, algolia.Options{RecordLimit: 100})
	admin := []string{"X-Algolia-Application-Id", "APP", "X-Algolia-API-Key", "admin"}
	reader := []string{"X-Algolia-Application-Id", "APP", "X-Algolia-API-Key", "search"}
	big := fmt.Sprintf(`{"requests":[{"action":"addObject","body":{"objectID":"s"}},{"action":"addObject","body":{"objectID":"b","x":%q}}]}`, strings.Repeat("é", 100))
	tests := []struct {
		method, path, body string
		header             []string
		status             int
		message            string
	}{
		{"POST", "/1/indexes/i/query", "", nil, 403, "Invalid Application-ID or API key"},
		{"POST", "/1/indexes/i/query", "", []string{"X-Algolia-Application-Id", "APP", "X-Algolia-API-Key", "x"}, 403, "Invalid Application-ID or API key"},
		{"POST", "/1/indexes/i/batch", "{}", reader, 403, "Method not allowed with this API key"},
		{"POST", "/1/indexes/i/query", "", reader, 404, "Index i does not exist"},
		{"GET", "/1/indexes/i/settings", "", admin, 404, "Index i does not exist"},
		{"GET", "/1/indexes/i/task/99", "", admin, 404, "taskID 99 does not exist"},
		{"GET", "/1/nowhere", "", admin, 404, "Path not found"},
		{"PATCH", "/1/indexes", "", admin, 405, "Method not allowed"},
		{"POST", "/1/indexes/i/batch", `{"requests":[{"action":"fly","body":{}}]}`, admin, 400, `invalid action "fly" at position 0`},
		{"POST", "/1/indexes/i/batch", `{"requests":[{"action":"updateObject","body":{}}]}`, admin, 400, "objectID is missing at position 0"},
		{"POST", "/1/indexes/i/batch", `{"requests":`, admin, 400, "invalid JSON at byte 12: unexpected end"},
		{"POST", "/1/indexes/i/batch", big, admin, 400, "Record at the position 1 objectID=b is too big size=223/100 bytes. Please have a look at https://www.algolia.com/doc/guides/sending-and-managing-data/prepare-your-data/in-depth/index-and-records-size-and-usage-limitations/#record-size-limits"},
		{"POST", "/1/indexes/i/a/partial", `{"n":{"_operation":"Explode","value":1}}`, admin, 400, `attribute "n": unknown operation "Explode"`},
		{"PUT", "/1/indexes/i/settings", `{"ranking":1}`, admin, 400, `Invalid value for "ranking" parameter, expected array of typo, geo, words, filters, proximity, attribute, exact, custom, asc(attribute) or desc(attribute) near line:1 column:11`},
		{"PUT", "/1/indexes/i/settings", `{"hitsPerPage":5,"serchableAttributes":["a"]}`, admin, 400, "Invalid object attributes: serchableAttributes near line:1 column:39"},
		{"PUT", "/1/indexes/i/settings", `{"customRanking":["down(x)"]}`, admin, 400, `Invalid value for "customRanking" parameter, expected array of asc(attribute) or desc(attribute), not "down(x)" near line:1 column:17`},
		{"PUT", "/1/indexes/i/settings", `{"ranking":["typos"]}`, admin, 400, `Invalid value for "ranking" parameter, expected array of typo, geo, words, filters, proximity, attribute, exact, custom, asc(attribute) or desc(attribute), not "typos" near line:1 column:11`},
		{"PUT", "/1/indexes/i/settings", `{"searchableAttributes":["unorderd(a)"]}`, admin, 400, `Invalid value for "searchableAttributes" parameter, expected array of attributes, alone or within ordered(), unordered(), not "unorderd(a)" near line:1 column:24`},
		{"PUT", "/1/indexes/i/settings", `{"queryType":"prefixMost"}`, admin, 400, `Invalid value for "queryType" parameter, expected one of prefixLast, prefixAll, prefixNone near line:1 column:13`},
		{"PUT", "/1/indexes/i/settings", `{"replicas":["j","virtual(i)"]}`, admin, 400, "index i cannot be a replica of itself"},
		{"PUT", "/1/indexes/i/rules/r", `{"conditions":[{"pattern":"x","anchoring":"is"}]}`, admin, 400, "Missing object attribute: consequence"},
		{"PUT", "/1/indexes/i/rules/r", `{"conditions":[{"pattern":"x"}],"consequence":{"params":{}}}`, admin, 400, "Missing object attribute: conditions[0].anchoring"},
		{"PUT", "/1/indexes/i/synonyms/s", `{"type":"synonym"}`, admin, 400, "Missing object attribute: synonyms"},
		{"PUT", "/1/indexes/i/synonyms/s", `{"type":"oneWaySynonym","synonyms":["a"]}`, admin, 400, "Missing object attribute: input"},
		{"POST", "/1/indexes/i/synonyms/batch", `[{"objectID":"s","synonyms":["a","b"]}]`, admin, 400, "Missing object attribute: type"},
		{"POST", "/1/indexes/i/operation", `{"operation":"steal","destination":"d"}`, admin, 400, "Invalid operation: expected copy or move"},
	}
	for _, tt := range tests {
		status, body, header := raw(t, tt.method, "http://"+host+tt.path, tt.body, tt.header...)
		if status != tt.status || body["message"] != tt.message || body["status"] != float64(tt.status) || header.Get("Correlation-ID") == "" {
			t.Errorf("%s %s = %d %v %v", tt.method, tt.path, status, body, header)
		}
	}
	_, body, _ := raw(t, "POST", "http://"+host+"/1/indexes/i/batch", big, admin...)
	same(t, "named record", []any{1.0, "b"}, []any{body["position"], body["objectID"]})
	status, _, _ := raw(t, "POST", "http://"+host+"/1/indexes/i/query", "", admin...)
	same(t, "the refused batch left nothing", 404, status)
}

func TestBrowserClient(t *testing.T) {
	_, host := emulator(t, algolia.Options{})
	url := "http://" + host + "/1/indexes/a%20b/query?x-algolia-application-id=APP&x-algolia-api-key=admin&x-algolia-agent=js"
	status, _, header := raw(t, "OPTIONS", url, "", "Origin", "http://localhost", "Access-Control-Request-Headers", "x-algolia-api-key")
	same(t, "preflight", []any{200, "*", "x-algolia-api-key"}, []any{status, header.Get("Access-Control-Allow-Origin"), header.Get("Access-Control-Allow-Headers")})
	raw(t, "PUT", strings.Replace(url, "query", "x", 1), `{"name":"found"}`, "Content-Type", "text/plain")
	eventually(t, "publishing", func() bool { status, _, _ = raw(t, "POST", url, `{"query":"found"}`); return status == 200 })
	status, body, _ := raw(t, "GET", strings.Replace(url, "a%20b/query", "a+b", 1)+"&query=found", "")
	same(t, "GET search", []any{200, 1.0, "a b"}, []any{status, body["nbHits"], body["index"]})
	status, body, _ = raw(t, "POST", url, `{"hitsperpage":1}`)
	same(t, "unknown parameter", []any{400, "Unknown parameter: hitsperpage"}, []any{status, body["message"]})
	status, body, _ = raw(t, "POST", strings.Replace(url, "a%20b/query", "*/queries", 1),
		`{"requests":[{"indexName":"a b","params":"query=fond&facets=%5B%22x%22%5D&highlightPreTag=__ais-highlight__&highlightPostTag=__%2Fais-highlight__"}]}`)
	hit := body["results"].([]any)[0].(record)["hits"].([]any)[0].(record)
	same(t, "InstantSearch tags", "__ais-highlight__found__/ais-highlight__", hit["_highlightResult"].(record)["name"].(record)["value"])
	same(t, "status", 200, status)
	status, _, _ = raw(t, "POST", strings.Replace(url, "a%20b/query", "*/queries", 1),
		`{"requests":[{"indexName":"a b","type":"facet","facet":"name","params":{"facetQuery":"f"}}]}`)
	same(t, "params as an object", 400, status)
	status, body, _ = raw(t, "POST", strings.Replace(url, "a%20b/query", "*/queries", 1),
		`{"requests":[{"indexName":"a b","type":"facet","facet":"name","facetQuery":"f","params":"hitsPerPage=1"}]}`)
	same(t, "facet that is not searchable", []any{400, "Cannot search in `name` attribute, you need to add `searchable(name)` to attributesForFaceting."},
		[]any{status, body["message"]})
}

func TestPublishing(t *testing.T) {
	_, host := emulator(t, algolia.Options{PublishDelay: 300 * time.Millisecond})
	client := clientFor(host, "admin")
	index := client.InitIndex("slow")
	res := must[search.GroupBatchRes](t)(index.SaveObjects([]record{{"objectID": "1"}}))
	var got record
	if err := index.GetObject("1", &got); err == nil {
		t.Error("a write was visible before it was published")
	}
	status := must[search.TaskStatusRes](t)(index.GetStatus(res.Responses[0].TaskID))
	same(t, "status", "notPublished", status.Status)
	if err := res.Wait(eager); err != nil {
		t.Fatal(err)
	}
	if err := index.GetObject("1", &got); err != nil {
		t.Error(err)
	}
	status = must[search.TaskStatusRes](t)(client.GetStatus(res.Responses[0].TaskID))
	same(t, "status", "published", status.Status)
}

func TestSecuredKeys(t *testing.T) {
	_, host := emulator(t, algolia.Options{})
	client := clientFor(host, "admin")
	index := client.InitIndex("tenants_1")
	done[search.UpdateTaskRes](t)(index.SetSettings(search.Settings{
		AttributesForFaceting: opt.AttributesForFaceting("tenant", "kind"), UnretrievableAttributes: opt.UnretrievableAttributes("cost"),
	}))
	done[search.GroupBatchRes](t)(index.SaveObjects([]record{
		{"objectID": "1", "tenant": "a", "kind": "x", "cost": 5}, {"objectID": "2", "tenant": "b", "kind": "x"}, {"objectID": "3", "tenant": "a", "kind": "y"},
	}))
	key := func(parent string, options ...any) *search.Index {
		value := must[string](t)(search.GenerateSecuredAPIKey(parent, options...))
		return clientFor(host, value).InitIndex("tenants_1")
	}
	for _, filters := range []string{"kind:x", "kind:x OR tenant:b", "kind:x OR kind:y AND NOT kind:y"} {
		res := must[search.QueryRes](t)(key("search", opt.Filters("tenant:a")).Search("", opt.Filters(filters)))
		for _, hit := range res.Hits {
			if hit["tenant"] != "a" || hit["cost"] != nil {
				t.Errorf("%s shows %v", filters, hit)
			}
		}
		if strings.Contains(res.Params, "tenant%3Aa") {
			t.Errorf("the key's filter is echoed: %s", res.Params)
		}
	}
	for _, option := range []any{opt.FacetFilter("tenant:a"), opt.FacetFilterOr("tenant:a", "tenant:c"), opt.Filters("tenant:a OR tenant:c")} {
		for _, asked := range []any{opt.FacetFilter("tenant:b"), opt.Filters("tenant:b OR kind:x"), opt.FacetFilterOr("tenant:b", "kind:y")} {
			for _, hit := range must[search.QueryRes](t)(key("search", option).Search("", asked)).Hits {
				if hit["tenant"] != "a" {
					t.Errorf("%v with %v shows %v", option, asked, hit)
				}
			}
		}
	}
	tests := []struct {
		name    string
		index   *search.Index
		message string
	}{
		{"expired", key("search", opt.ValidUntil(time.Unix(1, 0))), "expired"},
		{"other index", key("search", opt.RestrictIndices("other*")), "Index not allowed with this API key"},
		{"admin parent", key("admin", opt.Filters("tenant:a")), "Invalid Application-ID or API key"},
		{"forged", key("guess", opt.Filters("tenant:a")), "Invalid Application-ID or API key"},
		{"other network", key("search", opt.RestrictSources("10.0.0.0/8")), "Invalid Application-ID or API key"},
	}
	for _, tt := range tests {
		if _, err := tt.index.Search(""); err == nil || !strings.Contains(err.Error(), tt.message) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	good := key("search", opt.RestrictIndices("tenants_*"), opt.ValidUntil(time.Now().Add(time.Hour)), opt.UserToken("u"), opt.RestrictSources("127.0.0.1/32"))
	same(t, "allowed", 3, must[search.QueryRes](t)(good.Search("")).NbHits)
}

func TestKeysAndLogs(t *testing.T) {
	_, host := emulator(t, algolia.Options{})
	client := clientFor(host, "admin")
	created := must[search.CreateKeyRes](t)(client.AddAPIKey(search.Key{ACL: []string{"search", "addObject"}, Indexes: []string{"mine*"}}))
	if err := created.Wait(); err != nil {
		t.Fatal(err)
	}
	own := clientFor(host, created.Key)
	done[search.GroupBatchRes](t)(own.InitIndex("mine_1").SaveObjects([]record{{"objectID": "1"}}))
	if _, err := own.InitIndex("theirs").SaveObjects([]record{{"objectID": "1"}}); err == nil || !strings.Contains(err.Error(), "Index not allowed") {
		t.Errorf("another index: %v", err)
	}
	key := must[search.Key](t)(client.GetAPIKey(created.Key))
	key.ACL = []string{"search"}
	if updated := must[search.UpdateKeyRes](t)(client.UpdateAPIKey(key)); updated.Wait() != nil {
		t.Error("the change is not seen")
	}
	if _, err := own.InitIndex("mine_1").SaveObjects([]record{{"objectID": "1"}}); err == nil || !strings.Contains(err.Error(), "Method not allowed") {
		t.Errorf("a right taken away: %v", err)
	}
	same(t, "keys", 3, len(must[search.ListAPIKeysRes](t)(client.ListAPIKeys()).Keys))
	if deleted := must[search.DeleteKeyRes](t)(client.DeleteAPIKey(created.Key)); deleted.Wait() != nil {
		t.Error("the key is still there")
	}
	if restored := must[search.RestoreKeyRes](t)(client.RestoreAPIKey(created.Key)); restored.Wait() != nil {
		t.Error("the key is not back")
	}
	logs := must[search.GetLogsRes](t)(client.GetLogs(opt.IndexName("mine_1")))
	same(t, "oldest logged", "POST", logs.Logs[len(logs.Logs)-1].Method)
}

func TestRulesSynonymsReplicas(t *testing.T) {
	client := start(t, algolia.Options{})
	index := client.InitIndex("main")
	done[search.GroupBatchRes](t)(index.SaveObjects([]record{{"objectID": "1", "name": "sneaker", "n": 1}, {"objectID": "2", "name": "boot", "n": 2}}))
	done[search.UpdateTaskRes](t)(index.SaveSynonym(search.NewRegularSynonym("s1", "sneaker", "trainer")))
	same(t, "synonym", []string{"1"}, hitIDs(must[search.QueryRes](t)(index.Search("trainer"))))
	found := must[search.SearchSynonymsRes](t)(index.SearchSynonyms("train"))
	same(t, "synonyms", 1, found.NbHits)
	done[search.UpdateTaskRes](t)(index.SaveRule(search.Rule{ObjectID: "r1", Description: "kept"}))
	rule := must[search.Rule](t)(index.GetRule("r1"))
	same(t, "rule", "kept", rule.Description)
	done[search.UpdateTaskRes](t)(index.ClearRules())
	if _, err := index.GetRule("r1"); err == nil {
		t.Error("a cleared rule is still there")
	}
	done[search.UpdateTaskRes](t)(index.SetSettings(search.Settings{Replicas: opt.Replicas("main_asc", "virtual(main_desc)")}))
	done[search.UpdateTaskRes](t)(client.InitIndex("main_asc").SetSettings(search.Settings{Ranking: opt.Ranking("asc(n)")}))
	done[search.UpdateTaskRes](t)(client.InitIndex("main_desc").SetSettings(search.Settings{CustomRanking: opt.CustomRanking("desc(n)")}))
	done[search.GroupBatchRes](t)(index.SaveObjects([]record{{"objectID": "3", "n": 0}}))
	done[search.UpdateTaskRes](t)(index.SetSettings(search.Settings{HitsPerPage: opt.HitsPerPage(2), Replicas: opt.Replicas("main_asc", "virtual(main_desc)")}, opt.ForwardToReplicas(true)))
	same(t, "forwarded", 2, must[search.QueryRes](t)(client.InitIndex("main_asc").Search("")).HitsPerPage)
	done[search.UpdateTaskRes](t)(index.SetSettings(search.Settings{HitsPerPage: opt.HitsPerPage(20)}, opt.ForwardToReplicas(true)))
	same(t, "standard replica", []string{"3", "1", "2"}, hitIDs(must[search.QueryRes](t)(client.InitIndex("main_asc").Search(""))))
	same(t, "virtual replica", []string{"2", "1", "3"}, hitIDs(must[search.QueryRes](t)(client.InitIndex("main_desc").Search(""))))
	for _, item := range must[search.ListIndicesRes](t)(client.ListIndices()).Items {
		if item.Name == "main_asc" {
			same(t, "primary", "main", item.Primary)
		}
	}
	if _, err := client.InitIndex("main_asc").Delete(); err == nil {
		t.Error("a replica was deleted")
	}
}
