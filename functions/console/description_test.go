package console

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/openapitest"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/alertstore"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

var update = flag.Bool("update", false, "write the schemas of openapi.json")

// described fetches the description as somebody who may look.
func described(t *testing.T) *openapitest.Document {
	t.Helper()
	w := newWorld(t)
	if got := w.page(t, "GET", "/openapi.json", "", ""); got.StatusCode != 401 {
		t.Errorf("nobody reads the description: %d", got.StatusCode)
	}
	got := w.page(t, "GET", "/openapi.json", "", token(t, nil))
	if got.StatusCode != 200 || !strings.HasPrefix(got.Header.Get("Content-Type"), "application/json") {
		t.Fatalf("%d %v", got.StatusCode, got.Header)
	}
	return openapitest.Parse(t, got.body)
}

// answered is the form of what is written in pieces.
type (
	stateAnswer struct {
		Now  time.Time `json:"now"`
		View view      `json:"view"`
	}
	firstAnswer struct {
		Session who          `json:"session"`
		State   *stateAnswer `json:"state,omitempty"`
	}
)

// schemas are the types that are answered or read, by their names in the description.
var schemas = map[string]any{
	"Session": who{}, "State": stateAnswer{}, "First": firstAnswer{}, "Run": pass{}, "RunDetail": runAnswer{}, "Page": store.PageRow{}, "Job": health.Job{}, "Alert": alertstore.AlertRow{},
	"ParkedPage": parkedAnswer{}, "Parked": store.Parked{}, "LogEntry": runlog.Entry{}, "AuditEntry": audit.Entry{}, "Record": verify.RecordReport{}, "Said": answer{}, "Comparison": comparison{},
	"Estimate": operate.Estimated{}, "IndexDrift": wire.IndexDrift{}, "Upcoming": upcoming{}, "ScheduleEdit": schedule.Edit{}, "Schedule": schedule.Answer{}, "Scope": scope.Answer{},
	"Entity": seen{}, "Counts": run.Counts{}, "Cause": store.Cause{},
}

