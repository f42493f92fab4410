package transfers

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// document is what the tests look at of the description.
type document struct {
	Paths      map[string]map[string]operation
	Components struct{ Schemas map[string]schema }
}

type operation struct {
	Responses map[string]struct {
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

// described reads the description as a caller without a token does.
func described(t *testing.T, w *world) document {
	t.Helper()
	var d document
	if a := w.call("GET", "/openapi.json", "", "Authorization", ""); a.status != 200 || json.Unmarshal([]byte(a.body), &d) != nil {
		t.Fatalf("%d", a.status)
	}
	return d
}

func TestDescribedRoutesAreTheRoutes(t *testing.T) {
	w := newWorld(t, nil)
	have, want := map[string][]string{}, map[string][]string{}
	for _, r := range w.routes() {
		for _, m := range r.methods {
			if m != http.MethodHead {
				have[r.path] = append(have[r.path], strings.ToLower(m))
			}
		}
	}
	for path, operations := range described(t, w).Paths {
		want[path] = slices.Sorted(maps.Keys(operations))
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("(-description +code):\n%s", diff)
	}
}

// fieldsOf lists the JSON names of a struct.
func fieldsOf(v any) (names []string) {
	for _, f := range reflect.VisibleFields(reflect.TypeOf(v)) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func TestDescribedAnswersAreTheAnswers(t *testing.T) {
	d := described(t, newWorld(t, nil))
	for name, v := range map[string]any{
		"Job": transfer.Job{}, "JobResult": result{}, "Missing": missing{}, "Status": serviceStatus{}, "Drift": driftAnswer{}, "Threads": threadStatus{},
		"Models": modelFacts{}, "JobStatistic": jobStatistic{}, "QueueStatistic": queueStatistic{}, "QuickCheck": checked{}, "Part": part{},
	} {
		if diff := cmp.Diff(fieldsOf(v), slices.Sorted(maps.Keys(d.Components.Schemas[name].Properties))); diff != "" {
			t.Errorf("%s (-code +description):\n%s", name, diff)
		}
	}
}

// TestRealAnswersAreAsDescribed makes every route give every status that is described for
// it, in JSON and in XML, and holds each answer to the description.
func TestRealAnswersAreAsDescribed(t *testing.T) {
	w := newWorld(t, nil)
	d := described(t, w)
	job := created(t, w.call("POST", "/job/create", valid))
	at := w.studio.Put("dbo.Person", transfer.Record{})
	down := newWorld(t, func(a *API) { a.Commit = ""; a.Guard.Sources.Times = nil })
	_ = down.db.Pool.Close()
	seen := map[string]bool{}
	large := `"` + strings.Repeat("x", maxBulk) + `"`
	for _, c := range []struct {
		w                    *world
		method, path, body   string
		route, status, token string
	}{
		{w, "GET", "/service/status", "", "", "200", token}, {down, "GET", "/service/status", "", "", "503", token},
		{w, "GET", "/service/version", "", "", "200", token}, {down, "GET", "/service/version", "", "", "503", token},
		{w, "GET", "/service/drift", "", "", "200", token}, {down, "GET", "/service/drift", "", "", "503", token},
		{w, "GET", "/service/forcedriftcheck", "", "", "200", token}, {w, "POST", "/service/forcedriftcheck", "", "", "200", token},
		{w, "GET", "/service/processjobs", "", "", "200", token}, {w, "POST", "/service/processjobs", "", "", "200", token},
		{w, "GET", "/service/processprotocol", "", "", "200", token}, {w, "POST", "/service/processprotocol", "", "", "200", token},
		{w, "GET", fmt.Sprintf("/service/quick-check?model=dbo.Person&id=%d", at), "", "/service/quick-check", "200", token}, {w, "GET", "/service/quick-check", "", "", "400", token},
		{w, "GET", "/service/threads", "", "", "200", token}, {w, "POST", "/service/threads", `{"threads":2,"packageSize":5,"activeSeconds":9}`, "", "200", token}, {w, "POST", "/service/threads", "{}", "", "400", token},
		{w, "GET", "/job/create?job_date=2026-05-01&source_system=fs&source_model=m&source_record_id=1", "", "/job/create", "200", token}, {w, "GET", "/job/create", "", "", "400", token},
		{down, "GET", "/job/create?job_date=2026-05-01&source_system=fs&source_model=m&source_record_id=1", "", "/job/create", "503", token},
		{w, "POST", "/job/create", valid, "", "200", token}, {w, "POST", "/job/create", "{}", "", "400", token}, {w, "POST", "/job/create", large, "", "413", token}, {down, "POST", "/job/create", valid, "", "503", token},
		{w, "POST", "/job/bulk-create", "[" + valid + "]", "", "200", token}, {w, "POST", "/job/bulk-create", "[]", "", "400", token}, {w, "POST", "/job/bulk-create", large, "", "413", token}, {down, "POST", "/job/bulk-create", "[" + valid + "]", "", "503", token},
		{w, "POST", "/job/tree-create", "[" + valid + "]", "", "200", token}, {w, "POST", "/job/tree-create", "[]", "", "400", token}, {w, "POST", "/job/tree-create", large, "", "413", token}, {down, "POST", "/job/tree-create", "[" + valid + "]", "", "503", token},
		{w, "GET", fmt.Sprintf("/job/info/%d", job), "", "/job/info/{id}", "200", token}, {w, "GET", "/job/info/x", "", "/job/info/{id}", "400", token}, {w, "GET", "/job/info/99999", "", "/job/info/{id}", "404", token}, {down, "GET", "/job/info/1", "", "/job/info/{id}", "503", token},
		{w, "GET", "/job/list", "", "", "200", token}, {down, "GET", "/job/list", "", "", "503", token},
		{w, "GET", "/job/retryfailed", "", "", "200", token}, {w, "POST", "/job/retryfailed", "", "", "200", token}, {down, "GET", "/job/retryfailed", "", "", "503", token}, {down, "POST", "/job/retryfailed", "", "", "503", token},
		{w, "GET", "/models", "", "", "200", token}, {w, "GET", "/flow/map", "", "", "200", token}, {w, "GET", "/statistic/jobs", "", "", "200", token}, {down, "GET", "/statistic/jobs", "", "", "503", token},
		{w, "GET", "/statistic/studio/queue", "", "", "200", token}, {down, "GET", "/statistic/studio/queue", "", "", "503", token}, {w, "GET", "/statistic/online/queue", "", "", "200", token}, {down, "GET", "/statistic/online/queue", "", "", "503", token},
	} {
		route := c.route
		if route == "" {
			route = c.path
		}
		verb := strings.ToLower(c.method)
		seen[verb+" "+route+" "+c.status] = true
		a := c.w.call(c.method, c.path, c.body, "Accept", "application/json")
		response, known := d.Paths[route][verb].Responses[c.status]
		if fmt.Sprint(a.status) != c.status || !known {
			t.Errorf("%s %s: %d %.200s, want %s, described: %v", c.method, c.path, a.status, a.body, c.status, known)
			continue
		}
		if content, ok := response.Content["application/json"]; ok {
			var value any
			if err := json.Unmarshal([]byte(a.body), &value); err != nil {
				t.Errorf("%s %s: %v: %s", c.method, c.path, err, a.body)
			}
			d.hold(t, c.method+" "+c.path+" "+c.status, content.Schema, value)
			x := c.w.call(c.method, c.path, c.body, "Accept", "application/xml")
			var any struct {
				XMLName xml.Name
			}
			if err := xml.Unmarshal([]byte(x.body), &any); err != nil || x.header.Get("Content-Type") != "application/xml; charset=utf-8" {
				t.Errorf("%s %s in XML: %v: %.200s", c.method, c.path, err, x.body)
			}
		}
		if a := c.w.call(c.method, c.path, c.body, "Authorization", "Bearer x"); a.status == 401 {
			seen[verb+" "+route+" 401"] = true
		}
	}
	for path, operations := range d.Paths {
		for verb, o := range operations {
			for status := range o.Responses {
				// The table of jobs is not asked by all: a side that is down is the other cause.
				if name := verb + " " + path + " " + status; !seen[name] && name != "get /service/quick-check 503" {
					t.Errorf("%s is described and never shown to happen", name)
				}
			}
		}
	}
}

// hold demands that a value has what its schema requires and nothing that the schema does
// not know.
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
			} else if s.AdditionalProperties == nil {
				t.Errorf("%s: %s is answered and not described", where, name)
			}
		}
	case s.Type == "array" && isList:
		for _, item := range list {
			d.hold(t, where+"[]", *s.Items, item)
		}
	case value == nil || s.Type != map[string]string{"string": "string", "bool": "boolean", "float64": "integer"}[reflect.TypeOf(value).Kind().String()]:
		t.Errorf("%s: %v is not of the type %s", where, value, s.Type)
	}
}
