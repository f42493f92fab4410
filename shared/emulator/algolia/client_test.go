package algolia_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/algolia/algoliasearch-client-go/v3/algolia/compression"
	"github.com/algolia/algoliasearch-client-go/v3/algolia/opt"
	"github.com/algolia/algoliasearch-client-go/v3/algolia/search"
	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
)

// plain sends the client's https requests over http.
type plain struct{}

func (plain) Request(r *http.Request) (*http.Response, error) {
	r.URL.Scheme = "http"
	return http.DefaultClient.Do(r)
}

// emulator starts a server and returns it with its address.
func emulator(t *testing.T, options algolia.Options) (*algolia.Server, string) {
	t.Helper()
	if options.PublishDelay == 0 {
		options.PublishDelay = time.Millisecond
	}
	server := algolia.New(options)
	listener := httptest.NewServer(server)
	t.Cleanup(func() {
		_ = server.Close()
		listener.Close()
	})
	return server, strings.TrimPrefix(listener.URL, "http://")
}

func clientFor(host, key string) *search.Client {
	return search.NewClientWithConfig(search.Configuration{
		AppID: "APP", APIKey: key, Hosts: []string{host}, Requester: plain{}, Compression: compression.GZIP,
	})
}

// start returns the official client on a fresh server.
func start(t *testing.T, options algolia.Options) *search.Client {
	t.Helper()
	_, host := emulator(t, options)
	return clientFor(host, "admin")
}

// eager polls a task more often than the client does by itself.
var eager = &opt.WaitConfigurationOption{DelayGrowth: func(*time.Duration) time.Duration { return 3 * time.Millisecond }}

type waiter interface{ Wait(...any) error }

