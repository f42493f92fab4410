package server_test

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"github.com/google/go-cmp/cmp"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/scheduler"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/tasks"
	"gitlab.com/eshopbox-team/return-sync/shared/identity/identitytest"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/cloudtasks"
)

// audited is every function over a real database and emulated queues, which checks
// its callers.
type audited struct {
	*house
	operator, service string // tokens
}

// newAudited opens every function.
func newAudited(t *testing.T) audited {
	t.Helper()
	dsn := localdbtest.New(t)
	google := tasks.New(tasks.Options{OIDCIssuer: "http://issuer.test"})
	clock := scheduler.New(scheduler.Options{})
	var listeners [2]net.Listener
	for i, serve := range []func(net.Listener) error{google.Serve, clock.Serve} {
		var err error
		if listeners[i], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		go func() { _ = serve(listeners[i]) }()
	}
	listener := listeners[0]
	keys := httptest.NewServer(google.Control())
	t.Cleanup(func() {
		_ = google.Close()
		_ = clock.Close()
		keys.Close()
	})
	sender, err := cloudtasks.Open(t.Context(), cloudtasks.Config{Parent: "projects/p/locations/l", Emulator: listener.Addr().String()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sender.Close() }()
	for _, name := range wire.Queues() {
		if err := sender.EnsureQueue(t.Context(), name, &cloudtaskspb.RateLimits{MaxDispatchesPerSecond: 1, MaxConcurrentDispatches: 1}, nil); err != nil {
			t.Fatal(err)
		}
	}
	vars := complete(dsn, "http://127.0.0.1:1")
	maps.Copy(vars, map[string]string{
		"CLOUD_TASKS_EMULATOR_HOST": listener.Addr().String(), "CLOUD_SCHEDULER_EMULATOR_HOST": listeners[1].Addr().String(), "SCOPES_SWEEP": "1h",
		"CALLER_AUDIENCE": "https://us.example", "CALLER_EMAILS": "queue@p.iam", "CALLER_ISSUER": "http://issuer.test", "CALLER_JWKS_URL": keys.URL + "/tokens/jwks",
	})
	h := houseOf(t, vars)
	service, err := google.IdentityToken("queue@p.iam", "https://us.example")
	if err != nil {
		t.Fatal(err)
	}
	operator := identitytest.Sign(t, secret, jwt.NewBuilder().Subject("ann").Audience([]string{"return-sync-operators"}).Claim("roles", "operator").Expiration(time.Now().Add(time.Hour)), nil)
	return audited{h, "Bearer " + operator, "Bearer " + service}
}

// rows returns the audit's rows, and forgets them.
func (a audited) rows() (list []string) {
	a.t.Helper()
	rows, err := a.db.Query("SELECT CONCAT_WS(' ', who, via, action, object), outcome FROM sync_audit ORDER BY id")
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var what, outcome string
		if err := rows.Scan(&what, &outcome); err != nil {
			a.t.Fatal(err)
		}
		outcome, _, _ = strings.Cut(outcome, ":")
		list = append(list, what+": "+outcome)
	}
	a.exec("DELETE FROM sync_audit")
	return list
}

// exec runs a statement.
func (a audited) exec(query string, args ...any) {
	a.t.Helper()
	if _, err := a.db.Exec(query, args...); err != nil {
		a.t.Fatal(err)
	}
}

