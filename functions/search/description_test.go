package search

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

// document is what the tests look at of an OpenAPI description.
type document struct {
	OpenAPI    string
	Paths      map[string]map[string]operation
	Components struct{ Schemas map[string]schema }
}

type operation struct {
	Parameters []struct {
		Name, In string
		Schema   schema
	}
	Responses map[string]struct {
		Ref     string `json:"$ref"`
		Headers map[string]any
		Content map[string]struct{ Schema schema }
	}
}

type schema struct {
	Ref                  string `json:"$ref"`
	Type                 string
	Nullable             bool
	Required             []string
	Enum                 []string
	Properties           map[string]schema
	Items                *schema
	AdditionalProperties any
}

// described fetches the description as a caller without a token.
func described(t *testing.T, w *world) document {
	t.Helper()
	r := w.call(t, http.MethodGet, "/openapi.json", "", "")
	var d document
	if err := json.Unmarshal([]byte(r.body), &d); err != nil || r.status != http.StatusOK || !strings.HasPrefix(d.OpenAPI, "3.") {
		t.Fatalf("%d: %v", r.status, err)
	}
	return d
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

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
	if diff := cmp.Diff(search.Parameters(), keys(d.Components.Schemas["Params"].Properties)); diff != "" {
		t.Errorf("params (-code +description):\n%s", diff)
	}
	s := w.parts.Schema
	enums := map[string][]string{}
	for _, p := range d.Paths["/"]["get"].Parameters {
		enums[p.Name] = p.Schema.Enum
		if p.Schema.Items != nil {
			enums[p.Name] = p.Schema.Items.Enum
		}
	}
	if diff := cmp.Diff([][]string{append([]string{""}, s.SortNames()...), s.Countable()}, [][]string{enums["sort"], enums["facets"]}); diff != "" {
		t.Errorf("enums (-code +description):\n%s", diff)
	}
}

