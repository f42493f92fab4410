package search

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/openapitest"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// described fetches the description as a caller without a token.
func described(t *testing.T, w *world) *openapitest.Document {
	t.Helper()
	r := w.call(t, http.MethodGet, "/openapi.json", "", "")
	if r.status != http.StatusOK {
		t.Fatal(r.status)
	}
	return openapitest.Parse(t, r.body)
}

// TestDescribedParametersAreTheParameters compares the lists of names.
func TestDescribedParametersAreTheParameters(t *testing.T) {
	w := newWorld(t, nil)
	d := described(t, w)
	var get []string
	for _, p := range d.Paths["/"]["get"].Parameters {
		if p.In == "query" {
			get = append(get, p.Name)
		}
	}
	if diff := cmp.Diff(search.GetParameters(), get); diff != "" {
		t.Errorf("GET (-code +description):\n%s", diff)
	}
	if diff := cmp.Diff(search.Parameters(), openapitest.Keys(d.Components.Schemas["Params"].Properties)); diff != "" {
		t.Errorf("params (-code +description):\n%s", diff)
	}
	s := w.parts.Schema
	enums := map[string][]any{}
	for _, p := range d.Paths["/"]["get"].Parameters {
		enums[p.Name] = p.Schema.Enum
		if p.Schema.Items != nil {
			enums[p.Name] = p.Schema.Items.Enum
		}
	}
	if diff := cmp.Diff([][]any{sqldb.Args(s.SortNames(), ""), sqldb.Args(s.Countable())}, [][]any{enums["sort"], enums["facets"]}); diff != "" {
		t.Errorf("enums (-code +description):\n%s", diff)
	}
}

// TestDescribedAnswersAreTheAnswers compares the names of what is answered with
// the types that are.
func TestDescribedAnswersAreTheAnswers(t *testing.T) {
	d := described(t, newWorld(t, nil))
	members := search.BatchMembers()
	slices.Sort(members)
	for name, want := range map[string][]string{
		"Answer": openapitest.Fields(search.Answer{}), "RecordAnswer": openapitest.Fields(recordAnswer{}), "Key": openapitest.Fields(keyAnswer{}), "Result": members, "BatchAnswer": {"asOf", "results", "stale"},
	} {
		if diff := cmp.Diff(want, openapitest.Keys(d.Components.Schemas[name].Properties)); diff != "" {
			t.Errorf("%s (-code +description):\n%s", name, diff)
		}
	}
}

