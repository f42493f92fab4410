package console

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/alertstore"
	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// shown is the part of the page's data that tests check.
type shown struct {
	View struct {
		Report    health.Report
		Scopes    []scope.Answer
		Schedules []schedule.Answer
		Audit     []audit.Entry
		Parked    map[string][]store.Cause
		RunLog    []runlog.Entry `json:"log"`
		Alerts    []alertstore.AlertRow
	}
}

// look reads the state; a younger reading than a poll's period is repeated.
func (w *world) look(t *testing.T) (s shown) {
	t.Helper()
	fresh := *w
	fresh.handler = Handler(w.parts, time.Now)
	got := fresh.page(t, "GET", "/state", "", operator(t))
	if err := json.Unmarshal([]byte(got.body), &s); err != nil || got.StatusCode != 200 {
		t.Fatalf("%d %s, %v", got.StatusCode, got.body, err)
	}
	return s
}

// do acts and demands an answer with a text.
func (w *world) do(t *testing.T, status int, text, action, body string) {
	t.Helper()
	if got := w.page(t, "POST", "/act/"+action, body, operator(t)); got.StatusCode != status || !strings.Contains(got.body, text) {
		t.Errorf("%s %s: %d %s; want %d with %q", action, body, got.StatusCode, got.body, status, text)
	}
}

// TestActions performs every action, and finds each in the audit.
func TestActions(t *testing.T) {
	w := newWorld(t)
	w.do(t, 200, "returns: claimed", "start-entity", `{"entity":"returns"}`)
	w.do(t, 404, "there is no entity", "start-entity", `{"entity":"lost"}`)
	w.do(t, 200, "nightly: started", "start-scope", `{"scope":"nightly","title":"Every night","entities":["returns","stock"]}`)
	w.do(t, 200, "already syncing", "start-scope", `{"scope":"nightly"}`)
	w.do(t, 200, "nightly: started", "start-scope", `{"scope":"nightly","restart":true}`)
	w.do(t, 400, "has no members yet", "start-scope", `{"scope":"other"}`)
	w.exec(t, "INSERT INTO sync_job (id, entity, kind, state, window_from, window_to, roots) VALUES (7, 'returns', 'backfill', 'running', NOW(6), NOW(6), 5)")
	w.do(t, 200, "is paused", "pause-job", `{"job":7}`)
	w.do(t, 400, "cannot pause: backfill 7 of returns is already paused", "pause-job", `{"job":7}`)
	w.do(t, 200, "is running", "resume-job", `{"job":7}`)
	w.do(t, 200, "is cancelled", "cancel-job", `{"job":7}`)
	w.do(t, 400, "cannot resume: backfill 7 of returns is cancelled", "resume-job", `{"job":7}`)
	w.do(t, 404, "there is no job 8", "cancel-job", `{"job":8}`)
	w.exec(t, "INSERT INTO sync_parked (entity, object_id, root_id, run_id, reason, detail, bytes) VALUES ('returns', 'R9-1', 18446744073709551615, 1, 'REJECTED', 'no', 5)")
	if p := w.look(t).View.Parked["returns"]; len(p) != 1 || p[0].Records != 1 || p[0].Cause != "no" {
		t.Errorf("%+v", p)
	}
	w.do(t, 404, "not parked now: R9-2", "retry-parked", `{"entity":"returns","records":["R9-1","R9-2"]}`)
	w.do(t, 200, "1 record is tried again by job 8", "retry-parked", `{"entity":"returns","records":["R9-1"]}`)
	w.do(t, 404, "not parked now: R9-1", "retry-parked", `{"entity":"stock","records":["R9-1"]}`)
	w.do(t, 400, "name 1 to 500", "retry-parked", `{"entity":"returns"}`)
	w.exec(t, "INSERT INTO sync_alert (id, cause, title, detail, advice, link, open_key, raised_at) VALUES (7, 'behind', 'late', '', '', '', 'behind/', NOW(6)), (8, 'drift', 'over', '', '', '', NULL, NOW(6))")
	w.exec(t, "UPDATE sync_alert SET outcome = 'recovered', closed_at = NOW(6) WHERE id = 8")
	w.do(t, 200, "alert 7 is acknowledged", "acknowledge-alert", `{"alert":7}`)
	w.do(t, 400, "was acknowledged already, by somebody", "acknowledge-alert", `{"alert":7}`)
	w.do(t, 400, "alert 8 is over", "acknowledge-alert", `{"alert":8}`)
	w.do(t, 404, "there is no alert 9", "snooze-alert", `{"alert":9,"minutes":5}`)
	w.do(t, 400, "alert 7 is not snoozed", "snooze-alert", `{"alert":7}`)
	w.do(t, 400, "1 minute to 30 days", "snooze-alert", `{"alert":7,"minutes":-5}`)
	w.do(t, 400, "1 minute to 30 days", "snooze-alert", `{"alert":7,"minutes":9223372036854775807}`)
	w.do(t, 200, "alert 7 is snoozed for 1h0m0s", "snooze-alert", `{"alert":7,"minutes":60}`)
	w.do(t, 200, "alert 7 is no longer snoozed", "snooze-alert", `{"alert":7}`)
	if a := w.look(t).View.Alerts[1]; a.AcknowledgedAt == nil || a.AcknowledgedBy != "somebody" || a.SnoozedUntil == nil || a.SnoozedBy != "somebody" || a.Outcome != "open" {
		t.Errorf("%+v", a)
	}
	w.exec(t, "DELETE FROM sync_audit WHERE action LIKE '%-alert'")
	w.do(t, 404, "not parked now: R9-2", "drop-parked", `{"entity":"returns","records":["R9-2"]}`)
	w.do(t, 200, "1 taken off the list", "drop-parked", `{"entity":"returns","records":["R9-1"]}`)
	w.do(t, 404, "not parked now: R9-1", "drop-parked", `{"entity":"returns","records":["R9-1"]}`)
	if got := fmt.Sprint(w.woken.ids); got != "[7 8]" {
		t.Errorf("woken: %s", got)
	}
	acts := w.look(t).View.Audit
	if len(acts) != 19 {
		t.Fatalf("%d entries", len(acts))
	}
	if a := acts[1]; a.Action != "drop-parked" || a.Outcome != "done" || a.Old != "parked: R9-1" {
		t.Errorf("%+v", a)
	}
	acts = acts[3:]
	for i, want := range []string{"failed: name 1", "failed: not parked now: R9-1", "done", "failed: not parked now: R9-2"} {
		if a := acts[i]; a.Action != "retry-parked" || a.Who != "somebody" || a.Via != audit.ViaConsole || !strings.HasPrefix(a.Outcome, want) {
			t.Errorf("%+v, want %q", a, want)
		}
	}
	if a := acts[6]; a.Old != "running" || a.New != "cancelled" || a.Object != "backfill 7 of returns" {
		t.Errorf("%+v", a)
	}
}

