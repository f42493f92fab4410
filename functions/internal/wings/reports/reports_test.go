package reports_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings/reports"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/airtable"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/spapi"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/scope"
)

// TestTheFunctionFetchesReports sweeps, which makes the types' rows, lets the queue work a
// report off, and refuses what makes no sense.
func TestTheFunctionFetchesReports(t *testing.T) {
	p := open(t, nil, nil)
	for _, c := range []struct {
		method, query, body string
		code                int
		says                string
	}{
		{"GET", "", "", 405, ""}, {"POST", "", "", 400, "want"}, {"POST", "", `{"type": "counts"}`, 400, "want"}, {"POST", "", "<html>", 400, "want"},
		{"POST", "", `{"type": "counts", "slot": "2020-01-01"}`, 200, ""}, // nothing to do
		{"POST", "?base=1", "", 200, "AIRTABLE_SYNC_BASE is not set"}, {"POST", "?sweep=1", "", 200, `"sent":0`},
	} {
		if code, body := p.call(c.method, c.query, c.body); code != c.code || !strings.Contains(body, c.says) {
			t.Errorf("%s %s %q: %d %s, want %d %s", c.method, c.query, c.body, code, body, c.code, c.says)
		}
	}
	if n := p.number("SELECT COUNT(*) FROM report_type"); n != 2 {
		t.Fatalf("the sweep made %d types", n)
	}
	starter, err := reports.Starter(t.Context(), p.Opening())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := starter.Run(t.Context(), today(), 0, time.Now()); err != nil {
		t.Fatal(err)
	}
	p.ends()
	r, err := p.tables.Report(t.Context(), today())
	if err != nil || r.State != report.Done || r.Rows != 2 || p.number("SELECT COUNT(*) FROM report_datapoint WHERE type = 'counts'") != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	p.exec("UPDATE report_type SET report_type_id = 'x' WHERE name = 'now'")
	if code, body := p.call("POST", "?sweep=1", ""); code != 200 || !strings.Contains(body, `Report Type Id of now was \"x\"`) {
		t.Errorf("putting back: %d %s", code, body)
	}
	p.exec("DROP TABLE report_account")
	if code, body := p.call("POST", "", `{"type": "counts", "slot": "2020-01-01"}`); code != 200 && code != 503 || strings.Contains(body, "SELECT") {
		t.Errorf("without a table: %d %s", code, body)
	}
}

// TestTheFunctionChecksItsCallers refuses a caller without the queue's token.
func TestTheFunctionChecksItsCallers(t *testing.T) {
	p := open(t, nil, map[string]string{"CALLER_AUDIENCE": "https://reports.example", "CALLER_EMAILS": "tasks@example.com", "CALLER_JWKS_URL": "http://127.0.0.1:1/"})
	for _, query := range []string{"", "?sweep=1", "?base=1"} {
		if code, body := p.call("POST", query, `{"type": "counts", "slot": "2026-01-01"}`); code != http.StatusUnauthorized {
			t.Errorf("%q: %d %s", query, code, body)
		}
	}
}

// TestReportTypesAreMembersOfScopes starts a dated and a real-time type in a scope, follows
// both to their ends, and starts a repeated request once.
func TestReportTypesAreMembersOfScopes(t *testing.T) {
	p := open(t, nil, nil)
	p.call("POST", "?sweep=1", "")
	s, err := p.Env.FlowScopes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	start := func(target string) error {
		_, err := s.Start(t.Context(), scope.Request{InstanceID: "morning", Options: scope.Options{Restart: true, Members: map[string]scope.Wanted{"a": {{Entity: "report:now"}}, "b": {{Entity: target}}}}}, "")
		return err
	}
	p.exec("UPDATE report_type SET active = 0 WHERE name = 'counts'")
	for target, want := range map[string]string{"report:lost": "no report type", "report:counts": "inactive"} {
		if err := start(target); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", target, err)
		}
	}
	p.exec("UPDATE report_type SET active = 1")
	if err := start("report:counts"); err != nil {
		t.Fatal(err)
	}
	state := func() scope.State {
		t.Helper()
		p.ends()
		if err := s.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		now, err := s.Store.Scope(t.Context(), "morning")
		if err != nil {
			t.Fatal(err)
		}
		return now.State
	}
	if got := state(); got != scope.Synced {
		t.Errorf("the scope is %s", got)
	}
	p.exec("UPDATE report_report SET state = 'failed', fail = 1, error = 'the password is x' WHERE type = 'counts'")
	if err := start("report:counts"); err != nil {
		t.Fatal(err)
	}
	if got := state(); got != scope.Failed {
		t.Errorf("with a failed report the scope is %s", got)
	}
	m := s.Others[0]
	before := p.number("SELECT COUNT(*) FROM report_report WHERE type = 'now'")
	first, err := m.Start(t.Context(), "now", "scope-x")
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(1100 * time.Millisecond) // a run's name has whole seconds
	again, err := m.Start(t.Context(), "now", "scope-x")
	if n := p.number("SELECT COUNT(*) FROM report_report WHERE type = 'now'") - before; err != nil || again != first || n != 1 {
		t.Errorf("one request started %d runs: %s, %s, %v", n, first, again, err)
	}
	if _, _, err := m.State(t.Context(), "999999"); err == nil {
		t.Error("a report that is no more has a state")
	}
	if _, why, err := m.State(t.Context(), first); err != nil || strings.Contains(why, "password") {
		t.Errorf("%s, %v", why, err)
	}
}