// TestRealAnswersAreAsDescribed makes the function give every status that is
// described, and holds each answer, its headers included, to the description.
func TestRealAnswersAreAsDescribed(t *testing.T) {
	w := newWorld(t, nil)
	d := described(t, w)
	limited := newWorld(t, func(s *wire.Search) { s.Limits.Burst, s.Limits.Rate = 0, 1 })
	down := newWorld(t, nil)
	down.index.Close()
	down.parts.Schema.Sorts = nil
	broken := newWorld(t, func(s *wire.Search) { s.Engine = panicking{} })
	tight := newWorld(t, func(s *wire.Search) { s.Engine = tooLarge{} })
	unknown := newWorld(t, nil)
	unknown.away.Store(true)
	noKeys := newWorld(t, func(s *wire.Search) { s.Limits.KeyTTL = 0 })
	mine, nobody, large := token(t, own, nil), token(t, "", nil), strings.Repeat(" ", 256<<10+1)
	batch := batchOf("returns", map[string]any{"facets": "*", "query": "red"})
	tag := func(path string) string { return w.call(t, http.MethodGet, path, "", mine).header.Get("ETag") }
	for _, c := range []struct {
		w                          *world
		method, path, body, bearer string
		route                      string
		status                     int
		headers                    []string
	}{
		{w, "GET", "/?facets=*&query=red", "", mine, "/", 200, nil}, {w, "GET", "/?query=red", "", mine, "/", 304, []string{"If-None-Match", tag("/?query=red")}},
		{w, "GET", "/?page=x", "", mine, "/", 400, nil}, {w, "GET", "/", "", "", "/", 401, nil}, {w, "GET", "/", "", nobody, "/", 403, nil}, {w, "DELETE", "/", "", mine, "/", 405, nil},
		{limited, "GET", "/", "", mine, "/", 429, nil}, {tight, "GET", "/", "", mine, "/", 413, nil}, {tight, "GET", "/own-1", "", mine, "/{objectID}", 413, nil}, {broken, "GET", "/", "", mine, "/", 500, nil}, {down, "GET", "/", "", mine, "/", 503, nil},
		{w, "POST", "/", batch, mine, "/", 200, nil}, {w, "POST", "/", batchOf("returns", map[string]any{"facetName": "courier"}), mine, "/", 200, nil}, {w, "POST", "/", "{}", mine, "/", 400, nil}, {w, "POST", "/", large, mine, "/", 413, nil},
		{w, "POST", "/", batch, "", "/", 401, nil}, {w, "POST", "/", batchOf("x", nil), mine, "/", 403, nil}, {limited, "POST", "/", batch, mine, "/", 429, nil},
		{broken, "POST", "/", batch, mine, "/", 500, nil}, {down, "POST", "/", batch, mine, "/", 503, nil},
		{w, "GET", "/own-1", "", mine, "/{objectID}", 200, nil}, {w, "GET", "/own-1", "", mine, "/{objectID}", 304, []string{"If-None-Match", tag("/own-1")}}, {w, "GET", "/own-1?a", "", mine, "/{objectID}", 400, nil},
		{w, "GET", "/own-1", "", "", "/{objectID}", 401, nil}, {w, "GET", "/own-1", "", nobody, "/{objectID}", 403, nil}, {w, "GET", "/CANARY-70", "", mine, "/{objectID}", 404, nil}, {w, "POST", "/own-1", "", mine, "/{objectID}", 405, nil},
		{limited, "GET", "/own-1", "", mine, "/{objectID}", 429, nil}, {broken, "GET", "/own-1", "", mine, "/{objectID}", 500, nil}, {down, "GET", "/own-1", "", mine, "/{objectID}", 503, nil},
		{w, "POST", "/key", "", mine, "/key", 200, nil}, {w, "POST", "/key", "x", mine, "/key", 400, nil}, {w, "POST", "/key", "", "", "/key", 401, nil}, {w, "POST", "/key", "", nobody, "/key", 403, nil},
		{noKeys, "POST", "/key", "", mine, "/key", 404, nil}, {w, "GET", "/key", "", mine, "/key", 405, nil}, {limited, "POST", "/key", "", mine, "/key", 429, nil}, {broken, "POST", "/key", "", mine, "/key", 500, nil},
		{w, "GET", "/openapi.json", "", "", "/openapi.json", 200, nil}, {w, "GET", "/openapi.json", "", "", "/openapi.json", 304, []string{"If-None-Match", "*"}}, {w, "PUT", "/openapi.json", "", "", "/openapi.json", 405, nil},
		{unknown, "GET", "/", "", mine, "/", 503, nil}, {unknown, "POST", "/", batch, mine, "/", 503, nil}, {unknown, "GET", "/own-1", "", mine, "/{objectID}", 503, nil},
		{unknown, "POST", "/key", "", mine, "/key", 503, nil}, {unknown, "GET", "/openapi.json", "", "", "/openapi.json", 503, nil},
	} {
		r := c.w.call(t, c.method, c.path, c.body, c.bearer, c.headers...)
		d.Check(t, openapitest.Answer{Method: c.method, Path: c.path, Route: c.route, Want: c.status, Status: r.status, Header: r.header, Body: r.body})
	}
	d.Complete(t, func(name string) bool { return strings.HasSuffix(name, " 405") })
}
