package algolia_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
)

// seeded returns a server with three records in index "i", published.
func seeded(t *testing.T, settings string) *algolia.Server {
	t.Helper()
	server := newServer(t)
	do(t, server, "PUT", "/1/indexes/i/settings", settings)
	do(t, server, "POST", "/1/indexes/i/batch", `{"requests":[
		{"action":"addObject","body":{"objectID":"1","name":"red shoe","n":1,"deep":{"a":1,"b":2}}},
		{"action":"addObject","body":{"objectID":"2","name":"red hat","n":2}},
		{"action":"addObject","body":{"objectID":3,"name":"blue hat","n":3}}]}`)
	eventually(t, "seeding", func() bool { return server.Stats().Records["APP"]["i"] == 3 })
	return server
}

// TestAnswers pins the answers of calls as text, time and ids left out.
func TestAnswers(t *testing.T) {
	server := seeded(t, `{"searchableAttributes":["name"],"attributesForFaceting":["n","searchable(name)"],"customRanking":["asc(n)"]}`)
	tests := []struct{ method, path, body, want string }{
		{"GET", "/1/indexes/i/1?attributesToRetrieve=name,deep.a", "", `{"objectID":"1","name":"red shoe","deep":{"a":1}}`},
		{"GET", "/1/indexes/i/3", "", `{"objectID":"3","name":"blue hat","n":3}`},
		{"POST", "/1/indexes/*/objects", `{"requests":[{"indexName":"i","objectID":"9"},{"indexName":"i","objectID":"2","attributesToRetrieve":["n"]}]}`,
			`{"results":[null,{"objectID":"2","n":2}]}`},
		{"POST", "/1/indexes/i/query", `{"query":"hat","attributesToHighlight":[],"attributesToRetrieve":["n"],"hitsPerPage":1,"facets":["n"],"responseFields":["hits","nbHits","nbPages","facets","params"]}`,
			`{"facets":{"n":{"2":1,"3":1}},"hits":[{"objectID":"2","n":2}],"nbHits":2,"nbPages":2,` +
				`"params":"attributesToHighlight=%5B%5D&attributesToRetrieve=%5B%22n%22%5D&facets=%5B%22n%22%5D&hitsPerPage=1&query=hat&responseFields=%5B%22hits%22%2C%22nbHits%22%2C%22nbPages%22%2C%22facets%22%2C%22params%22%5D"}`},
		{"POST", "/1/indexes/i/query", `{"offset":1,"length":1,"attributesToHighlight":"","attributesToRetrieve":"n","responseFields":["hits","offset","length"]}`,
			`{"hits":[{"objectID":"2","n":2}],"length":1,"offset":1}`},
		{"POST", "/1/indexes/i/query", `{"params":"query=hat&filters=n%3D3&attributesToHighlight=name&attributesToRetrieve=objectID&responseFields=hits"}`,
			`{"hits":[{"objectID":"3","_highlightResult":{"name":{"value":"blue <em>hat</em>","matchLevel":"full","fullyHighlighted":false,"matchedWords":["hat"]}}}]}`},
		{"POST", "/1/indexes/*/queries", `{"strategy":"stopIfEnoughMatches","requests":[{"indexName":"i","hitsPerPage":1,"responseFields":"nbHits,hitsPerPage"},{"indexName":"i"}]}`,
			`{"results":[{"hitsPerPage":1,"nbHits":3,"processed":true},{"hits":[],"hitsPerPage":0,"index":"i","nbHits":0,"nbPages":0,"page":0,"params":"","processed":false,"processingTimeMS":1,"query":""}]}`},
		{"POST", "/1/indexes/*/queries", `{"requests":[{"indexName":"i","type":"facet","facet":"name","facetQuery":"re","maxFacetHits":1}]}`,
			`{"results":[{"exhaustive":{"facetsCount":true},"exhaustiveFacetsCount":true,"facetHits":[{"value":"red hat","highlighted":"<em>re</em>d hat","count":1}],"processingTimeMS":1}]}`},
		{"POST", "/1/indexes/i/rules/search", `{}`, `{"hits":[],"nbHits":0,"nbPages":0,"page":0}`},
		{"GET", "/1/indexes/i/task/1", "", `{"pendingTask":false,"status":"published"}`},
	}
	for _, tt := range tests {
		got := strings.TrimSpace(do(t, server, tt.method, tt.path, tt.body))
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s %s: %s", tt.method, tt.path, diff)
		}
	}
}