// fieldsOf lists the JSON names of a struct, those of embedded structs included.
func fieldsOf(v any) []string {
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeOf(v)) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// TestDescribedAnswersAreTheAnswers compares the names of what is answered with
// the types that are.
func TestDescribedAnswersAreTheAnswers(t *testing.T) {
	d := described(t, newWorld(t, nil))
	members := search.BatchMembers()
	slices.Sort(members)
	for name, want := range map[string][]string{
		"Answer": fieldsOf(search.Answer{}), "RecordAnswer": fieldsOf(recordAnswer{}), "Key": fieldsOf(keyAnswer{}), "Result": members, "BatchAnswer": {"asOf", "results", "stale"},
	} {
		if diff := cmp.Diff(want, keys(d.Components.Schemas[name].Properties)); diff != "" {
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
	seen := map[string]bool{}
	for _, c := range []struct {
		w                          *world
		method, path, body, bearer string
		route, status              string
		headers                    []string
	}{
		{w, "GET", "/?facets=*&query=red", "", mine, "/", "200", nil}, {w, "GET", "/?query=red", "", mine, "/", "304", []string{"If-None-Match", tag("/?query=red")}},
		{w, "GET", "/?page=x", "", mine, "/", "400", nil}, {w, "GET", "/", "", "", "/", "401", nil}, {w, "GET", "/", "", nobody, "/", "403", nil}, {w, "DELETE", "/", "", mine, "/", "405", nil},
		{limited, "GET", "/", "", mine, "/", "429", nil}, {tight, "GET", "/", "", mine, "/", "413", nil}, {tight, "GET", "/own-1", "", mine, "/{objectID}", "413", nil}, {broken, "GET", "/", "", mine, "/", "500", nil}, {down, "GET", "/", "", mine, "/", "503", nil},
		{w, "POST", "/", batch, mine, "/", "200", nil}, {w, "POST", "/", batchOf("returns", map[string]any{"facetName": "courier"}), mine, "/", "200", nil}, {w, "POST", "/", "{}", mine, "/", "400", nil}, {w, "POST", "/", large, mine, "/", "413", nil},
		{w, "POST", "/", batch, "", "/", "401", nil}, {w, "POST", "/", batchOf("x", nil), mine, "/", "403", nil}, {limited, "POST", "/", batch, mine, "/", "429", nil},
		{broken, "POST", "/", batch, mine, "/", "500", nil}, {down, "POST", "/", batch, mine, "/", "503", nil},
		{w, "GET", "/own-1", "", mine, "/{objectID}", "200", nil}, {w, "GET", "/own-1", "", mine, "/{objectID}", "304", []string{"If-None-Match", tag("/own-1")}}, {w, "GET", "/own-1?a", "", mine, "/{objectID}", "400", nil},
		{w, "GET", "/own-1", "", "", "/{objectID}", "401", nil}, {w, "GET", "/own-1", "", nobody, "/{objectID}", "403", nil}, {w, "GET", "/CANARY-70", "", mine, "/{objectID}", "404", nil}, {w, "POST", "/own-1", "", mine, "/{objectID}", "405", nil},
		{limited, "GET", "/own-1", "", mine, "/{objectID}", "429", nil}, {broken, "GET", "/own-1", "", mine, "/{objectID}", "500", nil}, {down, "GET", "/own-1", "", mine, "/{objectID}", "503", nil},
		{w, "POST", "/key", "", mine, "/key", "200", nil}, {w, "POST", "/key", "x", mine, "/key", "400", nil}, {w, "POST", "/key", "", "", "/key", "401", nil}, {w, "POST", "/key", "", nobody, "/key", "403", nil},
		{noKeys, "POST", "/key", "", mine, "/key", "404", nil}, {w, "GET", "/key", "", mine, "/key", "405", nil}, {limited, "POST", "/key", "", mine, "/key", "429", nil}, {broken, "POST", "/key", "", mine, "/key", "500", nil},
		{w, "GET", "/openapi.json", "", "", "/openapi.json", "200", nil}, {w, "GET", "/openapi.json", "", "", "/openapi.json", "304", []string{"If-None-Match", "*"}}, {w, "PUT", "/openapi.json", "", "", "/openapi.json", "405", nil},
		{unknown, "GET", "/", "", mine, "/", "503", nil}, {unknown, "POST", "/", batch, mine, "/", "503", nil}, {unknown, "GET", "/own-1", "", mine, "/{objectID}", "503", nil},
		{unknown, "POST", "/key", "", mine, "/key", "503", nil}, {unknown, "GET", "/openapi.json", "", "", "/openapi.json", "503", nil},
	} {
		r := c.w.call(t, c.method, c.path, c.body, c.bearer, c.headers...)
		verb := strings.ToLower(c.method)
		if c.status == "405" { // the method that is there has the description
			verb = keys(d.Paths[c.route])[0]
		}
		seen[verb+" "+c.route+" "+c.status] = true
		response, ok := d.Paths[c.route][verb].Responses[c.status]
		if http.StatusText(r.status) == "" || c.status != string(rune('0'+r.status/100))+string(rune('0'+r.status/10%10))+string(rune('0'+r.status%10)) || !ok {
			t.Errorf("%s %s: %d %s, want %s, described: %v", c.method, c.path, r.status, r.body, c.status, ok)
			continue
		}
		for name := range response.Headers {
			if r.header.Get(name) == "" {
				t.Errorf("%s %s %s: the header %s is described and not sent", c.method, c.path, c.status, name)
			}
		}
		if content, ok := response.Content["application/json"]; ok {
			var value any
			if err := json.Unmarshal([]byte(r.body), &value); err != nil {
				t.Errorf("%s %s: %v", c.method, c.path, err)
			}
			d.hold(t, c.method+" "+c.path+" "+c.status, content.Schema, value)
		}
	}
	for path, operations := range d.Paths {
		for verb, o := range operations {
			for status := range o.Responses {
				if name := verb + " " + path + " " + status; !seen[name] && status != "405" {
					t.Errorf("%s is described and never shown to happen", name)
				}
			}
		}
	}
}

// hold demands that a value has what its schema requires and nothing that the
// schema does not know.
func (d document) hold(t *testing.T, where string, s schema, value any) {
	t.Helper()
	if s.Ref != "" {
		s = d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	object, isObject := value.(map[string]any)
	list, isList := value.([]any)
	switch {
	case value == nil && s.Nullable:
	case s.Type == "object" && isObject:
		for _, name := range s.Required {
			if _, ok := object[name]; !ok {
				t.Errorf("%s: %s is required and missing", where, name)
			}
		}
		for name, member := range object {
			property, known := s.Properties[name]
			if known {
				d.hold(t, where+"."+name, property, member)
			} else if len(s.Properties) > 0 && s.AdditionalProperties == nil {
				t.Errorf("%s: %s is answered and not described", where, name)
			}
		}
	case s.Type == "array" && isList:
		for _, item := range list {
			d.hold(t, where+"[]", *s.Items, item)
		}
	case s.Type != map[string]string{"string": "string", "bool": "boolean", "float64": "integer"}[reflect.TypeOf(value).Kind().String()]:
		t.Errorf("%s: %v is not of the type %s", where, value, s.Type)
	}
}
