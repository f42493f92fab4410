package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
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

// products is a second entity, whose tenants stand in another field.
func products(t *testing.T, w *world, asOf func() (*time.Time, error)) *wire.Served {
	t.Helper()
	settings := []byte(`{"searchableAttributes":["title"],"attributesForFaceting":["brand","made_in","lot.best_before","filterOnly(seller)","filterOnly(accountKey)"],"numericAttributesForFiltering":["price","unit_price"],"unretrievableAttributes":["accountKey"]}`)
	schema, err := search.NewSchema(search.Schema{Entity: "products", Index: "products_prod", Account: "seller", Format: format.Format{Account: "seller", AccountKey: true}}, settings)
	if err != nil {
		t.Fatal(err)
	}
	client, err := writer.New(writer.Config{AppID: "APP", WriteKey: adminID, URL: w.index.URL, BatchRecords: 1000, BatchBytes: 1 << 22, Senders: 1, Attempts: 1, WriteTimeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.ApplySettings(t.Context(), schema.Index, settings); err != nil {
		t.Fatal(err)
	}
	var ops []destination.Op
	for i, seller := range []string{own, own, own, rival, rival} {
		id := fmt.Sprint("P", i)
		ops = append(ops, destination.Op{ID: id, Body: fmt.Appendf(nil, `{"objectID":%q,"title":"red thing %d","brand":"b%d","price":%d,"unit_price":%[4]d,"made_in":"IN %[3]d","lot":{"best_before":"d%[3]d"},"seller":%[5]q,"accountKey":%[6]q}`, id, i, i%2, i, seller, format.AccountKey(seller))})
	}
	pushed, err := client.Push(t.Context(), schema.Index, ops)
	if err == nil {
		err = client.Wait(t.Context(), schema.Index, pushed.TaskID)
	}
	if err != nil {
		t.Fatal(err)
	}
	conf, err := vendor.Configuration("APP", searchKey, w.index.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &wire.Served{
		Schema: schema, Engine: engine.New(conf, engine.Config{Schema: schema, ReadTimeout: 20 * time.Second, MaxAnswer: w.parts.Limits.MaxAnswer}),
		Freshness: &search.Freshness{StaleAfter: 30 * time.Minute, Trust: trust, Read: func(context.Context) (*time.Time, error) { return asOf() }},
	}
}

// twoEntities starts a world that serves returns and products.
func twoEntities(t *testing.T, asOf func() (*time.Time, error)) *world {
	t.Helper()
	w := newWorld(t, nil)
	w.parts.Others = []*wire.Served{products(t, w, asOf)}
	handler, err := Handler(w.parts, func() time.Time { return *w.now.Load() })
	if err != nil {
		t.Fatal(err)
	}
	w.handler = handler
	return w
}

// TestFieldsWithUnderscores filters and counts by fields as tables name them, in each
// language of requests.
func TestFieldsWithUnderscores(t *testing.T) {
	older := clock.Add(-20 * time.Minute)
	w := twoEntities(t, func() (*time.Time, error) { return &older, nil })
	for query, want := range map[string]string{
		"filter=made_in:IN%201": `"nbHits":1`, "filter=unit_price>=1&filter=lot.best_before:d0": `"nbHits":1`, "facets=made_in,unit_price": `"IN0":2`, "facets=*": `"lot.best_before":{"d0":2,"d1":1}`,
		"fields=made_in,lot.best_before": `"best_before":"d1"`,
	} {
		if status, body := w.ask(t, http.MethodGet, "/entities/products?"+query, ""); status != http.StatusOK || !strings.Contains(strings.ReplaceAll(body, " ", ""), want) {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
	for params, want := range map[string]int{
		`{"filters":"made_in:'IN 1' AND unit_price >= 1"}`: 1, `{"filters":"unit_price:0 TO 1"}`: 2, `{"numericFilters":["unit_price>1"]}`: 1, `{"facetFilters":[["made_in:IN 0","lot.best_before:d1"]]}`: 3,
		`{"attributesToRetrieve":["made_in"],"attributesToSnippet":["made_in:5"],"facets":["made_in"]}`: 3,
	} {
		status, body := w.ask(t, http.MethodPost, "/", `{"requests":[{"indexName":"products","params":`+params+`}]}`)
		var answer struct{ Results []struct{ NbHits int } }
		if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK || answer.Results[0].NbHits != want {
			t.Errorf("%s: %d %s", params, status, body)
		}
	}
}

// ask sends a request as the tenant and returns status and body.
func (w *world) ask(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	r := w.call(t, method, path, body, token(t, own, nil))
	return r.status, r.body
}

// TestTwoEntities asks two entities by path and by index name, each through its own
// account field, in one batch and alone: no tenant sees another's records of either.
func TestTwoEntities(t *testing.T) {
	older := clock.Add(-20 * time.Minute)
	w := twoEntities(t, func() (*time.Time, error) { return &older, nil })
	for path, want := range map[string]string{
		"/entities/products":                           `"nbHits":3`,
		"/entities/products?query=red&filter=brand:b1": `"nbHits":1`,
		"/entities/products/P1":                        `"title":"red thing 1"`,
		"/entities/returns":                            fmt.Sprintf(`"nbHits":%d`, ownRecords),
		"/":                                            fmt.Sprintf(`"nbHits":%d`, ownRecords),
		"/entities/products/openapi.json":              `products`,
		"/" + name + "/entities/products":              `"nbHits":3`,
		oldPath + "/entities/products?filter=price>=2": `"nbHits":1`,
	} {
		if status, body := w.ask(t, http.MethodGet, path, ""); status != http.StatusOK || !strings.Contains(strings.ReplaceAll(body, " ", ""), strings.ReplaceAll(want, " ", "")) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	for path, want := range map[string]int{
		"/entities/products/P3": http.StatusNotFound, "/entities/nothing": http.StatusNotFound, "/entities/nothing/P1": http.StatusNotFound,
		"/entities/products/key/x": http.StatusNotFound, "/P1": http.StatusNotFound, "/entities": http.StatusNotFound,
		"/entities/products?facets=seller": http.StatusBadRequest,
	} {
		if status, body := w.ask(t, http.MethodGet, path, ""); status != want || strings.Contains(body, canary) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	status, body := w.ask(t, http.MethodPost, "/", `{"requests":[{"indexName":"products","params":{"query":"red","facets":["brand"]}},{"indexName":"returns","params":{}},{"indexName":"products_prod","params":{"hitsPerPage":1}}]}`)
	var answer struct {
		Results []struct {
			Index  string
			NbHits int
			AsOf   time.Time
			Facets map[string]map[string]int
		}
		AsOf time.Time
	}
	if err := json.Unmarshal([]byte(body), &answer); status != http.StatusOK || err != nil || len(answer.Results) != 3 {
		t.Fatalf("%d %s %v", status, body, err)
	}
	r := answer.Results
	if r[0].NbHits != 3 || r[1].NbHits != ownRecords || r[2].NbHits != 3 || r[0].Index != "products" || r[0].Facets["brand"]["b0"] != 2 || !r[0].AsOf.Equal(older) || r[1].AsOf.Equal(older) || !answer.AsOf.Equal(older) {
		t.Errorf("%+v", answer)
	}
	for path, body := range map[string]string{
		"/":                  `{"requests":[{"indexName":"products_price_asc","params":{}}]}`,
		"/entities/products": `{"requests":[{"indexName":"returns","params":{}}]}`,
	} {
		if status, answer := w.ask(t, http.MethodPost, path, body); status != http.StatusForbidden {
			t.Errorf("%s %s: %d %s", path, body, status, answer)
		}
	}
}

// TestOneEntityAway has a second entity of which no index is live: the first is answered.
func TestOneEntityAway(t *testing.T) {
	w := twoEntities(t, func() (*time.Time, error) { return nil, errors.New("none of its indices is live") })
	if status, body := w.ask(t, http.MethodPost, "/", `{"requests":[{"indexName":"returns","params":{}}]}`); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
	if status, body := w.ask(t, http.MethodPost, "/", `{"requests":[{"indexName":"returns","params":{}},{"indexName":"products","params":{}}]}`); status != http.StatusServiceUnavailable {
		t.Errorf("%d %s", status, body)
	}
}