// refusal sends a request that must fail and returns its status and message.
func refusal(t *testing.T, server *algolia.Server, request, body string) string {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("X-Algolia-Application-Id", "APP")
	r.Header.Set("X-Algolia-API-Key", "admin")
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	if w.Code < http.StatusBadRequest {
		t.Errorf("%s %s was accepted", request, body)
	}
	return fmt.Sprintf("%d %s", w.Code, w.Body)
}

func TestMoreRefusals(t *testing.T) {
	server := seeded(t, `{"attributesForFaceting":["n"]}`)
	tests := []struct{ request, body, want string }{
		{"POST /1/indexes/i/browse", `{"cursor":"x"}`, "Invalid cursor"},
		{"POST /1/indexes/i/query", `{"filters":"a:1 OR n>2"}`, "cannot OR different types of filters"},
		{"POST /1/indexes/i/query", `{"filters":"(a:1 AND b:2)"}`, "only (X OR Y) AND Z is allowed"},
		{"POST /1/indexes/i/query", `{"hitsPerPage":5000}`, "hitsPerPage"},
		{"POST /1/indexes/i/query", `[`, "invalid JSON"},
		{"POST /1/indexes/*/queries", `{"requests":[{"indexName":"none"}]}`, "Index none does not exist"},
		{"POST /1/indexes/i/facets/n/query", `{"params":"facetQuery=1"}`, "searchable(n)"},
		{"POST /1/indexes/i/deleteByQuery", `{}`, "needs a filter"},
		{"POST /1/indexes/i/deleteByQuery", `{"filters":"a:"}`, "filters"},
		{"POST /1/indexes/i/operation", `{"operation":"copy","destination":"i"}`, "Invalid destination"},
		{"POST /1/indexes/i/batch", `{"requests":5}`, "expected an array"},
		{"POST /1/indexes/*/batch", `{"requests":[{"action":"clear"}]}`, "indexName is missing"},
		{"POST /1/indexes/i/rules/batch", `[{"x":1}]`, "objectID is missing"},
		{"POST /1/indexes/i", `[1]`, "expected a JSON object"},
		{"GET /1/indexes/i/synonyms/x", "", "ObjectID does not exist"},
		{"POST /1/keys", `{"acl":["fly"]}`, "Invalid ACL"},
		{"POST /1/keys", `{}`, "acl is missing"},
		{"GET /1/keys/none", "", "Key does not exist"},
		{"DELETE /1/keys/search", "", "cannot be changed"},
		{"PUT /_emulator/faults", `{"rules":[{"kind":"reset","probability":2}]}`, "not between 0 and 1"},
		{"PUT /_emulator/faults", `{"rules":[{"kind":"reset","scope":"some"}]}`, "unknown scope"},
		{"PUT /_emulator/faults", `{"rules":[{"kind":"refuseNamed","pattern":"("}]}`, "rule 0"},
		{"PUT /_emulator/faults", `{"rules":[{"kind":"serverError","status":200}]}`, "no failure"},
	}
	for _, tt := range tests {
		if got := refusal(t, server, tt.request, tt.body); !strings.Contains(got, tt.want) {
			t.Errorf("%s %s = %s, want %q", tt.request, tt.body, got, tt.want)
		}
	}
}

// TestFullQueue checks that writes are refused, not kept without bound, when
// nothing is published.
func TestFullQueue(t *testing.T) {
	server := algolia.New(algolia.Options{PublishDelay: time.Hour})
	defer func() { _ = server.Close() }()
	for range 5000 {
		do(t, server, "DELETE", "/1/indexes/i/1", "")
	}
	if got := refusal(t, server, "DELETE /1/indexes/i/1", ""); !strings.HasPrefix(got, "429 ") {
		t.Errorf("one task too many: %s", got)
	}
}