// TestDescribedSchemasAreTheTypes compares the schemas with what encoding/json makes of the
// types. With -update it writes them.
func TestDescribedSchemasAreTheTypes(t *testing.T) {
	var doc map[string]any
	if err := json.Unmarshal(description, &doc); err != nil {
		t.Fatal(err)
	}
	have := doc["components"].(map[string]any)["schemas"].(map[string]any)
	want := openapitest.Derive(schemas)
	want["Problem"] = have["Problem"] // of package edge; real answers are held to it
	if *update {
		doc["components"].(map[string]any)["schemas"] = want
		var text bytes.Buffer
		e := json.NewEncoder(&text)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(doc); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("openapi.json", text.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("schemas (-code +description); run this test with -update:\n%s", diff)
	}
}

// TestDescribedRoutesAreTheRoutes compares the routes, actions, questions and the fields of
// their bodies with the description, and the parameters with those that the code reads.
func TestDescribedRoutesAreTheRoutes(t *testing.T) {
	d := described(t)
	var want, have []string
	for pattern := range (&function{Console: newWorld(t).parts}).routes() {
		switch pattern {
		case "POST /act/{action}":
			for name := range actions {
				want = append(want, "POST /act/"+name)
			}
		case "POST /ask/{question}":
			for name := range questions {
				want = append(want, "POST /ask/"+name)
			}
		default:
			want = append(want, pattern)
		}
	}
	read, named := map[string]bool{}, map[string]bool{}
	for path, operations := range d.Paths {
		for verb, o := range operations {
			have = append(have, strings.ToUpper(verb)+" "+path)
			inPath := regexp.MustCompile(`\{(\w+)\}`).FindAllString(path, -1)
			for _, p := range o.Parameters {
				switch {
				case p.In == "query":
					named[p.Name] = true
				case p.In == "path":
					inPath = slices.DeleteFunc(inPath, func(one string) bool { return one == "{"+p.Name+"}" })
				case p.Name != ChangeHeader || verb != "post":
					t.Errorf("%s %s takes no %s", verb, path, p.Name)
				}
			}
			if len(inPath) > 0 {
				t.Errorf("%s %s: %q is not described", verb, path, inPath)
			}
			if verb == "post" && !slices.ContainsFunc(o.Parameters, func(p struct {
				Name, In string
				Schema   openapitest.Schema
			}) bool {
				return p.Name == ChangeHeader
			}) {
				t.Errorf("%s is described without %s", path, ChangeHeader)
			}
		}
	}
	slices.Sort(want)
	slices.Sort(have)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("routes (-code +description):\n%s", diff)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?:\b(?:q|asked)\.(?:Get|Has)\(|whole\(q, )"(\w+)"`).FindAllStringSubmatch(string(text), -1) {
			if !strings.HasSuffix(file, "_test.go") {
				read[m[1]] = true
			}
		}
	}
	delete(read, "page") // of the page's own address
	if diff := cmp.Diff(slices.Sorted(maps.Keys(read)), slices.Sorted(maps.Keys(named))); diff != "" {
		t.Errorf("parameters (-code +description):\n%s", diff)
	}
	var bodies struct {
		Paths map[string]map[string]struct {
			RequestBody struct {
				Content map[string]struct{ Schema openapitest.Schema }
			}
		}
	}
	if err := json.Unmarshal(description, &bodies); err != nil {
		t.Fatal(err)
	}
	fields := map[string]bool{}
	for path, operations := range bodies.Paths {
		if schema := operations["post"].RequestBody.Content["application/json"].Schema; path != "/session" {
			for _, name := range slices.Concat(openapitest.Keys(schema.Properties), schema.Required) {
				fields[name] = true
			}
		}
	}
	if diff := cmp.Diff(openapitest.Fields(request{}), slices.Sorted(maps.Keys(fields))); diff != "" {
		t.Errorf("bodies (-code +description):\n%s", diff)
	}
}

// edited is a schedule as a body has it.
const edited = `"edit":{"name":"nightly","targetKind":"entity","target":"returns","run":"Daily","time":"23:30"}`

// good are bodies with which each question and action of a world that filled has made
// succeeds; those whose bodies are empty need an index.
func good(version string) map[string]string {
	return map[string]string{
		"/ask/compare": "", "/ask/backfill": "", "/ask/settings": "", "/act/repair": "", "/act/backfill": "", "/act/push-settings": "",
		"/ask/schedule": `{"schedule":1,` + edited + `}`, "/act/start-entity": `{"entity":"returns"}`, "/act/start-scope": `{"scope":"nightly","entities":["returns"]}`,
		"/act/pause-job": `{"job":7}`, "/act/resume-job": `{"job":8}`, "/act/cancel-job": `{"job":9}`,
		"/act/retry-parked": `{"entity":"returns","records":["R9-1"]}`, "/act/drop-parked": `{"entity":"returns","records":["R9-2"]}`,
		"/act/add-schedule": `{` + edited + `}`, "/act/edit-schedule": `{"schedule":1,"version":"` + version + `",` + edited + `}`, "/act/delete-schedule": `{"schedule":2,"version":"` + version + `"}`,
		"/act/acknowledge-alert": `{"alert":4}`, "/act/snooze-alert": `{"alert":4,"minutes":5}`,
	}
}

// filled returns a world in which there is one of each thing, and the version of its
// schedules.
func filled(t *testing.T) (w *world, version string) {
	t.Helper()
	w = newWorld(t)
	w.parts.Records = &recorder{}
	w.handler = Handler(w.parts, time.Now)
	for _, query := range []string{
		"INSERT INTO sync_run (entity, claim_id, kind, state, claim_token, window_from, window_to, closed_at) VALUES ('returns', 1, 'window', 'synced', 't', NOW(6), NOW(6), NOW(6))",
		"INSERT INTO sync_page (run_id, page, state, roots, attempts, finished_at) VALUES (1, 0, 2, 1, 1, NOW(6))",
		"INSERT INTO sync_log (at, severity, message, entity, run_id) VALUES (NOW(6), 'INFO', 'synced', 'returns', 1)",
		"INSERT INTO sync_job (id, entity, kind, state, window_from, window_to, roots) VALUES (7, 'returns', 'backfill', 'running', NOW(6), NOW(6), 5), (8, 'returns', 'backfill', 'paused', NOW(6), NOW(6), 5), (9, 'stock', 'repair', 'running', NOW(6), NOW(6), 5)",
		"INSERT INTO sync_parked (entity, object_id, root_id, run_id, reason, detail, bytes) VALUES ('returns', 'R9-1', 9, 1, 'REJECTED', 'no', 5), ('returns', 'R9-2', 9, 1, 'TOO_LARGE', '7 bytes', 7)",
		"INSERT INTO sync_alert (id, cause, title, detail, advice, link, raised_at, open_key) VALUES (4, 'behind', 'late', 'why', 'do', '', NOW(6), 'behind/')",
	} {
		w.exec(t, query)
	}
	for range 2 {
		w.do(t, 200, "in force", "add-schedule", "{"+edited+"}")
	}
	w.do(t, 200, "started", "start-scope", `{"scope":"weekly","entities":["stock"]}`)
	return w, w.look(t).View.Schedules[0].Version
}

// TestRealAnswersAreAsDescribed makes the console give every answer that is described, and
// holds each to its schema.
func TestRealAnswersAreAsDescribed(t *testing.T) {
	d := described(t)
	w, version := filled(t)
	down := newWorld(t)
	_ = down.parts.Store.Close()
	op, reader := operator(t), token(t, nil)
	tenant := token(t, func(b *jwt.Builder) { b.Claim("account", "acme") })
	try := func(w *world, method, path, route, body, session string, want int, headers ...string) {
		t.Helper()
		got := w.page(t, method, path, body, session, headers...)
		d.Check(t, openapitest.Answer{Method: method, Path: path, Route: route, Want: want, Status: got.StatusCode, Header: got.Header, Body: got.body})
	}
	for route, bad := range map[string]string{
		"/state": "", "/events": "", "/openapi.json": "", "/jobs": "?limit=0", "/alerts": "?limit=701", "/runs": "?before=x", "/log": "?severity=loud", "/parked": "?entity=", "/record": "?entity=returns",
		"/runs/{id}": "0", "/jobs/{id}": "x", "/alerts/{id}": "-1",
	} {
		right := map[string]string{"/parked": "?entity=returns&since=24h&limit=1", "/record": "?entity=returns&id=R1-2", "/runs": "?entity=returns&syncs=true", "/runs/{id}": "1", "/jobs/{id}": "7", "/alerts/{id}": "4"}[route]
		base := strings.TrimSuffix(route, "{id}")
		if route != "/events" { // it does not end by itself; its own tests read it
			try(w, "GET", base+right, route, "", reader, 200, "Authorization", map[bool]string{true: "Bearer " + op}[route == "/record"])
		}
		try(w, "GET", base+right, route, "", "", 401)
		try(w, "GET", base+right, route, "", tenant, 403)
		if bad != "" {
			try(w, "GET", base+bad, route, "", op, 400)
		}
		if missing := map[string]string{"/parked": "?entity=lost", "/runs": "?entity=lost", "/record": "?entity=lost&id=x", "/runs/{id}": "99", "/jobs/{id}": "99", "/alerts/{id}": "99"}[route]; missing != "" {
			try(w, "GET", base+missing, route, "", op, 404)
		}
		if !slices.Contains([]string{"/events", "/record", "/openapi.json"}, route) {
			try(down, "GET", base+right, route, "", op, 503)
		}
	}
	missing := strings.NewReplacer(`"entity":"returns"`, `"entity":"lost"`, `"job":`, `"job":99`, `"schedule":`, `"schedule":99`, `"alert":`, `"alert":99`)
	large := `{"colour":"` + strings.Repeat("x", maxBody) + `"}`
	for _, route := range openapitest.Keys(good(version)) {
		body := good(version)[route]
		if body != "" {
			try(w, "POST", route, route, body, op, 200)
		} else {
			body = `{"entity":"returns"}`
		}
		try(w, "POST", route, route, `{"colour":1}`, op, 400)
		try(w, "POST", route, route, body, "", 401)
		try(w, "POST", route, route, body, reader, 403)
		try(w, "POST", route, route, large, op, 413)
		if !slices.Contains([]string{"/act/add-schedule", "/act/start-scope"}, route) { // neither names what has to be there
			try(w, "POST", route, route, missing.Replace(body), op, 404)
		}
		try(down, "POST", route, route, body, op, 503)
	}
	for _, action := range []string{"edit", "delete"} {
		try(w, "POST", "/act/"+action+"-schedule", "/act/"+action+"-schedule", `{"schedule":1,"version":"old",`+edited+`}`, op, 409)
	}
	for _, route := range []string{"/session", "/first"} {
		try(w, "GET", route, route, "", op, 200)
		try(w, "GET", route, route, "", "", 200)
		try(down, "GET", route, route, "", op, 503)
	}
	signIn := `{"token":"` + op + `"}`
	try(w, "POST", "/session", "/session", signIn, "", 200)
	try(w, "POST", "/session", "/session", `{}{}`, "", 400)
	try(w, "POST", "/session", "/session", `{"token":"x"}`, "", 401)
	try(w, "POST", "/session", "/session", signIn, "", 403, ChangeHeader, "")
	try(w, "POST", "/session", "/session", large, "", 413)
	try(down, "POST", "/session/end", "/session/end", "", op, 503)
	try(w, "POST", "/session/end", "/session/end", "", op, 403, ChangeHeader, "")
	try(w, "POST", "/session/end", "/session/end", "", op, 200)
	d.Complete(t, func(name string) bool {
		verb, status := strings.Fields(name)[0], strings.Fields(name)[2]
		route := strings.Fields(name)[1]
		return status == "default" || name == "get /events 200" || verb == "post" && status == "200" && good(version)[route] == ""
	})
	// What has no number of its own in the description is a problem of the same form.
	full := newWorld(t)
	full.parts.Config.SubjectStreams = 0
	full.handler = Handler(full.parts, time.Now)
	got := full.page(t, "GET", "/events", "", operator(t))
	var value any
	if err := json.Unmarshal([]byte(got.body), &value); err != nil || got.StatusCode != 429 {
		t.Fatalf("%d %s", got.StatusCode, got.body)
	}
	d.Hold(t, "429", d.Components.Schemas["Problem"], value)
}
