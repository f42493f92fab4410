// Package openapitest holds a function's answers to its OpenAPI description: the names of
// fields to the types, and real answers to statuses, headers and schemas.
package openapitest

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Document is what tests look at of a description.
type Document struct {
	OpenAPI    string
	Paths      map[string]map[string]Operation // by path and method in small letters
	Components struct{ Schemas map[string]Schema }

	seen map[string]bool // the described answers that were given
}

// Operation is one method of a path.
type Operation struct {
	Parameters []struct {
		Name, In string
		Schema   Schema
	}
	Responses map[string]struct {
		Headers map[string]any
		Content map[string]struct{ Schema Schema }
	}
}

// Schema is the form of a value.
type Schema struct {
	Ref                  string `json:"$ref"`
	Type                 string
	Nullable             bool
	Required             []string
	Enum                 []any
	Properties           map[string]Schema
	Items                *Schema
	AllOf                []Schema // one, of a reference that is nullable
	AdditionalProperties any      // the schema of members without a name, or true for any
}

// Parse reads a description of version 3.
func Parse(t testing.TB, text string) *Document {
	t.Helper()
	d := &Document{seen: map[string]bool{}}
	if err := json.Unmarshal([]byte(text), d); err != nil || !strings.HasPrefix(d.OpenAPI, "3.") {
		t.Fatalf("this is no description, but version %q, %v", d.OpenAPI, err)
	}
	return d
}

// Keys returns the keys of a map in order.
func Keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// Fields lists the JSON names of a struct in order, those of embedded structs included.
func Fields(v any) []string {
	names := []string{}
	for _, f := range reflect.VisibleFields(reflect.TypeOf(v)) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Answer is a function's answer to a request, with what the request is to show.
type Answer struct {
	Method, Path string // as asked
	Route        string // the path of the description
	Want         int    // the status that the request is to get
	Status       int
	Header       http.Header
	Body         string
}

// Check demands that an answer is the described one of its status, and reports whether
// that is JSON.
func (d *Document) Check(t testing.TB, a Answer) (isJSON bool) {
	t.Helper()
	verb, status := strings.ToLower(a.Method), strconv.Itoa(a.Want)
	if a.Want == http.StatusMethodNotAllowed { // the method that is there has the description
		verb = Keys(d.Paths[a.Route])[0]
	}
	d.seen[verb+" "+a.Route+" "+status] = true
	response, known := d.Paths[a.Route][verb].Responses[status]
	if a.Status != a.Want || !known {
		t.Errorf("%s %s: %d %.300s, want %s, described: %v", a.Method, a.Path, a.Status, a.Body, status, known)
		return false
	}
	for name := range response.Headers {
		if a.Header.Get(name) == "" {
			t.Errorf("%s %s %s: the header %s is described and not sent", a.Method, a.Path, status, name)
		}
	}
	content, isJSON := response.Content["application/json"]
	if len(response.Content) == 0 && a.Body != "" {
		t.Errorf("%s %s %s: a body is answered and none described: %.300s", a.Method, a.Path, status, a.Body)
	}
	if isJSON {
		var value any
		if err := json.Unmarshal([]byte(a.Body), &value); err != nil {
			t.Errorf("%s %s %s: %v: %.300s", a.Method, a.Path, status, err, a.Body)
		}
		d.Hold(t, a.Method+" "+a.Path+" "+status, content.Schema, value)
	}
	return isJSON
}

// Complete demands that every described answer was checked but those that are excepted,
// such as "get /things 503".
func (d *Document) Complete(t testing.TB, except func(name string) bool) {
	t.Helper()
	for path, operations := range d.Paths {
		for verb, o := range operations {
			for status := range o.Responses {
				if name := verb + " " + path + " " + status; !d.seen[name] && !except(name) {
					t.Errorf("%s is described and never shown to happen", name)
				}
			}
		}
	}
}

// Hold demands that a value has what its schema requires and nothing that the schema does
// not know.
func (d *Document) Hold(t testing.TB, where string, s Schema, value any) {
	t.Helper()
	if len(s.AllOf) == 1 && (value != nil || !s.Nullable) {
		s = s.AllOf[0]
	}
	if s.Ref != "" {
		s = d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	object, isObject := value.(map[string]any)
	list, isList := value.([]any)
	_, isNumber := value.(float64)
	switch {
	case value == nil && s.Nullable, s.Type == "" && s.Properties == nil, s.Type == "number" && isNumber:
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
				d.Hold(t, where+"."+name, property, member)
			} else if further, ok := s.AdditionalProperties.(map[string]any); ok {
				d.Hold(t, where+"."+name, schemaOf(t, further), member)
			} else if s.AdditionalProperties == nil {
				t.Errorf("%s: %s is answered and not described", where, name)
			}
		}
	case s.Type == "array" && isList:
		for _, item := range list {
			d.Hold(t, where+"[]", *s.Items, item)
		}
	case s.Type != map[string]string{"string": "string", "bool": "boolean", "float64": "integer"}[reflect.TypeOf(value).Kind().String()]:
		t.Errorf("%s: %v is not of the type %s", where, value, s.Type)
	}
}

// schemaOf reads a schema that stands where true may stand too.
func schemaOf(t testing.TB, raw map[string]any) (s Schema) {
	t.Helper()
	text, err := json.Marshal(raw)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}
