package scopes

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/openapitest"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
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

// TestDescribedNamesAreTheNames compares the description with the types.
func TestDescribedNamesAreTheNames(t *testing.T) {
	d := described(t, newWorld(t))
	for name, value := range map[string]any{
		"Scope": scope.Answer{}, "Detail": scope.Detail{}, "Failure": scope.Failure{}, "Scopes": scopesAnswer{}, "Status": scope.StatusAnswer{},
		"Statuses": statusesAnswer{}, "ScopeDone": member.ScopeDone{}, "EntitiesDone": member.EntitiesDone{}, "Deleted": deletedAnswer{},
	} {
		s := d.Components.Schemas[name]
		required := slices.Sorted(slices.Values(s.Required))
		if diff := cmp.Diff([][]string{openapitest.Fields(value), openapitest.Fields(value)}, [][]string{openapitest.Keys(s.Properties), required}); diff != "" {
			t.Errorf("%s (-code +description):\n%s", name, diff)
		}
	}
	options := map[string]bool{}
	for _, name := range []string{"StartRequest", "SyncRequest", "DeleteRequest"} {
		for option := range d.Components.Schemas[name].Properties["options"].Properties {
			options[option] = true
		}
	}
	if diff := cmp.Diff(openapitest.Fields(scope.Options{}), openapitest.Keys(options)); diff != "" {
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
	try := func(w *world, method, path, body, bearer, route string, status int) {
		t.Helper()
		r := w.call(t, method, path, body, bearer)
		d.Check(t, openapitest.Answer{Method: method, Path: path, Route: route, Want: status, Status: r.status, Header: r.header, Body: r.body})
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
	d.Complete(t, func(string) bool { return false })
}
