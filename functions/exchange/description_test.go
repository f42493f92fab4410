package exchange

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/openapitest"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/rest"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
)

// document is what the tests look at of an OpenAPI description.
type document struct {
	OpenAPI string
	Paths   map[string]map[string]struct {
		Security    []any
		WeakestRole int    `json:"x-weakest-role"`
		ServerRole  string `json:"x-server-role"`
		Parameters  []struct{ Name, In string }
		Responses   map[string]any
	}
	Components struct {
		Schemas map[string]struct{ Properties map[string]any }
	}
}

func described(t *testing.T) (d document) {
	t.Helper()
	if err := json.Unmarshal(description, &d); err != nil || !strings.HasPrefix(d.OpenAPI, "3.") {
		t.Fatal(err)
	}
	return d
}

// TestDescribedRoutesAreTheRoutes compares paths, methods and roles.
func TestDescribedRoutesAreTheRoutes(t *testing.T) {
	want, have := map[string]string{}, map[string]string{}
	for _, r := range (&function{}).routes() {
		if _, twice := want[r.pattern]; twice {
			t.Errorf("%s is there twice", r.pattern)
		}
		want[r.pattern] = string(rune('0'+r.role/10)) + " " + r.server
		if method, _, _ := strings.Cut(r.pattern, " "); (r.audit == "") != (method == "GET" || r.pattern == "POST /login" || r.pattern == "POST /activity") {
			t.Errorf("%s: audited as %q", r.pattern, r.audit)
		}
	}
	for path, operations := range described(t).Paths {
		for method, o := range operations {
			have[strings.ToUpper(method)+" "+path] = string(rune('0'+o.WeakestRole/10)) + " " + o.ServerRole
			if (o.WeakestRole == 0) != (o.Security != nil) {
				t.Errorf("%s %s: a role without a token, or a token without a role", method, path)
			}
			for _, name := range []string{"{id}", "{token}", "{partner}", "{name}", "{key}", "{slice}"} {
				if strings.Contains(path, name) != slices.ContainsFunc(o.Parameters, func(p struct{ Name, In string }) bool { return p.In == "path" && "{"+p.Name+"}" == name }) {
					t.Errorf("%s %s: %s is not described", method, path, name)
				}
			}
		}
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("routes (-code +description):\n%s", diff)
	}
}

// TestDescribedFieldsAreTheFields compares the schemas with the types.
func TestDescribedFieldsAreTheFields(t *testing.T) {
	d := described(t)
	for name, value := range map[string]any{
		"Login": rest.Login{}, "Token": rest.Token{}, "Server": rest.Server{}, "Key": rest.Key{}, "KeyRow": store.Key{}, "Company": exchange.Company{},
		"CompanyEdit": companyEdit{}, "Slice": exchange.Slice{}, "SliceEdit": sliceEdit{}, "Meta": rest.Meta{}, "Grain": exchange.Grain{},
		"Subscription": exchange.Subscription{}, "SubscriptionEdit": subEdit{}, "Tag": store.Tag{}, "TagEdit": tagEdit{}, "User": store.User{},
		"UserEdit": userEdit{}, "PasswordEdit": passwordEdit{}, "Activity": exchange.Activity{}, "Result": exchange.Result{}, "Report": exchange.Report{},
		"Paging": rest.Paging{}, "Companies": answer{},
	} {
		if diff := cmp.Diff(openapitest.Fields(value), openapitest.Keys(d.Components.Schemas[name].Properties)); diff != "" {
			t.Errorf("%s (-code +description):\n%s", name, diff)
		}
	}
}

// TestDescribedFramesAreTheFrames compares the schema of a session with the frames.
func TestDescribedFramesAreTheFrames(t *testing.T) {
	var d struct {
		Properties map[string]struct {
			Properties map[string]any
			Items      struct{ Properties map[string]any }
		}
	}
	if err := json.Unmarshal(sessionSchema, &d); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(openapitest.Fields(exchange.Frame{}), openapitest.Keys(d.Properties)); diff != "" {
		t.Errorf("frame (-code +description):\n%s", diff)
	}
	for name, value := range map[string]any{
		"begin": exchange.Begin{}, "state": exchange.State{}, "range": exchange.Range{}, "part": exchange.Part{}, "done": exchange.Done{}, "error": exchange.Problem{},
		"pieces": exchange.Piece{}, "grains": exchange.Grain{}, "subscriptions": exchange.Subscription{},
	} {
		p := d.Properties[name].Properties
		if p == nil {
			p = d.Properties[name].Items.Properties
		}
		if diff := cmp.Diff(openapitest.Fields(value), openapitest.Keys(p)); diff != "" {
			t.Errorf("%s (-code +description):\n%s", name, diff)
		}
	}
}

// FuzzBodies reads any bytes as each of the bodies, and demands an error of the
// caller's kind or a value that its check accepts or refuses without a panic.
func FuzzBodies(f *testing.F) {
	for _, seed := range []string{`{"name":"abc","sync_addr":"http://[::1]:99"}`, `{"slice_type":"aces-file","metadata":{"a":null}}`, `{"username":"a","role":1e9}`, `{"id":7}`, `[`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var company companyEdit
		if json.Unmarshal(data, &company) == nil {
			if c, err := company.checked(); err == nil && (len(c.Name) < exchange.MinName || len(c.SyncAddr) > 255) {
				t.Errorf("%+v", c)
			}
		}
		var slice sliceEdit
		if json.Unmarshal(data, &slice) == nil {
			if s, err := slice.checked(); err == nil && !slices.Contains(exchange.SliceTypes(), s.Type) {
				t.Errorf("%+v", s)
			}
		}
		var user userEdit
		if json.Unmarshal(data, &user) == nil {
			if u, err := user.checked(&call{caller: caller{Role: roleAdmin}}); err == nil && u.Role < roleAdmin {
				t.Errorf("%+v", u)
			}
		}
		var grain exchange.Grain
		if json.Unmarshal(data, &grain) == nil && grain.Check() == nil && grain.Key == "" {
			t.Errorf("%+v", grain)
		}
		_, _ = tagName(string(data))
		_ = pairs(string(data))
	})
}

// TestListsArrange pages, filters and sorts without a panic, whatever is asked.
func TestListsArrange(t *testing.T) {
	type row struct {
		Name string `json:"name"`
		N    int    `json:"n"`
	}
	rows := []row{{"b", 10}, {"a", 9}, {"c", 9}}
	for text, want := range map[[2]string][]row{
		{"", ""}: rows, {"n:9", ""}: {{"a", 9}, {"c", 9}}, {"", "n:asc,name:desc"}: {{"c", 9}, {"a", 9}, {"b", 10}}, {"n:9,name:A", ""}: {{"a", 9}},
		{"x:1", "y:desc"}: {}, {",:,", ":"}: rows,
	} {
		if got, err := arranged(rows, text[0], text[1]); err != nil || !slices.Equal(got, want) {
			t.Errorf("%v: %v, %v", text, got, err)
		}
	}
	for p, want := range map[page]int{{1, 2}: 2, {2, 2}: 1, {3, 2}: 0, {maxPage, maxPageSize}: 0} {
		if got := cut(rows, p); len(got.Data.([]row)) != want || got.Paging.Total != 3 {
			t.Errorf("%v: %+v", p, got)
		}
	}
}