// TestSchedulesAreEdited adds, changes and deletes, and refuses to overwrite an edit
// that the person has not seen.
func TestSchedulesAreEdited(t *testing.T) {
	w := newWorld(t)
	edit := func(name, time, more string) string {
		return fmt.Sprintf(`"edit":{"name":%q,"targetKind":"entity","target":"returns","run":"Daily","time":%q,"timezone":5.5%s}`, name, time, more)
	}
	w.do(t, 200, "in force within two minutes", "add-schedule", "{"+edit("nightly", "23:30", "")+"}")
	for text, body := range map[string]string{
		"name is empty": edit("", "23:30", ""), `time is \"25:00\"`: edit("n", "25:00", ""), "does not have the fields": edit("n", "23:30", `,"colour":"red"`),
		`weekday is \"Blursday\"`: edit("n", "23:30", `,"weekday":"Blursday"`), "edit is empty": `"version":""`, `no entity \"lost\"`: strings.Replace(edit("n", "23:30", ""), "returns", "lost", 1), "at most 128": edit(strings.Repeat("n", 200), "23:30", ""),
	} {
		w.do(t, 400, text, "add-schedule", "{"+body+"}")
	}
	first := w.look(t).View.Schedules
	if len(first) != 1 || first[0].State != "pending" {
		t.Fatalf("%+v", first)
	}
	version := fmt.Sprintf(`"schedule":1,"version":%q`, first[0].Version)
	w.do(t, 400, "name the version", "edit-schedule", `{"schedule":1,`+edit("nightly", "22:15", "")+`}`)
	w.do(t, 200, "was saved", "edit-schedule", "{"+version+","+edit("nightly", "22:15", `,"disabled":true`)+"}")
	w.do(t, 409, "changed by somebody else", "edit-schedule", "{"+version+","+edit("nightly", "21:00", "")+"}")
	w.do(t, 409, "changed by somebody else", "delete-schedule", "{"+version+"}")
	w.do(t, 404, "there is no schedule 2", "delete-schedule", `{"schedule":2,"version":"x"}`)
	view := w.look(t).View
	if s := view.Schedules[0]; s.Time != "22:15" || s.State != "disabled" {
		t.Errorf("%+v", s)
	}
	if a := view.Audit[3]; a.Old != "time 23:30, no disabled" || a.New != "time 22:15, disabled yes" || a.Object != "schedule 1 (nightly)" {
		t.Errorf("%+v", a)
	}
	// A row that was written elsewhere keeps its weekday, and takes no other that is none.
	w.exec(t, "UPDATE sync_schedule SET weekday = 'someday' WHERE id = 1")
	version = fmt.Sprintf(`"schedule":1,"version":%q`, w.look(t).View.Schedules[0].Version)
	w.do(t, 400, `weekday is \"Blursday\"`, "edit-schedule", "{"+version+","+edit("nightly", "22:15", `,"weekday":"Blursday"`)+"}")
	w.do(t, 200, "was saved", "edit-schedule", "{"+version+","+edit("nightly", "22:15", `,"weekday":"someday"`)+"}")
	w.do(t, 200, "was deleted", "delete-schedule", fmt.Sprintf(`{"schedule":1,"version":%q}`, w.look(t).View.Schedules[0].Version))
}

