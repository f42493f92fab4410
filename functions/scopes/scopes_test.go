package scopes

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/member"
)

const startBody = `{"instanceId":"nightly","options":{"title":"<b>Every night</b>","members":{"returns":["returns"],"stock":["stock"]}}}`

// TestAScopeFromStartToDelete walks through all actions.
func TestAScopeFromStartToDelete(t *testing.T) {
	w, op := newWorld(t), operator(t)
	var done member.ScopeDone
	w.call(t, "POST", "/start-sync-scope", startBody, op).ok(t, &done)
	if !done.Started || done.Scope.State != scope.Syncing || done.Scope.Syncing != 2 {
		t.Fatalf("%+v", done)
	}
	w.call(t, "POST", "/action.start-sync-scope", startBody, op).ok(t, &done)
	if done.Started || done.Message != "already syncing" || done.Scope.Run != 1 {
		t.Errorf("%+v", done)
	}
	w.call(t, "POST", "/action-start-sync-scope", `{"instanceId":"nightly","options":{"restart":true}}`, op).ok(t, &done)
	if !done.Started || done.Scope.Run != 2 {
		t.Errorf("%+v", done)
	}
	w.call(t, "POST", "/start-sync-scope", `{"instanceId":"nightly","when":{"scope":"nightly","isNot":"syncing"},"options":{"restart":true}}`, op).ok(t, &done)
	if done.Started || !strings.Contains(done.Message, "condition") {
		t.Errorf("%+v", done)
	}
	var synced member.EntitiesDone
	w.call(t, "POST", "/sync-entities", `{"instanceId":"stock","options":{"entities":["stock"]}}`, op).ok(t, &synced)
	if len(synced.Statuses) != 1 || synced.Statuses[0].State != scope.Syncing {
		t.Fatalf("%+v", synced)
	}
	var all scopesAnswer
	w.call(t, "GET", "/SyncScopes/scopes", "", reader(t)).ok(t, &all)
	if len(all.Scopes) != 1 || all.Scopes[0].Title != "<b>Every night</b>" || len(all.Scopes[0].Details) != 2 {
		t.Errorf("%+v", all)
	}
	var statuses statusesAnswer
	w.call(t, "GET", "/statuses?entity=stock&state=syncing&instanceId=stock&limit=2", "", reader(t)).ok(t, &statuses)
	if len(statuses.Statuses) != 2 || statuses.Statuses[0].ID != synced.Statuses[0].ID {
		t.Errorf("%+v", statuses)
	}
	var gone deletedAnswer
	w.call(t, "POST", "/delete-sync-status", `{"when":false,"options":{"id":"`+synced.Statuses[0].ID+`"}}`, op).ok(t, &gone)
	if gone.Deleted {
		t.Error("deleted against the condition")
	}
	w.call(t, "POST", "/delete-sync-status", `{"options":{"id":`+synced.Statuses[0].ID+`}}`, op).ok(t, &gone)
	w.call(t, "POST", "/delete-sync-scope", `{"options":{"id":"nightly"}}`, op).ok(t, &gone)
	if r := w.call(t, "GET", "/scopes/nightly", "", op); !gone.Deleted || r.status != 404 || r.code() != "no-scope" {
		t.Errorf("%d %s", r.status, r.body)
	}
}