// finding looks for what is wrong.
func (p *product) findings() (titles []string, subjects []int64) {
	p.Helper()
	look, err := reports.Wing().Findings(p.Context(), p.Opening())
	if err != nil {
		p.Fatal(err)
	}
	found, err := look(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	for _, f := range found {
		titles, subjects = append(titles, f.Title+": "+f.Problem), append(subjects, f.Subject)
	}
	return titles, subjects
}

// TestPeopleHearOfAReportThatIsMissing judges a daily type by the date of its report: 24
// hours after it was due, once, and anew when it fails again.
func TestPeopleHearOfAReportThatIsMissing(t *testing.T) {
	p := open(t, nil, nil)
	p.call("POST", "?sweep=1", "")
	now := time.Now().UTC()
	spec := schedule.Spec{ID: 1, Name: "daily", Kind: reports.ScheduleKind, Target: "counts", Run: schedule.Daily, Minutes: now.Hour()*60 + now.Minute()}
	p.exec("INSERT INTO sync_schedule (id, name, target_kind, target, time, timezone, run, applied, applied_at, anchor_at) VALUES (1, 'daily', 'report', 'counts', ?, 0, 'Daily', ?, NOW(6), NOW(6) - INTERVAL 5 DAY)", now.Format("15:04"), spec.Text())
	if got, _ := p.findings(); len(got) != 0 {
		t.Fatalf("a new type: %q", got)
	}
	p.exec("UPDATE report_type SET created_at = NOW(6) - INTERVAL 5 DAY")
	missing := report.Zone(0).Today(now) - 1
	got, _ := p.findings()
	if want := []string{"Report counts failed: the report of " + missing.String() + " was not created"}; !slices.Equal(got, want) {
		t.Fatalf("%q, want %q", got, want)
	}
	// A report of another date is no excuse; that of this date is.
	p.exec("INSERT INTO report_report (type, slot, zone_minutes, state, due_at, since_at) VALUES ('counts', '2020-01-01', 0, 'done', NOW(6), NOW(6))")
	if again, _ := p.findings(); !slices.Equal(again, got) {
		t.Errorf("%q", again)
	}
	p.exec("INSERT INTO report_report (type, slot, zone_minutes, state, due_at, since_at) VALUES ('counts', ?, 0, 'done', NOW(6), NOW(6))", missing.String())
	if now, _ := p.findings(); len(now) != 0 {
		t.Errorf("%q", now)
	}
	p.exec("UPDATE report_report SET state = 'failed', fail = 1, failed_at = NOW(6), due_at = NOW(6) - INTERVAL 25 HOUR WHERE slot = ?", missing.String())
	_, first := p.findings()
	p.exec("UPDATE report_report SET failed_at = NOW(6), retried_at = NOW(6) WHERE slot = ?", missing.String())
	_, second := p.findings()
	if len(first) != 1 || len(second) != 1 || first[0] == second[0] {
		t.Errorf("failing again is no new alert: %v, %v", first, second)
	}
	p.exec("UPDATE report_type SET notify_on_fail = 0 WHERE name = 'counts'")
	if now, _ := p.findings(); len(now) != 0 {
		t.Errorf("without Notify On Fail: %q", now)
	}
}

// TestAnOutageOfTheApplicationIsNoMissingReport: the alert of the outage is enough. A
// report that was absent before it stays reported, and so does one that failed.
func TestAnOutageOfTheApplicationIsNoMissingReport(t *testing.T) {
	p := open(t, nil, nil)
	p.call("POST", "?sweep=1", "")
	at := time.Now().UTC().Add(-25 * time.Hour) // of day, at which it is due
	spec := schedule.Spec{ID: 1, Name: "daily", Kind: reports.ScheduleKind, Target: "counts", Run: schedule.Daily, Minutes: at.Hour()*60 + at.Minute()}
	p.exec("INSERT INTO sync_schedule (id, name, target_kind, target, time, timezone, run, applied, applied_at, anchor_at) VALUES (1, 'daily', 'report', 'counts', ?, 0, 'Daily', ?, NOW(6), NOW(6) - INTERVAL 5 DAY)", at.Format("15:04"), spec.Text())
	p.exec("UPDATE report_type SET created_at = NOW(6) - INTERVAL 5 DAY")
	for _, c := range []struct {
		alive, beat, since string // ago
		missing            int
	}{
		{"1", "1 MINUTE", "3 DAY", 1},
		{"1", "2 HOUR", "3 DAY", 0},    // silent since an hour before it was 24 hours late
		{"0", "2 HOUR", "3 DAY", 0},    // and the watcher has seen it
		{"0", "30 MINUTE", "3 DAY", 1}, // it was late before the outage
		{"1", "1 MINUTE", "10 MINUTE", 0},
		{"1", "1 MINUTE", "61 MINUTE", 1}, // back for an hour, and it was not made up for
	} {
		p.exec("REPLACE INTO sync_heartbeat (name, alive, timestamp, alive_since) VALUES ('sync', " + c.alive + ", NOW(6) - INTERVAL " + c.beat + ", NOW(6) - INTERVAL " + c.since + ")")
		if got, _ := p.findings(); len(got) != c.missing {
			t.Errorf("%+v: %q", c, got)
		}
	}
	slot := report.Zone(0).Today(at).String()
	p.exec("INSERT INTO report_report (type, slot, zone_minutes, state, fail, due_at, failed_at, since_at) VALUES ('counts', ?, 0, 'failed', 1, NOW(6) - INTERVAL 25 HOUR, NOW(6), NOW(6))", slot)
	p.exec("UPDATE sync_heartbeat SET timestamp = NOW(6) - INTERVAL 2 HOUR")
	if got, _ := p.findings(); len(got) != 1 {
		t.Errorf("a report that failed: %q", got)
	}
}

// TestDoctorExaminesTheServices has a token that is refused, a table without a field, one
// that is right, and settings that are missing.
func TestDoctorExaminesTheServices(t *testing.T) {
	tables := airtable.New(airtable.Options{Rate: -1})
	web := httptest.NewServer(tables)
	t.Cleanup(func() { web.Close(); tables.Close() })
	amazon := spapi.New(spapi.Options{})
	seller := httptest.NewServer(amazon)
	t.Cleanup(func() { seller.Close(); amazon.Close() })
	create := func(name, fields string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, web.URL+"/v0/meta/bases/"+airtable.DefaultBase.ID+"/tables", strings.NewReader(`{"name":"`+name+`","fields":[`+fields+`]}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer patLocal")
		res, err := http.DefaultClient.Do(r)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatal(res, err)
		}
		_ = res.Body.Close()
	}
	const key, document = `{"name":"Row Key","type":"singleLineText"}`, `{"name":"Document","type":"singleLineText"}`
	create("whole", key+","+document+`,{"name":"Report Time","type":"dateTime","options":{"dateFormat":{"name":"iso"},"timeFormat":{"name":"24hour"},"timeZone":"utc"}}`)
	create("short", key+","+document)
	more := map[string]string{}
	for name, sink := range map[string]string{"whole": "airtable", "short": "airtable", "absent": "airtable", "mongo": "mongodb"} {
		more[name+".yaml"] = "name: " + name + "\nreportTypeId: GET_X\nkey: [k]\nsource:\n  kind: spapi\n  marketplaces: [A]\ndestinations:\n  - kind: " + sink + "\n"
	}
	more["absent.yaml"] += "    make: true\n"
	examine := func(settings map[string]string) map[string][]string {
		t.Helper()
		p := open(t, more, settings)
		checks, err := reports.Wing().Checks(t.Context(), wire.Opening{Env: p.Env, Pool: p.DB.Pool()})
		if err != nil {
			t.Fatal(err)
		}
		found := map[string][]string{}
		doctor.Examine(t.Context(), checks, time.Minute, func(list []doctor.Finding) {
			for _, f := range list {
				found[f.Check] = append(found[f.Check], string(f.Severity)+" "+f.Message)
			}
		})
		return found
	}
	all := map[string]string{
		"AIRTABLE_URL": web.URL, "AIRTABLE_BASE": airtable.DefaultBase.ID, "AIRTABLE_TOKEN": "patLocal", "SPAPI_URL": seller.URL, "SPAPI_TOKEN_URL": seller.URL + "/auth/o2/token",
		"SPAPI_CLIENT_ID": "local-client", "SPAPI_CLIENT_SECRET": "local-secret", "SPAPI_REFRESH_TOKEN": "local-refresh",
	}
	found := examine(all)
	text, _ := json.MarshalIndent(found, "", " ")
	has := func(check, part string) {
		t.Helper()
		if !slices.ContainsFunc(found[check], func(one string) bool { return strings.Contains(one, part) }) {
			t.Errorf("%s does not say %q:\n%s", check, part, text)
		}
	}
	has("reports Amazon", "ok Login with Amazon")
	has("reports Airtable", "ok report type whole")
	has("reports Airtable", "ok report type absent") // it is made
	has("reports Airtable", "fail table short has no field Report Time")
	has("reports MongoDB", "info")
	all["AIRTABLE_TOKEN"], all["SPAPI_CLIENT_SECRET"] = "patWrong", "wrong"
	found = examine(all)
	text, _ = json.MarshalIndent(found, "", " ")
	has("reports Amazon", "fail Login with Amazon refuses")
	has("reports Airtable", "fail Airtable refuses the token")
	for _, secret := range []string{"patWrong", "local-refresh"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("a finding quotes a secret: %s", text)
		}
	}
}
