package transfers

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/openapitest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// described reads the description as a caller without a token does.
func described(t *testing.T, w *world) *openapitest.Document {
	t.Helper()
	a := w.call("GET", "/openapi.json", "", "Authorization", "")
	if a.status != http.StatusOK {
		t.Fatal(a.status)
	}
	return openapitest.Parse(t, a.body)
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
		want[path] = openapitest.Keys(operations)
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("(-description +code):\n%s", diff)
	}
}

func TestDescribedAnswersAreTheAnswers(t *testing.T) {
	d := described(t, newWorld(t, nil))
	for name, v := range map[string]any{
		"Job": transfer.Job{}, "JobResult": result{}, "Missing": missing{}, "Status": serviceStatus{}, "Drift": driftAnswer{}, "Threads": threadStatus{},
		"Models": modelFacts{}, "JobStatistic": jobStatistic{}, "QueueStatistic": queueStatistic{}, "QuickCheck": checked{}, "Part": part{},
	} {
		if diff := cmp.Diff(openapitest.Fields(v), openapitest.Keys(d.Components.Schemas[name].Properties)); diff != "" {
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
	down := newWorld(t, func(a *API) { a.Commit = ""; a.Clocks.(guarded).Sources.Times = nil })
	_ = down.db.Pool.Close()
	large := `"` + strings.Repeat("x", maxBulk) + `"`
	for _, c := range []struct {
		w                         *world
		method, path, body, route string
		status                    int
	}{
		{w, "GET", "/service/status", "", "", 200}, {down, "GET", "/service/status", "", "", 503},
		{w, "GET", "/service/version", "", "", 200}, {down, "GET", "/service/version", "", "", 503},
		{w, "GET", "/service/drift", "", "", 200}, {down, "GET", "/service/drift", "", "", 503},
		{w, "GET", "/service/forcedriftcheck", "", "", 200}, {w, "POST", "/service/forcedriftcheck", "", "", 200},
		{w, "GET", "/service/processjobs", "", "", 200}, {w, "POST", "/service/processjobs", "", "", 200},
		{w, "GET", "/service/processprotocol", "", "", 200}, {w, "POST", "/service/processprotocol", "", "", 200},
		{w, "GET", fmt.Sprintf("/service/quick-check?model=dbo.Person&id=%d", at), "", "/service/quick-check", 200}, {w, "GET", "/service/quick-check", "", "", 400},
		{w, "GET", "/service/threads", "", "", 200}, {w, "POST", "/service/threads", `{"threads":2,"packageSize":5,"activeSeconds":9}`, "", 200}, {w, "POST", "/service/threads", "{}", "", 400},
		{w, "GET", "/job/create?job_date=2026-05-01&source_system=fs&source_model=m&source_record_id=1", "", "/job/create", 200}, {w, "GET", "/job/create", "", "", 400},
		{down, "GET", "/job/create?job_date=2026-05-01&source_system=fs&source_model=m&source_record_id=1", "", "/job/create", 503},
		{w, "POST", "/job/create", valid, "", 200}, {w, "POST", "/job/create", "{}", "", 400}, {w, "POST", "/job/create", large, "", 413}, {down, "POST", "/job/create", valid, "", 503},
		{w, "POST", "/job/bulk-create", "[" + valid + "]", "", 200}, {w, "POST", "/job/bulk-create", "[]", "", 400}, {w, "POST", "/job/bulk-create", large, "", 413}, {down, "POST", "/job/bulk-create", "[" + valid + "]", "", 503},
		{w, "POST", "/job/tree-create", "[" + valid + "]", "", 200}, {w, "POST", "/job/tree-create", "[]", "", 400}, {w, "POST", "/job/tree-create", large, "", 413}, {down, "POST", "/job/tree-create", "[" + valid + "]", "", 503},
		{w, "GET", fmt.Sprintf("/job/info/%d", job), "", "/job/info/{id}", 200}, {w, "GET", "/job/info/x", "", "/job/info/{id}", 400}, {w, "GET", "/job/info/99999", "", "/job/info/{id}", 404}, {down, "GET", "/job/info/1", "", "/job/info/{id}", 503},
		{w, "GET", "/job/list", "", "", 200}, {down, "GET", "/job/list", "", "", 503},
		{w, "GET", "/job/retryfailed", "", "", 200}, {w, "POST", "/job/retryfailed", "", "", 200}, {down, "GET", "/job/retryfailed", "", "", 503}, {down, "POST", "/job/retryfailed", "", "", 503},
		{w, "GET", "/models", "", "", 200}, {w, "GET", "/flow/map", "", "", 200}, {w, "GET", "/statistic/jobs", "", "", 200}, {down, "GET", "/statistic/jobs", "", "", 503},
		{w, "GET", "/statistic/studio/queue", "", "", 200}, {down, "GET", "/statistic/studio/queue", "", "", 503}, {w, "GET", "/statistic/online/queue", "", "", 200}, {down, "GET", "/statistic/online/queue", "", "", 503},
	} {
		route := c.route
		if route == "" {
			route = c.path
		}
		check := func(status int, a answer) (isJSON bool) {
			return d.Check(t, openapitest.Answer{Method: c.method, Path: c.path, Route: route, Want: status, Status: a.status, Header: a.header, Body: a.body})
		}
		if check(c.status, c.w.call(c.method, c.path, c.body, "Accept", "application/json")) {
			x := c.w.call(c.method, c.path, c.body, "Accept", "application/xml")
			var any struct {
				XMLName xml.Name
			}
			if err := xml.Unmarshal([]byte(x.body), &any); err != nil || x.header.Get("Content-Type") != "application/xml; charset=utf-8" {
				t.Errorf("%s %s in XML: %v: %.200s", c.method, c.path, err, x.body)
			}
		}
		if a := c.w.call(c.method, c.path, c.body, "Authorization", "Bearer x", "Accept", "application/json"); a.status == http.StatusUnauthorized {
			check(http.StatusUnauthorized, a)
		}
	}
	// The table of jobs is not asked by all: a side that is down is the other cause.
	d.Complete(t, func(name string) bool { return name == "get /service/quick-check 503" })
}