// TestWhoMayDoWhat tries every address with every kind of caller.
func TestWhoMayDoWhat(t *testing.T) {
	w := newWorld(t)
	w.call(t, "POST", "/start-sync-scope", startBody, operator(t)).ok(t, &member.ScopeDone{})
	with := func(claim string, value any) string {
		return token(t, func(b *jwt.Builder) { b.Claim(claim, value) })
	}
	forged := operator(t)
	forged = forged[:len(forged)-4] + "AAAA"
	none := strings.Split(operator(t), ".")
	callers := map[string]struct {
		token       string
		read, write int
	}{
		"nobody":                    {"", 401, 401},
		"a forger":                  {forged, 401, 401},
		"an unsigned token":         {"eyJhbGciOiJub25lIn0." + none[1] + ".", 401, 401},
		"an expired operator":       {token(t, func(b *jwt.Builder) { b.Claim("roles", "operator").Expiration(clock.Add(-time.Hour)) }), 401, 401},
		"another issuer's operator": {token(t, func(b *jwt.Builder) { b.Claim("roles", "operator").Issuer("https://other.example") }), 401, 401},
		"a reader":                  {reader(t), 200, 403},
		"another role":              {with("roles", []string{"operators", "Operator", "admin"}), 200, 403},
		"a role that is a number":   {with("roles", 7), 200, 403},
		"a role in an object":       {with("roles", map[string]any{"operator": true}), 200, 403},
		"a list in a list":          {with("roles", []any{[]any{"operator"}}), 200, 403},
		"the role in another claim": {with("role", "operator"), 200, 403},
		"the role as the account":   {with("account", "operator"), 403, 403},
		"a tenant":                  {with("account", "acme"), 403, 403},
		"a tenant's operator":       {token(t, func(b *jwt.Builder) { b.Claim("account", "acme").Claim("roles", "operator") }), 403, 403},
		"an operator of accounts":   {token(t, func(b *jwt.Builder) { b.Claim("account", []string{"acme", "b"}).Claim("roles", "operator") }), 403, 403},
		"a searching tenant": {token(t, func(b *jwt.Builder) {
			b.Claim("account", "acme").Claim("roles", "operator").Audience([]string{"search"})
		}), 401, 401},
		"a role for searches":          {token(t, func(b *jwt.Builder) { b.Claim("roles", "operator").Audience([]string{"search"}) }), 401, 401},
		"a role for nobody":            {token(t, func(b *jwt.Builder) { b.Claim("roles", "operator").Audience(nil) }), 401, 401},
		"an operator":                  {operator(t), 200, 0},
		"an operator by words":         {with("roles", "reader operator"), 200, 0},
		"an operator with one role":    {with("roles", "operator"), 200, 0},
		"an operator beside something": {with("roles", []any{7, "operator"}), 200, 0},
	}
	for name, c := range callers {
		for _, path := range []string{"/scopes", "/scopes/nightly", "/statuses", "/SyncScopes/scopes"} {
			if r := w.call(t, "GET", path, "", c.token); r.status != c.read {
				t.Errorf("%s reads %s: %d, want %d", name, path, r.status, c.read)
			}
		}
		for _, action := range scope.Actions() {
			for _, prefix := range []string{"/", "/action.", "/SyncScopes/action-"} {
				r := w.call(t, "POST", prefix+action, `{"colour":1}`, c.token) // refused only after who asks is known
				want := c.write
				if want == 0 {
					want = 400
				}
				if r.status != want || (want == 401) != (r.header.Get("WWW-Authenticate") != "") {
					t.Errorf("%s does %s: %d %q, want %d", name, prefix+action, r.status, r.header.Get("WWW-Authenticate"), want)
				}
			}
		}
	}
	if r := w.call(t, "GET", "/scopes", "", reader(t), "Authorization", "Bearer "+operator(t)); r.status != 401 {
		t.Errorf("two tokens: %d", r.status)
	}
	if r := w.call(t, "GET", "/openapi.json", "", ""); r.status != 200 {
		t.Errorf("the description: %d", r.status)
	}
}

// TestAWriteLeavesNoTraceWithoutTheRight looks at the tables.
func TestAWriteLeavesNoTraceWithoutTheRight(t *testing.T) {
	w := newWorld(t)
	for _, bearer := range []string{"", reader(t)} {
		w.call(t, "POST", "/start-sync-scope", startBody, bearer)
		w.call(t, "POST", "/sync-entities", "", bearer)
		w.call(t, "GET", "/start-sync-scope", startBody, bearer) // a GET changes nothing
	}
	if r := w.call(t, "GET", "/start-sync-scope", startBody, operator(t)); r.status != 405 || r.header.Get("Allow") != "POST" {
		t.Errorf("%d %q", r.status, r.header.Get("Allow"))
	}
	var n int
	err := w.db.QueryRow("SELECT (SELECT COUNT(*) FROM sync_scope) + (SELECT COUNT(*) FROM sync_status) + (SELECT COUNT(*) FROM order_return_algolia_sync)").Scan(&n)
	if err != nil || n != 0 {
		t.Errorf("%d rows, %v", n, err)
	}
}