// TestMarkupLeavesAsText puts markup into every text that people can write, and finds it
// in the state as letters that no browser takes for markup, whatever content type it
// guesses.
func TestMarkupLeavesAsText(t *testing.T) {
	w := newWorld(t)
	const evil = `<img src=x onerror=alert(1)></script><script>alert(1)</script>`
	for _, query := range []string{
		"INSERT INTO sync_schedule (name, target, time, description) VALUES (?, 'x', '1', ?)",
		"INSERT INTO sync_parked (entity, object_id, root_id, run_id, reason, detail, bytes) VALUES ('returns', ?, 1, 1, 'REJECTED', ?, 5)",
		"INSERT INTO sync_log (at, severity, message) VALUES (NOW(6), 'INFO', CONCAT(?, ?))",
		"INSERT INTO sync_audit (at, who, via, action, object, old_value, new_value) VALUES (NOW(6), ?, 'console', 'x', ?, '', '')",
		"INSERT INTO sync_alert (cause, title, detail, advice, link, raised_at) VALUES ('x', ?, ?, '', '', NOW(6))",
	} {
		w.exec(t, query, evil, evil)
	}
	w.exec(t, "INSERT INTO sync_run (entity, state, claim_id, claim_token, window_from, window_to, closed_at, last_error) VALUES ('returns', 'failed', 1, 't', NOW(), NOW(), NOW(), ?)", evil)
	got := w.page(t, "GET", "/state", "", operator(t))
	if got.StatusCode != 200 || strings.ContainsAny(got.body, "<>") || !strings.HasPrefix(got.Header.Get("Content-Type"), "application/json") {
		t.Errorf("%d %s: %s", got.StatusCode, got.Header.Get("Content-Type"), got.body)
	}
	if n := strings.Count(got.body, `\u003cimg src=x`); n < 9 {
		t.Errorf("only %d texts are shown: %s", n, got.body)
	}
	for _, r := range []reply{w.page(t, "POST", "/act/%3Cscript%3E", "{}", operator(t)), w.page(t, "POST", "/act/start-entity", `{"entity":"<script>"}`, operator(t)), w.page(t, "GET", "/runs/%3Cscript%3E", "", operator(t))} {
		if strings.ContainsAny(r.body, "<>") || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			t.Errorf("%s: %s", r.Header.Get("Content-Type"), r.body)
		}
	}
}

// TestATableThatWantsMigrating shows outdated tables and the remedy.
func TestATableThatWantsMigrating(t *testing.T) {
	w := newWorld(t)
	w.exec(t, "INSERT INTO sync_schema (version_id, is_applied) VALUES (999, 1)")
	if r := w.look(t).View.Report; r.OK || len(r.Attention) != 1 || !strings.Contains(r.Attention[0].Do, "newer returnsync") {
		t.Errorf("%+v", r)
	}
}

// TestTheDatabaseIsAway answers 503 without the reasons.
func TestTheDatabaseIsAway(t *testing.T) {
	w := newWorld(t)
	_ = w.parts.Store.Close()
	for _, r := range []reply{w.page(t, "GET", "/state", "", operator(t)), w.page(t, "POST", "/act/start-entity", `{"entity":"returns"}`, operator(t))} {
		if r.StatusCode != 503 || strings.Contains(r.body, "sql:") {
			t.Errorf("%d %s", r.StatusCode, r.body)
		}
	}
}