// TestEveryActThroughEveryDoorIsAudited does each act by each address that does it,
// once well and once badly, and finds one row of each: who, by which door, what, to
// what, and what came of it. What happens by itself, what is only read, and what is
// refused before it is an act leaves none.
func TestEveryActThroughEveryDoorIsAudited(t *testing.T) {
	a := newAudited(t)
	version := func(id int) string {
		var seen string
		status, body := a.call(http.MethodGet, "/SyncConsole/state", "", "Authorization", a.operator)
		marker := fmt.Sprintf(`"id":%d,`, id)
		if _, rest, ok := strings.Cut(body, marker); ok && status == 200 {
			if _, rest, ok = strings.Cut(rest, `"version":"`); ok {
				seen, _, _ = strings.Cut(rest, `"`)
			}
		}
		return seen
	}
	edit := func(more string) string {
		return more + `"edit":{"name":"n","targetKind":"entity","target":"returns","run":"Daily","time":"23:30","timezone":5.5}}`
	}
	const tick = "X-CloudScheduler-ScheduleTime"
	job := func() string {
		a.exec("DELETE FROM sync_job")
		a.exec("INSERT INTO sync_job (id, entity, kind, state, window_from, window_to, roots) VALUES (7, 'returns', 'backfill', 'running', '2020-01-01', '2020-01-02', 0)")
		return `{"job":7}`
	}
	raised := func() string {
		a.exec("INSERT INTO sync_alert (id, cause, title, detail, advice, link, open_key, raised_at) VALUES (7, 'behind', 'late', '', '', '', 'behind/', NOW(6))")
		return `{"alert":7}`
	}
	for _, c := range []struct {
		path   string
		body   func() string
		header []string
		status int
		want   string // empty for no row
	}{
		{"/SyncConsole/act/start-entity", text(`{"entity":"returns"}`), nil, 200, "ann console start-entity returns: done"},
		{"/SyncConsole/act/start-entity", text(`{"entity":"lost"}`), nil, 404, "ann console start-entity lost: failed"},
		{"/SyncConsole/act/start-scope", text(`{"scope":"s1","entities":["returns"]}`), nil, 200, "ann console start-scope s1: done"},
		{"/SyncConsole/act/start-scope", text(`{"scope":"none"}`), nil, 400, "ann console start-scope none: failed"},
		{"/SyncConsole/act/pause-job", job, nil, 200, "ann console pause-job backfill 7 of returns: done"},
		{"/SyncConsole/act/pause-job", text(`{"job":7}`), nil, 400, "ann console pause-job backfill 7 of returns: failed"},
		{"/SyncConsole/act/resume-job", text(`{"job":7}`), nil, 200, "ann console resume-job backfill 7 of returns: done"},
		{"/SyncConsole/act/cancel-job", text(`{"job":7}`), nil, 200, "ann console cancel-job backfill 7 of returns: done"},
		{"/SyncConsole/act/cancel-job", text(`{"job":8}`), nil, 404, "ann console cancel-job job 8: failed"},
		{"/SyncConsole/act/retry-parked", a.parked, nil, 200, "ann console retry-parked returns: done"},
		{"/SyncConsole/act/retry-parked", text(`{"entity":"returns","records":["R8-1"]}`), nil, 404, "ann console retry-parked returns: failed"},
		{"/SyncConsole/act/add-schedule", text(edit("{")), nil, 200, "ann console add-schedule schedule 1 (n): done"},
		{"/SyncConsole/act/add-schedule", text(strings.Replace(edit("{"), "23:30", "25:00", 1)), nil, 400, "ann console add-schedule n: failed"},
		{"/SyncConsole/act/edit-schedule", func() string { return edit(fmt.Sprintf(`{"schedule":1,"version":%q,`, version(1))) }, nil, 200, "ann console edit-schedule schedule 1 (n): done"},
		{"/SyncConsole/act/edit-schedule", text(edit(`{"schedule":1,"version":"old",`)), nil, 409, "ann console edit-schedule schedule 1 (n): failed"},
		{"/ReconcileSchedules?fire=1", text(""), nil, 200, "queue@p.iam schedules fire-schedule schedule 1: done"},
		{"/ReconcileSchedules?fire=9", text(""), nil, 200, "queue@p.iam schedules fire-schedule schedule 9: done"},
		{"/ReconcileSchedules?fire=1", text(""), []string{tick, time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)}, 200, ""},
		{"/SyncConsole/act/delete-schedule", text(`{"schedule":1,"version":"old"}`), nil, 409, "ann console delete-schedule schedule 1: failed"},
		{"/SyncConsole/act/delete-schedule", func() string { return fmt.Sprintf(`{"schedule":1,"version":%q}`, version(1)) }, nil, 200, "ann console delete-schedule schedule 1 (n): done"},
		{"/SyncConsole/act/acknowledge-alert", raised, nil, 200, "ann console acknowledge-alert alert 7: late: done"},
		{"/SyncConsole/act/snooze-alert", text(`{"alert":7,"minutes":60}`), nil, 200, "ann console snooze-alert alert 7: late: done"},
		{"/SyncConsole/act/snooze-alert", text(`{"alert":8,"minutes":60}`), nil, 404, "ann console snooze-alert alert 8: failed"},
		{"/SyncConsole/act/nothing", text(`{}`), nil, 404, ""},
		{"/SyncConsole/act/start-entity", text(`{"colour":1}`), nil, 400, ""},

		{"/SyncScopes/start-sync-scope", text(`{"instanceId":"s2","options":{"members":{"a":["returns"]}}}`), nil, 200, "ann scopes start-scope s2: done"},
		{"/SyncScopes/action.start-sync-scope", text(`{"instanceId":"s2"}`), nil, 200, "ann scopes start-scope s2: done"},
		{"/SyncScopes/start-sync-scope", text(`{"instanceId":"none"}`), nil, 400, "ann scopes start-scope none: failed"},
		{"/SyncScopes/sync-entities", text(`{"instanceId":"a","options":{"entities":["returns"]}}`), nil, 200, "ann scopes sync-entities returns for a: done"},
		{"/_ah/api/esb/v1/syncScopes/sync-entities", text(`{}`), nil, 200, "ann scopes sync-entities all entities: done"},
		{"/SyncScopes/sync-entities", text(`{"options":{"entities":["lost"]}}`), nil, 400, "ann scopes sync-entities lost: failed"},
		{"/SyncScopes/delete-sync-status", text(`{"options":{"id":"1"},"when":false}`), nil, 200, "ann scopes delete-status 1: done"},
		{"/SyncScopes/delete-sync-status", text(`{"options":{"id":"1"}}`), nil, 200, "ann scopes delete-status 1: done"},
		{"/SyncScopes/delete-sync-status", text(`{"options":{"id":"x"}}`), nil, 400, "ann scopes delete-status x: failed"},
		{"/SyncScopes/delete-sync-scope", text(`{"options":{"id":"s2"}}`), nil, 200, "ann scopes delete-scope s2: done"},
		{"/SyncScopes/delete-sync-scope", text(`{"options":{"id":"s2"}}`), nil, 404, "ann scopes delete-scope s2: failed"},
		{"/SyncScopes/sync-entities", text(`{"colour":1}`), nil, 400, ""},

		{windowPath, text(historicBody("RETURN_JOB")), nil, 200, "queue@p.iam window backfill returns: done"},
		{windowPath, text(historicBody("RETURN_JOB")), []string{"X-CloudTasks-QueueName", "returnSync"}, 200, "queue@p.iam window backfill returns: done"},
		{windowPath, text(historicBody("LOST_JOB")), nil, 400, "queue@p.iam window backfill LOST_JOB: failed"},
		{windowPath, text(`{"data":"nothing"}`), nil, 400, ""},
		{windowPath, text(`{"id":1,"jobType":"RETURN_JOB","token":"x"}`), nil, 0, ""},
		{processPath, text(`{"runId":1,"page":1}`), nil, 0, ""},
		{cronPath + "?entity=returns", text(""), nil, 200, "queue@p.iam cron start-entity returns: done"},
		{cronPath, text(""), nil, 200, "queue@p.iam cron start-entity all entities: done"},
		{cronPath + "?entity=lost", text(""), nil, 404, "queue@p.iam cron start-entity lost: failed"},
		{cronPath, text(""), []string{tick, time.Now().UTC().Format(time.RFC3339)}, 200, ""},
		{cronPath + "?jobs=1", text(""), nil, 200, ""},
		{"/ReconcileSchedules", text(""), nil, 0, ""},
		{"/WatchSyncs", text(""), nil, 200, ""},
		{"/VerifyReturns", text(""), nil, 200, ""},
	} {
		body := c.body()
		token := a.operator
		if !strings.Contains(c.path, "onsole") && !strings.Contains(c.path, "copes") {
			token = a.service
		}
		status, answer := a.call(http.MethodPost, c.path, body, append([]string{"Authorization", token, "X-Return-Sync", "1", "Content-Type", "application/json"}, c.header...)...)
		if c.status != 0 && status != c.status {
			t.Errorf("%s %s: %d %s, want %d", c.path, body, status, answer, c.status)
		}
		var want []string
		if c.want != "" {
			want = append(want, c.want)
		}
		if diff := cmp.Diff(want, a.rows()); diff != "" {
			t.Errorf("%s %s leaves:\n%s", c.path, body, diff)
		}
	}
}

// text returns what returns a text.
func text(s string) func() string { return func() string { return s } }

// parked parks a record and returns the request to try it again.
func (a audited) parked() string {
	a.exec("INSERT INTO sync_parked (entity, object_id, root_id, run_id, reason, detail, bytes) VALUES ('returns', 'R9-1', 9, 1, 'REJECTED', 'no', 5)")
	return `{"entity":"returns","records":["R9-1"]}`
}

// historicBody is the owners' request for a range of history.
func historicBody(jobType string) string {
	return `{"isHistoricSync":"1","startDate":"2026-01-01 00:00:00","endDate":"2026-02-01 00:00:00","jobType":"` + jobType + `"}`
}
