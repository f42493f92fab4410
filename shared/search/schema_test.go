package search_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

func TestNewSchema(t *testing.T) {
	want := search.Schema{
		Entity: "things", Index: "prod", Account: "account",
		Facets: []string{"status", "courier", "isCod", "item.reason"}, Typeable: []string{"courier"},
		Filters: []string{"account", "status", "courier", "isCod", "item.reason", "secret"},
		Numbers: []string{"updatedAt", "amount"}, Measured: []string{"updatedAt", "amount"}, Texts: []string{"number", "item.name", "code"},
		Hidden: []string{"secret", "customer.phone"}, MaxHits: 500,
		Sorts: []search.Sort{{Field: "updatedAt", Desc: true}, {Field: "amount"}},
	}
	if diff := cmp.Diff(want, newSchema(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, bad := range []string{`{}`, `{"attributesForFaceting":["status"]}`, `{"attributesForFaceting":["filterOnly(account)","a b"]}`, `[`, `{"attributesForFaceting":["account"],"numericAttributesForFiltering":["x:y"]}`} {
		if s, err := search.NewSchema(search.Schema{Index: "i", Account: "account"}, []byte(bad)); err == nil {
			t.Errorf("%s: %+v", bad, s)
		}
	}
	if _, err := search.NewSchema(search.Schema{Index: "i"}, []byte(settings)); err == nil {
		t.Error("a schema without an account filters no tenant and is no error")
	}
}

// TestAnAccountThatIsANumber has the account among the numbers too, as a proposal over a
// table has it: it stays the tenant filter, and no facet.
func TestAnAccountThatIsANumber(t *testing.T) {
	for _, faceting := range []string{`"store"`, `"filterOnly(store)"`, `"searchable(store)"`} {
		s, err := search.NewSchema(search.Schema{Index: "i", Account: "store"}, []byte(`{"attributesForFaceting":[`+faceting+`,"brand"],"numericAttributesForFiltering":["store","price"]}`))
		if err != nil || !slices.Contains(s.Filters, "store") || slices.Contains(s.Facets, "store") || slices.Contains(s.Typeable, "store") {
			t.Errorf("%s: %+v, %v", faceting, s, err)
		}
	}
}

// TestTheTenantFilterCannotBeCounted keeps the account out of facets even where the
// settings allow it.
func TestTheTenantFilterCannotBeCounted(t *testing.T) {
	s, err := search.NewSchema(search.Schema{Index: "i", Account: "account"}, []byte(`{"attributesForFaceting":["searchable(account)","status"]}`))
	if err != nil || cmp.Diff([]string{"status"}, s.Facets) != "" || len(s.Typeable) != 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestHiddenFieldsAreNotShown(t *testing.T) {
	s := newSchema(t)
	for _, fields := range []string{"secret", "customer.phone", "customer.phone.mobile", "-secret"} {
		if _, err := s.ParseGet(url.Values{"fields": {fields}}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("fields=%s: %v", fields, err)
		}
		for _, name := range []string{"attributesToRetrieve", "attributesToHighlight", "attributesToSnippet"} {
			body, err := json.Marshal(map[string]any{"requests": []any{map[string]any{"indexName": "prod", "params": map[string]any{name: []string{fields}}}}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.ParseBatch(body); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", body, err)
			}
		}
	}
}

func TestParseGet(t *testing.T) {
	s := newSchema(t)
	q, err := s.ParseGet(url.Values{
		"query": {"red shoe"}, "page": {"2"}, "hitsPerPage": {"50"}, "sort": {"updatedAt_desc"}, "facets": {"status,courier"}, "fields": {"number,item.name"},
		"filter": {"status:LOST", "amount>=5", "status:DAMAGED", "courier:a:b", "amount<9"},
	})
	want := search.Query{
		Text: "red shoe", Page: 2, HitsPerPage: 50, Sort: search.Sort{Field: "updatedAt", Desc: true},
		Filter: search.Filter{
			{{Field: "status", Value: "LOST"}, {Field: "status", Value: "DAMAGED"}}, {{Field: "amount", Op: ">=", Low: 5}},
			{{Field: "courier", Value: "a:b"}}, {{Field: "amount", Op: "<", Low: 9}},
		},
		Options: map[string]any{"attributesToHighlight": []string{}, "attributesToSnippet": []string{}, "facets": []string{"status", "courier"}, "attributesToRetrieve": []string{"number", "item.name"}},
	}
	if diff := cmp.Diff(want, q); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// TestBothFormsOfParamsAreOne reads an object and the text of a URL's query.
func TestBothFormsOfParamsAreOne(t *testing.T) {
	s := newSchema(t)
	object := `{"query":"red","page":1,"hitsPerPage":5,"facets":["status"],"facetFilters":[["status:a","status:-b"],"isCod:true"],"numericFilters":["amount>5",["amount<2","amount=9"]],"distinct":true,"maxValuesPerFacet":7,"typoTolerance":false}`
	text, err := json.Marshal("query=red&page=1&hitsPerPage=5&facets=" + url.QueryEscape(`["status"]`) + "&facetFilters=" + url.QueryEscape(`[["status:a","status:-b"],"isCod:true"]`) +
		"&numericFilters=" + url.QueryEscape(`["amount>5",["amount<2","amount=9"]]`) + "&distinct=true&maxValuesPerFacet=7&typoTolerance=false")
	if err != nil {
		t.Fatal(err)
	}
	var read [2]search.Asked
	for i, params := range []string{object, string(text)} {
		asked, err := s.ParseBatch([]byte(`{"requests":[{"indexName":"things_amount_asc","params":` + params + `}]}`))
		if err != nil {
			t.Fatal(err)
		}
		read[i] = asked[0]
	}
	if diff := cmp.Diff(read[0].Query, read[1].Query); diff != "" {
		t.Errorf("(-object +text):\n%s", diff)
	}
	if got := read[0].Filter.String(); got != `(status:"a" OR NOT status:"b") AND isCod:"true" AND amount>5 AND (amount<2 OR amount=9)` {
		t.Error(got)
	}
	if read[0].Sort.Replica("prod") != "prod_amount_asc" || !strings.Contains(read[0].Params, "query=red") {
		t.Errorf("%+v", read[0])
	}
}

// TestParamsAreRefused reads params that could be understood in two ways.
func TestParamsAreRefused(t *testing.T) {
	s := newSchema(t)
	for params, param := range map[string]string{
		`"filters=status:a&filters=status:b"`: "requests[0].filters", `"query=%ZZ"`: "requests[0].params", `"a=1;b=2"`: "requests[0].params", `["status"]`: "requests[0].params",
		`{"filters":["status:a"]}`: "requests[0].filters", `{"tagFilters":"x"}`: "requests[0].tagFilters", `{"FILTERS":"status:a"}`: "requests[0].FILTERS", `{"facets":"account"}`: "requests[0].facets",
		`{"page":5,"hitsPerPage":100}`: "requests[0].page", `{"facetFilters":[["status:a","amount:3"]]}`: "requests[0].facetFilters", `{"facetName":"status"}`: "requests[0].facet",
		`{"restrictSearchableAttributes":["account"]}`: "requests[0].restrictSearchableAttributes", `{"distinct":5}`: "requests[0].distinct", `{"query":null,"page":"x"}`: "requests[0].page",
	} {
		_, err := s.ParseBatch([]byte(`{"requests":[{"indexName":"prod","params":` + params + `}]}`))
		var refused *fault.Error
		if !errors.As(err, &refused) || refused.Kind != fault.Invalid || refused.Param != param {
			t.Errorf("%s: %v, parameter %v", params, err, refused)
		}
	}
}

func TestReplicaSettings(t *testing.T) {
	all, err := search.ReplicaSettings([]byte(`{"customRanking":["desc(a)"]}`), "prod", newSchema(t).Sorts)
	if err != nil {
		t.Fatal(err)
	}
	var base, replica struct{ Replicas, Ranking, CustomRanking []string }
	for name, into := range map[string]any{"prod": &base, "prod_updatedAt_desc": &replica} {
		if err := json.Unmarshal(all[name], into); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"prod_updatedAt_desc", "prod_amount_asc"}, base.Replicas); diff != "" || base.Ranking != nil {
		t.Errorf("%v %s", base.Ranking, diff)
	}
	if replica.Ranking[0] != "desc(updatedAt)" || len(replica.Ranking) != 9 || replica.Replicas != nil || replica.CustomRanking[0] != "desc(a)" {
		t.Errorf("%+v", replica)
	}
	if _, err := search.ParseSort("updatedAt_down"); err == nil {
		t.Error("a sort without a direction was read")
	}
}

// FuzzParseBatch holds whatever is accepted to the limits.
func FuzzParseBatch(f *testing.F) {
	f.Add([]byte(`{"requests":[{"indexName":"prod","params":{"query":"a","filters":"status:b","facetFilters":[["status:c"]],"hitsPerPage":3}}]}`))
	f.Add([]byte(`{"requests":[{"indexName":"things_updatedAt_desc","params":"query=a&page=2&facets=*"}]}`))
	f.Add([]byte(`{"requests":[{"indexName":"prod","type":"facet","facet":"courier","params":{"facetQuery":"x"}}]}`))
	s := newSchema(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		asked, err := s.ParseBatch(body)
		if err != nil {
			if kind := fault.KindOf(err); kind != fault.Invalid && kind != fault.Forbidden {
				t.Fatalf("%s: %v", body, err)
			}
			return
		}
		for _, a := range asked {
			if a.HitsPerPage < 0 || a.HitsPerPage > search.MaxHitsPerPage || a.Page < 0 || a.Page > 0 && a.Page*a.HitsPerPage >= s.MaxHits || len(a.Text) > search.MaxText {
				t.Fatalf("%s was accepted as %+v", body, a)
			}
			if depth, quoted := shape(a.Filter.String()); depth != 0 || quoted {
				t.Fatalf("%s became %s", body, a.Filter)
			}
		}
	})
}