// TestWhatIsWrongIsSaid sends requests that have to be corrected.
func TestWhatIsWrongIsSaid(t *testing.T) {
	w, op := newWorld(t), operator(t)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		code               string
	}{
		"no JSON":           {"POST", "/start-sync-scope", "{", 400, "bad-body"},
		"parameters":        {"POST", "/start-sync-scope?restart=true", "{}", 400, "bad-parameter"},
		"too large":         {"POST", "/sync-entities", `{"options":{"title":"` + strings.Repeat("x", 5000) + `"}}`, 413, "body-too-large"},
		"no scope's id":     {"POST", "/start-sync-scope", "", 400, "bad-id"},
		"unknown entity":    {"POST", "/sync-entities", `{"options":{"entities":["default/tasks"]}}`, 400, "unknown-entity"},
		"no members":        {"POST", "/start-sync-scope", `{"instanceId":"x"}`, 400, "no-members"},
		"no status's id":    {"POST", "/delete-sync-status", `{"options":{"id":"seven"}}`, 400, "bad-id"},
		"unknown status":    {"POST", "/delete-sync-status", `{"options":{"id":"7"}}`, 404, "no-status"},
		"unknown scope":     {"POST", "/delete-sync-scope", `{"options":{"id":"x"}}`, 404, "no-scope"},
		"a path as an id":   {"GET", "/scopes/..%2f", "", 400, "bad-id"},
		"unknown parameter": {"GET", "/statuses?colour=red", "", 400, "bad-parameter"},
		"one twice":         {"GET", "/statuses?limit=1&limit=2", "", 400, "bad-parameter"},
		"bad limit":         {"GET", "/statuses?limit=0", "", 400, "bad-parameter"},
		"bad state":         {"GET", "/statuses?state=interrupted", "", 400, "bad-parameter"},
		"bad entity":        {"GET", "/statuses?entity='", "", 400, "bad-id"},
		"unknown action":    {"POST", "/explode", "", 404, "no-action"},
		"unknown path":      {"GET", "/a/b", "", 404, "no-path"},
		"root":              {"GET", "/", "", 404, "no-path"},
		"the function":      {"GET", "/SyncScopes", "", 404, "no-path"},
		"nothing":           {"GET", "", "", 404, "no-path"},
		"another method":    {"DELETE", "/scopes", "", 405, "method"},
	} {
		t.Run(name, func(t *testing.T) {
			if r := w.call(t, c.method, c.path, c.body, op); r.status != c.status || r.code() != c.code {
				t.Errorf("%d %s, want %d %s", r.status, r.body, c.status, c.code)
			}
		})
	}
	if r := w.call(t, "POST", "/sync-entities", "x", op, "Content-Encoding", "gzip"); r.status != 400 || r.code() != "bad-encoding" {
		t.Errorf("%d %s", r.status, r.body)
	}
}

// TestAReadRecoversBeforeItAnswers leaves a scope as a crash does, and only reads.
func TestAReadRecoversBeforeItAnswers(t *testing.T) {
	w := newWorld(t)
	w.call(t, "POST", "/start-sync-scope", startBody, operator(t)).ok(t, &member.ScopeDone{})
	if _, err := w.db.Exec("UPDATE order_return_algolia_sync SET lease_until = NOW(6) - INTERVAL 1 SECOND"); err != nil {
		t.Fatal(err)
	}
	var one scope.Answer
	w.call(t, "GET", "/scopes/nightly", "", reader(t)).ok(t, &one)
	if one.State != scope.Interrupted || one.Reason == "" {
		t.Errorf("%+v", one)
	}
}

// TestTheDatabaseIsAway answers 503 and says nothing of the reasons.
func TestTheDatabaseIsAway(t *testing.T) {
	w := newWorld(t)
	_ = w.parts.Flow.DB.Close()
	for _, r := range []reply{w.call(t, "GET", "/scopes", "", reader(t)), w.call(t, "POST", "/start-sync-scope", startBody, operator(t))} {
		if r.status != http.StatusServiceUnavailable || strings.Contains(r.body, "sql:") {
			t.Errorf("%d %s", r.status, r.body)
		}
	}
}
