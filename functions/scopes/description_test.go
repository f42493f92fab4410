package scopes

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
)

// document is what the tests look at of an OpenAPI description.
type document struct {
	OpenAPI    string
	Paths      map[string]map[string]operation
	Components struct{ Schemas map[string]schema }
}

type operation struct {
	Parameters []struct{ Name, In string }
	Responses  map[string]struct {
		Headers map[string]any
		Content map[string]struct{ Schema schema }
	}
}

type schema struct {
	Ref                  string `json:"$ref"`
	Type                 string
	Nullable             bool
	Required             []string
	Properties           map[string]schema
	Items                *schema
	AdditionalProperties any
}

// described fetches the description as a caller without a token.
func described(t *testing.T, w *world) document {
	t.Helper()
	var d document
	w.call(t, http.MethodGet, "/openapi.json", "", "").ok(t, &d)
	if !strings.HasPrefix(d.OpenAPI, "3.") {
		t.Fatal(d.OpenAPI)
	}
	return d
}

// fieldsOf lists the JSON names of a struct.
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

// TestDescribedNamesAreTheNames compares the description with the types.
func TestDescribedNamesAreTheNames(t *testing.T) {
	d := described(t, newWorld(t))
	for name, value := range map[string]any{
		"Scope": scope.Answer{}, "Detail": scope.Detail{}, "Failure": scope.Failure{}, "Scopes": scopesAnswer{}, "Status": scope.StatusAnswer{},
		"Statuses": statusesAnswer{}, "ScopeDone": member.ScopeDone{}, "EntitiesDone": member.EntitiesDone{}, "Deleted": deletedAnswer{},
	} {
		s := d.Components.Schemas[name]
		required := slices.Sorted(slices.Values(s.Required))
		if diff := cmp.Diff([][]string{fieldsOf(value), fieldsOf(value)}, [][]string{slices.Sorted(maps.Keys(s.Properties)), required}); diff != "" {
			t.Errorf("%s (-code +description):\n%s", name, diff)
		}
	}
	options := map[string]bool{}
	for _, name := range []string{"StartRequest", "SyncRequest", "DeleteRequest"} {
		for option := range d.Components.Schemas[name].Properties["options"].Properties {
			options[option] = true
		}
	}
	if diff := cmp.Diff(fieldsOf(scope.Options{}), slices.Sorted(maps.Keys(options))); diff != "" {
		t.Errorf("options (-code +description):\n%s", diff)
	}
	var actions []string
	for path, o := range d.Paths {
		if _, ok := o["post"]; ok {
			actions = append(actions, strings.TrimPrefix(path, "/"))
		}
	}
	slices.Sort(actions)
	if diff := cmp.Diff(slices.Sorted(slices.Values(scope.Actions())), actions); diff != "" {
		t.Errorf("actions (-code +description):\n%s", diff)
	}
}

// TestRealAnswersAreAsDescribed makes the function give every status that is
// described, and holds each answer to the description.
func TestRealAnswersAreAsDescribed(t *testing.T) {
	w, down, broken := newWorld(t), newWorld(t), newWorld(t)
	_ = down.parts.Flow.DB.Close()
	broken.parts.Flow = nil
	d := described(t, w)
	op, me, large := operator(t), reader(t), strings.Repeat(" ", 5000)
	w.call(t, "POST", "/start-sync-scope", startBody, op)
	w.call(t, "POST", "/sync-entities", `{"instanceId":"stock","options":{"entities":["stock"]}}`, op)
	seen := map[string]bool{}
	try := func(w *world, method, path, body, bearer, route string, status int) {
		t.Helper()
		r := w.call(t, method, path, body, bearer)
		verb := strings.ToLower(method)
		if status == 405 { // the method that is there has the description
			verb = slices.Sorted(maps.Keys(d.Paths[route]))[0]
		}
		seen[verb+" "+route+" "+strconv.Itoa(status)] = true
		response, ok := d.Paths[route][verb].Responses[strconv.Itoa(status)]
		if r.status != status || !ok {
			t.Errorf("%s %s: %d %s, want %d, described: %v", method, path, r.status, r.body, status, ok)
			return
		}
		for name := range response.Headers {
			if r.header.Get(name) == "" {
				t.Errorf("%s %s %d: the header %s is described and not sent", method, path, status, name)
			}
		}
		var value any
		if err := json.Unmarshal([]byte(r.body), &value); err != nil {
			t.Fatal(err)
		}
		d.hold(t, method+" "+path, response.Content["application/json"].Schema, value)
	}
	for route, path := range map[string]string{"/scopes": "/scopes", "/scopes/{id}": "/scopes/nightly", "/statuses": "/statuses"} {
		try(w, "GET", path, "", me, route, 200)
		try(w, "GET", path+"?x=1", "", me, route, 400)
		try(w, "GET", path, "", "", route, 401)
		try(w, "PUT", path, "", me, route, 405)
		try(broken, "GET", path, "", me, route, 500)
		try(down, "GET", path, "", me, route, 503)
	}
	try(w, "GET", "/scopes/unknown", "", me, "/scopes/{id}", 404)
	try(w, "GET", "/openapi.json", "", "", "/openapi.json", 200)
	try(w, "PUT", "/openapi.json", "", "", "/openapi.json", 405)
	for _, c := range []struct{ action, good, down string }{
		{"start-sync-scope", startBody, startBody}, {"sync-entities", "{}", "{}"},
		{"delete-sync-status", `{"options":{"id":1}}`, `{"options":{"id":1}}`}, {"delete-sync-scope", `{"options":{"id":"nightly"}}`, `{"options":{"id":"nightly"}}`},
	} {
		path := "/" + c.action
		try(w, "POST", path, c.good, op, path, 200)
		try(w, "POST", path, "{", op, path, 400)
		try(w, "POST", path, c.good, "", path, 401)
		try(w, "POST", path, c.good, me, path, 403)
		try(w, "PUT", path, c.good, op, path, 405)
		try(w, "POST", path, large, op, path, 413)
		try(broken, "POST", path, c.good, op, path, 500)
		try(down, "POST", path, c.down, op, path, 503)
	}
	try(w, "POST", "/delete-sync-status", `{"options":{"id":99}}`, op, "/delete-sync-status", 404)
	try(w, "POST", "/delete-sync-scope", `{"options":{"id":"unknown"}}`, op, "/delete-sync-scope", 404)
	for path, operations := range d.Paths {
		for verb, o := range operations {
			for status := range o.Responses {
				if name := verb + " " + path + " " + status; !seen[name] {
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
	case value == nil:
		t.Errorf("%s: null", where)
	case s.Type == "object" && isObject:
		for _, name := range s.Required {
			if _, ok := object[name]; !ok {
				t.Errorf("%s: %s is required and missing", where, name)
			}
		}
		for name, member := range object {
			if property, known := s.Properties[name]; known {
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