// done waits for a write and fails the test on an error.
func done[W waiter](t *testing.T) func(W, error) {
	t.Helper()
	return func(w W, err error) {
		t.Helper()
		if err == nil {
			err = w.Wait(eager)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

type record = map[string]any

func hitIDs(res search.QueryRes) []string {
	var ids []string
	for _, hit := range res.Hits {
		ids = append(ids, hit["objectID"].(string))
	}
	return ids
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %s", what, diff)
	}
}

func TestClientWrites(t *testing.T) {
	index := start(t, algolia.Options{}).InitIndex("orders of a+b")
	res := must[search.SaveObjectRes](t)(index.SaveObject(record{"name": "made up"}))
	done[search.SaveObjectRes](t)(res, nil)
	if res.ObjectID == "" {
		t.Error("no objectID was made up")
	}
	done[search.GroupBatchRes](t)(index.SaveObjects([]record{
		{"objectID": "a b/1", "name": "first", "version": 1, "tags": []string{"x"}},
		{"objectID": "2", "name": "second", "version": 5},
	}))
	done[search.UpdateTaskRes](t)(index.PartialUpdateObject(record{"objectID": "a b/1", "extra": true}))
	done[search.GroupBatchRes](t)(index.PartialUpdateObjects([]record{
		{"objectID": "a b/1", "version": search.PartialUpdateOperation{Operation: "IncrementSet", Value: 7}, "name": "newer"},
		{"objectID": "2", "version": search.PartialUpdateOperation{Operation: "IncrementSet", Value: 5}, "name": "ignored"},
		{"objectID": "absent", "name": "not created"},
	}, opt.CreateIfNotExists(false)))
	var got record
	if err := index.GetObject("a b/1", &got); err != nil {
		t.Fatal(err)
	}
	same(t, "record", record{"objectID": "a b/1", "name": "newer", "version": 7.0, "tags": []any{"x"}, "extra": true}, got)
	var several []record
	if err := index.GetObjects([]string{"2", "absent"}, &several); err != nil {
		t.Fatal(err)
	}
	same(t, "records", []record{{"objectID": "2", "name": "second", "version": 5.0}, nil}, several)
	done[search.DeleteTaskRes](t)(index.DeleteObject("a b/1"))
	done[search.BatchRes](t)(index.DeleteObjects([]string{"2", "unknown"}))
	found := must[search.QueryRes](t)(index.Search("", opt.AttributesToRetrieve("name")))
	same(t, "left", 1, found.NbHits)
	if err := index.GetObject("2", &got); err == nil || !strings.Contains(err.Error(), "ObjectID does not exist") {
		t.Errorf("deleted record: %v", err)
	}
}

func TestClientSearch(t *testing.T) {
	client := start(t, algolia.Options{})
	index := client.InitIndex("products")
	done[search.UpdateTaskRes](t)(index.SetSettings(search.Settings{
		SearchableAttributes:  opt.SearchableAttributes("name", "brand"),
		AttributesForFaceting: opt.AttributesForFaceting("searchable(brand)", "price", "filterOnly(secret)"),
		CustomRanking:         opt.CustomRanking("desc(price)"),
	}))
	done[search.GroupBatchRes](t)(index.SaveObjects([]record{
		{"objectID": "1", "name": "Apple iPhone", "brand": "Apple", "price": 900, "secret": "s"},
		{"objectID": "2", "name": "Galaxy Phone", "brand": "Samsung", "price": 800},
		{"objectID": "3", "name": "Phone case", "brand": "apple pie", "price": 10},
	}))
	res := must[search.QueryRes](t)(index.Search("iphnoe", opt.Facets("*")))
	same(t, "typo", []string{"1"}, hitIDs(res))
	same(t, "facets", map[string]map[string]int{"brand": {"Apple": 1}, "price": {"900": 1}}, res.Facets)
	same(t, "stats", map[string]search.FacetStat{"price": {Min: 900, Max: 900, Avg: 900, Sum: 900}}, res.FacetsStats)
	res = must[search.QueryRes](t)(index.Search("pho", opt.Filters("price >= 10 AND NOT brand:samsung")))
	same(t, "prefix and filter", []string{"3"}, hitIDs(res))
	same(t, "highlight", "<em>Pho</em>ne case", res.Hits[0]["_highlightResult"].(record)["name"].(record)["value"])
	res = must[search.QueryRes](t)(index.Search("", opt.FacetFilterOr("brand:Apple", "brand:Samsung"), opt.HitsPerPage(1), opt.Page(1)))
	same(t, "page", []string{"2"}, hitIDs(res))
	same(t, "pages", 2, res.NbPages)
	values := must[search.SearchForFacetValuesRes](t)(index.SearchForFacetValues("brand", "app"))
	same(t, "facet values", []search.FacetHit{
		{Value: "Apple", Highlighted: "<em>App</em>le", Count: 1}, {Value: "apple pie", Highlighted: "<em>app</em>le pie", Count: 1},
	}, values.FacetHits)
	many := must[search.MultipleQueriesRes](t)(client.MultipleQueries([]search.IndexedQuery{
		search.NewIndexedQuery("products", opt.Query("case")), search.NewIndexedQuery("products", opt.Query("nothing")),
	}, "none"))
	same(t, "second query", 0, many.Results[1].NbHits)
	done[search.UpdateTaskRes](t)(index.DeleteBy(opt.Filters("price < 100")))
	same(t, "after deleteBy", 2, must[search.QueryRes](t)(index.Search("")).NbHits)
}

func TestClientIndices(t *testing.T) {
	client := start(t, algolia.Options{})
	index := client.InitIndex("main")
	done[search.UpdateTaskRes](t)(index.SetSettings(search.Settings{AttributesForFaceting: opt.AttributesForFaceting("kind")}))
	var list []record
	for range 2500 {
		list = append(list, record{"kind": "old"})
	}
	done[search.GroupBatchRes](t)(index.SaveObjects(list, opt.AutoGenerateObjectIDIfNotExist(true)))
	it := must[*search.ObjectIterator](t)(index.BrowseObjects(opt.Filters("kind:old")))
	n := 0
	for _, err := it.Next(); err == nil; _, err = it.Next() {
		n++
	}
	same(t, "browsed", 2500, n)
	done[*search.MultipleBatchRes](t)(wrap(client.MultipleBatch([]search.BatchOperationIndexed{
		{IndexName: "other", BatchOperation: search.BatchOperation{Action: search.AddObject, Body: record{"objectID": "x"}}},
		{IndexName: "main", BatchOperation: search.BatchOperation{Action: search.Clear}},
		{IndexName: "main", BatchOperation: search.BatchOperation{Action: search.AddObject, Body: record{"objectID": "y", "kind": "new"}}},
	})))
	same(t, "after clear", 1, must[search.QueryRes](t)(index.Search("")).NbHits)
	group, err := index.ReplaceAllObjects([]record{{"objectID": "z", "kind": "kept"}}, opt.Safe(true), eager)
	if err != nil || group.Wait() != nil {
		t.Fatal(err)
	}
	res := must[search.QueryRes](t)(index.Search("", opt.Filters("kind:kept")))
	same(t, "replaced", []string{"z"}, hitIDs(res))
	done[search.UpdateTaskRes](t)(client.CopyIndex("main", "copied"))
	done[search.UpdateTaskRes](t)(client.MoveIndex("copied", "moved"))
	names := []string{}
	for _, item := range must[search.ListIndicesRes](t)(client.ListIndices()).Items {
		names = append(names, item.Name)
	}
	same(t, "indices", []string{"main", "moved", "other"}, names)
	done[search.DeleteTaskRes](t)(client.InitIndex("moved").Delete())
	if _, err := client.InitIndex("moved").Search(""); err == nil || !strings.Contains(err.Error(), "Index moved does not exist") {
		t.Errorf("deleted index: %v", err)
	}
}

func wrap(res search.MultipleBatchRes, err error) (*search.MultipleBatchRes, error) { return &res, err }

func TestClientSettings(t *testing.T) {
	index := start(t, algolia.Options{}).InitIndex("i")
	if exists := must[bool](t)(index.Exists()); exists {
		t.Error("the index exists before anything was written")
	}
	done[search.UpdateTaskRes](t)(index.SetSettings(search.Settings{
		Ranking: opt.Ranking("desc(n)"), Distinct: opt.Distinct(true), TypoTolerance: opt.TypoToleranceMin(),
		HitsPerPage: opt.HitsPerPage(2), AttributesToSnippet: opt.AttributesToSnippet("a:5"), UserData: opt.UserData(record{"k": "v"}),
	}))
	done[search.UpdateTaskRes](t)(index.SetSettings(search.Settings{HitsPerPage: opt.HitsPerPage(3)}))
	got := must[search.Settings](t)(index.GetSettings())
	same(t, "kept", []string{"desc(n)"}, got.Ranking.Get())
	same(t, "changed", 3, got.HitsPerPage.Get())
	same(t, "default", 1000, got.PaginationLimitedTo.Get())
	done[search.GroupBatchRes](t)(index.SaveObjects([]record{{"objectID": "1", "n": 1}, {"objectID": "2", "n": 2}, {"objectID": "3", "n": 3}, {"objectID": "4", "n": 4}}))
	same(t, "ranked and paged", []string{"4", "3", "2"}, hitIDs(must[search.QueryRes](t)(index.Search(""))))
	done[search.UpdateTaskRes](t)(index.ClearObjects())
	same(t, "cleared", 0, must[search.QueryRes](t)(index.Search("")).NbHits)
	same(t, "settings stay", 3, must[search.Settings](t)(index.GetSettings()).HitsPerPage.Get())
}

func TestClientRulesAndSynonymsInBulk(t *testing.T) {
	index := start(t, algolia.Options{}).InitIndex("i")
	done[search.UpdateTaskRes](t)(index.SaveSynonyms([]search.Synonym{
		search.NewRegularSynonym("a", "x", "y"), search.NewOneWaySynonym("b", "in", "out"), search.NewPlaceholder("c", "<p>", "q"),
	}))
	done[search.UpdateTaskRes](t)(index.ReplaceAllSynonyms([]search.Synonym{search.NewRegularSynonym("d", "v", "w")}))
	it := must[*search.SynonymIterator](t)(index.BrowseSynonyms())
	n := 0
	for _, err := it.Next(); err == nil; _, err = it.Next() {
		n++
	}
	same(t, "synonyms", 1, n)
	done[search.UpdateTaskRes](t)(index.SaveRules([]search.Rule{{ObjectID: "1"}, {ObjectID: "2"}}))
	done[search.UpdateTaskRes](t)(index.DeleteRule("1"))
	same(t, "rules", 1, must[search.SearchRulesRes](t)(index.SearchRules("")).NbHits)
}
