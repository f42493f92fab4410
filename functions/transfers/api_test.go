package transfers

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store/storetest"
)

// created returns the number of the job that an answer names.
func created(t *testing.T, a answer) int64 {
	t.Helper()
	var r result
	if err := json.Unmarshal([]byte(a.body), &r); err != nil || a.status != http.StatusOK || r.ID == 0 || r.Code != 0 || r.Text != "None" {
		t.Fatalf("%d %s, %v", a.status, a.body, err)
	}
	return r.ID
}

func TestJobsAreCreatedInEveryWay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.DB) {
		w := worldOn(t, db, nil)
		for name, a := range map[string]answer{
			"short names":  w.call("GET", "/job/create?job_date=2026-05-01+10:00:00&source_system=fs&source_model=dbo.Person&source_record_id=5", ""),
			"long names":   w.call("GET", "/job/create?job_date=2026-05-01T12:00:00%2B02:00&job_source_system=fs&job_source_model=dbo.Person&job_source_record_id=5", ""),
			"JSON":         w.call("POST", "/job/create", valid),
			"XML":          w.call("POST", "/job/create", "<sosync_job><job_date>2026-05-01T10:00:00</job_date><job_source_system>fs</job_source_system><job_source_model>dbo.Person</job_source_model><job_source_record_id>5</job_source_record_id></sosync_job>", "Content-Type", "application/xml"),
			"Odoo's empty": w.call("POST", "/job/create", strings.TrimSuffix(valid, "}")+`,"job_source_type":false,"job_source_sosync_write_date":false,"job_source_fields":false,"job_priority":null,"job_source_target_record_id":""}`),
		} {
			j, err := w.Jobs.Job(t.Context(), created(t, a))
			if err != nil || j.State != transfer.New || j.System != "fs" || j.Model != "dbo.Person" || j.RecordID != 5 || !j.Date.Equal(time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)) || j.Priority != 1000 || j.Kind != "" || j.Fields != "" || j.WriteDate != nil {
				t.Errorf("%s: %+v, %v", name, j, err)
			}
		}
		if w.worker.starts != 5 {
			t.Errorf("the worker was started %d times", w.worker.starts)
		}
		a := w.call("POST", "/job/create", strings.Replace(valid, "dbo.Person", "dbo.PersonEmail", 1))
		if j, _ := w.Jobs.Job(t.Context(), created(t, a)); j.Priority != 4500 {
			t.Errorf("the model's priority: %+v", j)
		}
	})
}

func TestAllOfAListOrNone(t *testing.T) {
	w := newWorld(t, nil)
	if a := w.call("POST", "/job/bulk-create", "["+valid+","+valid+"]"); a.status != 200 || a.body != "success\n" {
		t.Errorf("%+v", a)
	}
	tree := strings.TrimSuffix(valid, "}") + `,"children":[` + strings.TrimSuffix(valid, "}") + `,"job_source_fields":{"a":true,"b":3},"children":[` + valid + `]}]}`
	if a := w.call("POST", "/job/tree-create", "["+tree+"]"); a.status != 200 {
		t.Errorf("%+v", a)
	}
	counts, err := w.Jobs.Count(t.Context(), "")
	if err != nil || counts[transfer.New] != 5 {
		t.Error(counts, err)
	}
	found := false
	if err := w.Jobs.Each(t.Context(), func(j transfer.Job) error { found = found || j.Fields == `{"a":"True","b":"3"}`; return nil }); err != nil || !found {
		t.Error("the values of fields are no texts", err)
	}
	bad := w.call("POST", "/job/bulk-create", "["+valid+`,{"job_date":"x"}]`)
	if bad.status != 400 || !strings.HasPrefix(bad.body, "error\n[1].") || strings.Contains(bad.body, "[0]") {
		t.Errorf("%+v", bad)
	}
	badTree := w.call("POST", "/job/tree-create", strings.Replace("["+tree+"]", `"children":[{"job_date":"2026-05-01T10:00:00Z"`, `"children":[{"job_date":"01.05.2026"`, 1))
	if badTree.status != 400 || !strings.HasPrefix(badTree.body, "[0].children[0].job_date: ") {
		t.Errorf("%+v", badTree)
	}
	if counts, _ := w.Jobs.Count(t.Context(), ""); counts[transfer.New] != 5 {
		t.Error("part of a bad list was stored", counts)
	}
	asXML := w.call("POST", "/job/tree-create", "<jobs><job><job_date>2026-05-01 10:00:00</job_date><job_source_system>fso</job_source_system><job_source_model>res.partner</job_source_model><job_source_record_id>7</job_source_record_id><children><job><job_date>2026-05-01 10:00:00</job_date><job_source_system>fso</job_source_system><job_source_model>res.partner</job_source_model><job_source_record_id>8</job_source_record_id></job></children></job></jobs>", "Content-Type", "text/xml")
	if counts, _ := w.Jobs.Count(t.Context(), transfer.Online); asXML.status != 200 || counts[transfer.New] != 2 {
		t.Errorf("%+v, %v", asXML, counts)
	}
}

// TestBadInputIsNamedFieldByField sends what made the original fail with 500, and more.
func TestBadInputIsNamedFieldByField(t *testing.T) {
	w := newWorld(t, nil)
	with := func(field, value string) string {
		var o map[string]json.RawMessage
		if err := json.Unmarshal([]byte(valid), &o); err != nil {
			t.Fatal(err)
		}
		o[field] = json.RawMessage(value)
		text, _ := json.Marshal(o)
		return string(text)
	}
	cases := map[string][]string{ // the body: the code, and the fields that are named
		`{}`:                                  {"1", "job_date", "job_source_system", "job_source_model", "job_source_record_id", "job_source_sosync_write_date", "job_source_fields"},
		`{"job_date":"2026-05-01"}`:           {"1", "job_source_system", "job_source_model", "job_source_record_id"},
		`null`:                                {"2", "body"},
		``:                                    {"2", "body"},
		`[]`:                                  {"2", "body"},
		`{"job_date"`:                         {"2", "body"},
		valid + valid:                         {"2", "body"},
		with("job_source_system", `null`):     {"2", "job_source_system"},
		with("job_source_system", `""`):       {"2", "job_source_system"},
		with("job_source_system", `"FS"`):     {"2", "job_source_system"},
		with("job_source_system", `7`):        {"2", "job_source_system"},
		with("job_source_record_id", `"17"`):  {"2", "job_source_record_id"},
		with("job_source_record_id", `0`):     {"2", "job_source_record_id"},
		with("job_source_record_id", `1.5`):   {"2", "job_source_record_id"},
		with("job_source_record_id", `1e400`): {"2", "job_source_record_id"},
		with("job_source_record_id", `3000000000`):    {"2", "job_source_record_id"},
		with("job_source_record_id", `null`):          {"2", "job_source_record_id"},
		with("job_date", `"yesterday"`):               {"2", "job_date"},
		with("job_date", `null`):                      {"2", "job_date"},
		with("job_date", `20260501`):                  {"2", "job_date"},
		with("job_date", `"0001-01-01"`):              {"2", "job_date"},
		with("job_source_model", `null`):              {"2", "job_source_model"},
		with("job_source_model", `"  "`):              {"2", "job_source_model"},
		with("job_source_model", `["x"]`):             {"2", "job_source_model"},
		with("job_source_model", `"a\u0000b"`):        {"2", "job_source_model"},
		with("job_source_type", `"DELETE"`):           {"2", "job_source_type"},
		with("job_source_type", `"merge_into"`):       {"2", "job_source_merge_into_record_id"},
		with("job_source_merge_into_record_id", `-1`): {"2", "job_source_merge_into_record_id"},
		with("job_source_fields", `[1]`):              {"2", "job_source_fields"},
		with("job_source_fields", `"{"`):              {"2", "job_source_fields"},
		with("job_priority", `"high"`):                {"2", "job_priority"},
		with("job_source_sosync_write_date", `"x"`):   {"2", "job_source_sosync_write_date"},
		`{"job_date":"x","job_source_system":"x","job_source_model":"","job_source_record_id":0,"job_priority":-1}`: {"2", "job_date", "job_source_system", "job_source_model", "job_source_record_id", "job_priority"},
	}
	for body, want := range cases {
		a := w.call("POST", "/job/create", body)
		var r result
		if err := json.Unmarshal([]byte(a.body), &r); err != nil || a.status != http.StatusBadRequest || fmt.Sprint(r.Code) != want[0] || r.ID != 0 {
			t.Errorf("%s: %d %s, %v", body, a.status, a.body, err)
			continue
		}
		for _, field := range want[1:] {
			if r.Detail[field] == "" {
				t.Errorf("%s: %s is not named: %s", body, field, a.body)
			}
		}
		if want[0] == "2" && len(r.Detail) != len(want)-1 {
			t.Errorf("%s: more is named: %s", body, a.body)
		}
		x := w.call("POST", "/job/create", body, "Accept", "application/xml")
		var parsed struct {
			XMLName xml.Name `xml:"job_result"`
			Code    int      `xml:"error_code"`
			Detail  struct {
				Fields []struct {
					XMLName xml.Name
				} `xml:",any"`
			} `xml:"error_detail"`
		}
		if err := xml.Unmarshal([]byte(x.body), &parsed); err != nil || x.status != 400 || parsed.Code != r.Code || len(parsed.Detail.Fields) != len(r.Detail) {
			t.Errorf("%s in XML: %d %s, %v", body, x.status, x.body, err)
		}
	}
	for _, path := range []string{"/job/create", "/job/create?job_date=x&source_system=&source_model=&source_record_id=abc", "/job/info/x", "/job/info/0", "/service/quick-check", "/service/quick-check?model=dbo.Person&id=x"} {
		if a := w.call("GET", path, ""); a.status != http.StatusBadRequest || a.body == "" {
			t.Errorf("%s: %+v", path, a)
		}
	}
	for path, bodies := range map[string][]string{
		"/job/bulk-create": {"", "null", "[]", "{}", "[null]", "[1]", "[{}]"}, "/job/tree-create": {"", "null", "[]", "[{}]", "[" + with("children", "7") + "]", "[" + with("job_source_type", `"temp"`) + "]"},
		"/service/threads": {"", "{}", "null", `{"threads":0,"packageSize":1,"activeSeconds":1}`, `{"threads":31,"packageSize":1,"activeSeconds":1}`, `{"threads":1,"packageSize":201,"activeSeconds":1}`, `{"threads":1,"packageSize":1,"activeSeconds":10801}`},
	} {
		for _, body := range bodies {
			if a := w.call("POST", path, body); a.status != http.StatusBadRequest || strings.TrimSpace(a.body) == "" || strings.Contains(a.body, "Go ") {
				t.Errorf("%s %s: %+v", path, body, a)
			}
		}
	}
	if counts, err := w.Jobs.Count(t.Context(), ""); err != nil || len(counts) != 0 {
		t.Error("a bad job was stored", counts, err)
	}
}

func TestInfoAnswersForTheArchiveToo(t *testing.T) {
	w := newWorld(t, nil)
	id := created(t, w.call("POST", "/job/create", valid))
	path := fmt.Sprintf("/job/info/%d", id)
	open := w.call("GET", path, "")
	if ok, err := w.db.Hold(t.Context(), "t", "t", time.Hour); err != nil || !ok {
		t.Fatal(ok, err)
	}
	j, err := w.db.Claim(t.Context(), "t", id)
	j.State = transfer.Done
	if err == nil {
		_, err = w.db.Finish(t.Context(), "t", j)
	}
	if err == nil {
		_, err = w.db.Archive(t.Context(), 10)
	}
	if err != nil {
		t.Fatal(err)
	}
	archived := w.call("GET", path, "")
	if open.status != 200 || !strings.Contains(open.body, `"job_state":"new"`) || archived.status != 200 || !strings.Contains(archived.body, `"job_state":"done"`) {
		t.Errorf("%+v\n%+v", open, archived)
	}
	never := w.call("GET", "/job/info/999999", "")
	if never.status != 404 || never.body != `{"job_id":0,"error_code":2,"error_text":"DataError","error_detail":["Job not found."]}`+"\n" {
		t.Errorf("%+v", never)
	}
	listed := w.call("GET", "/job/list", "")
	var all []transfer.Job
	if err := json.Unmarshal([]byte(listed.body), &all); err != nil || len(all) != 1 || all[0].ID != id {
		t.Errorf("%+v, %v", listed, err)
	}
}

func TestFormsByAccept(t *testing.T) {
	w := newWorld(t, nil)
	for accept, want := range map[string][2]string{ // of an object, of a text
		"": {"application/json", "text/plain"}, "*/*": {"application/json", "text/plain"}, "text/html,application/xml;q=0.9,*/*;q=0.8": {"application/json", "text/plain"},
		"application/json": {"application/json", "application/json"}, "application/xml": {"application/xml", "application/xml"}, "text/xml": {"application/xml", "application/xml"},
		"text/plain": {"application/json", "text/plain"}, "image/png": {"application/json", "text/plain"}, "garbage": {"application/json", "text/plain"},
		"application/json;q=0.1, application/xml;q=0.9": {"application/xml", "application/xml"},
	} {
		for i, path := range []string{"/models", "/service/version"} {
			a := w.call("GET", path, "", "Accept", accept)
			if accept == "" {
				a = w.call("GET", path, "")
			}
			if got := a.header.Get("Content-Type"); a.status != 200 || got != want[i]+"; charset=utf-8" {
				t.Errorf("%s with %q: %s, want %s", path, accept, got, want[i])
			}
		}
	}
	if a := w.call("GET", "/service/version", ""); a.body != commitID+"\n" {
		t.Errorf("%q", a.body)
	}
	if a := w.call("GET", "/service/version", "", "Accept", "application/json"); a.body != `"`+commitID+`"`+"\n" {
		t.Errorf("%q", a.body)
	}
}

func TestVersionIsNeverInvented(t *testing.T) {
	w := newWorld(t, func(a *API) { a.Commit = "" })
	if a := w.call("GET", "/service/version", ""); a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, "Could not read version") {
		t.Errorf("%+v", a)
	}
}

func TestCallersBringTheToken(t *testing.T) {
	w := newWorld(t, nil)
	for _, r := range w.routes() {
		for _, method := range r.methods {
			path := strings.Replace(r.path, "{id}", "1", 1)
			if a := w.call(method, path, "", "Authorization", "Bearer wrong"); a.status != http.StatusUnauthorized {
				t.Errorf("%s %s: %d", method, path, a.status)
			}
		}
	}
	open := newWorld(t, func(a *API) { a.Token = "" })
	for name, c := range map[string]struct {
		headers []string
		status  int
	}{
		"a program": {nil, 200}, "by number": {[]string{"Host", "127.0.0.1:5050"}, 200}, "IPv6": {[]string{"Host", "[::1]:5050"}, 200},
		"another site's page": {[]string{"Sec-Fetch-Site", "cross-site"}, 403}, "a script": {[]string{"Origin", "https://evil.example"}, 403}, "a name that was rebound": {[]string{"Host", "evil.example"}, 403},
	} {
		if a := open.call("GET", "/models", "", c.headers...); a.status != c.status {
			t.Errorf("%s: %d", name, a.status)
		}
	}
}

func TestDriftAnswersWithoutTouchingTheGuard(t *testing.T) {
	w := newWorld(t, nil)
	w.clock.Set(time.Minute)
	a := w.call("GET", "/service/drift", "")
	var d driftAnswer
	if err := json.Unmarshal([]byte(a.body), &d); err != nil || d.Drift.NTP == nil || *d.Drift.NTP < 30_000 || d.Drift.Studio != nil || d.Tolerance != 10_000 || d.Unit != "millisecond" {
		t.Errorf("%+v, %v", a, err)
	}
	if !w.guard.State().LastCheck.IsZero() {
		t.Error("the check of the guard was postponed")
	}
	if w.guard.Allow(t.Context()) {
		t.Error("the guard permits work")
	}
	if a := w.call("GET", "/service/status", ""); !strings.Contains(a.body, `"locked":true`) {
		t.Errorf("%+v", a)
	}
	w.clock.Set(0)
	if a := w.call("GET", "/service/forcedriftcheck", ""); a.status != 200 || w.worker.starts != 1 || !w.guard.Allow(t.Context()) {
		t.Errorf("%+v", a)
	}
	w.guard.Sources = clock.Sources{}
	if a := w.call("GET", "/service/drift", ""); a.status != http.StatusServiceUnavailable {
		t.Errorf("no clock: %+v", a)
	}
}

func TestThreadsAreOverridden(t *testing.T) {
	w := newWorld(t, nil)
	if a := w.call("POST", "/service/threads", `{"threads":5,"packageSize":50,"activeSeconds":60}`); a.status != 200 || a.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("%+v", a)
	}
	var s threadStatus
	if a := w.call("GET", "/service/threads", ""); json.Unmarshal([]byte(a.body), &s) != nil || s.ConfiguredThreads != 1 || s.CurrentThreads != 5 || *s.TargetPackage != 50 || !s.Active {
		t.Errorf("%+v", a)
	}
	if a := w.call("POST", "/service/threads?threads=2&packageSize=3&activeSeconds=4", ""); a.status != 200 {
		t.Errorf("%+v", a)
	}
}

func TestQuickCheck(t *testing.T) {
	w := newWorld(t, nil)
	at := transfer.Micro(time.Now())
	person := w.studio.Put("dbo.Person", transfer.Record{WriteDate: &at})
	check := func(path, inSync, open string) {
		t.Helper()
		a := w.call("GET", "/service/quick-check?"+path, "")
		if a.status != 200 || !strings.Contains(a.body, `"in_sync":`+inSync) || !strings.Contains(a.body, `"has_open_jobs":`+open) {
			t.Errorf("%s: %+v", path, a)
		}
	}
	check(fmt.Sprintf("model=dbo.Person&id=%d", person), "false", "false")
	partner := w.online.Put("res.partner", transfer.Record{ForeignID: person, WriteDate: &at})
	check(fmt.Sprintf("model=dbo.person&id=%d", person), "true", "false")
	created(t, w.call("POST", "/job/create", strings.Replace(valid, `"job_source_record_id":5`, fmt.Sprintf(`"job_source_record_id":%d`, person), 1)))
	check(fmt.Sprintf("model=res.partner&id=%d", partner), "true", "true")
	if a := w.call("GET", "/service/quick-check?model=dbo.Person&id=999", ""); a.status != 400 {
		t.Errorf("%+v", a)
	}
}

func TestRetryFailedStartsTheWorker(t *testing.T) {
	w := newWorld(t, nil)
	for _, method := range []string{"GET", "POST"} {
		if a := w.call(method, "/job/retryfailed", ""); a.status != 200 || strings.TrimSpace(a.body) != "" {
			t.Errorf("%+v", a)
		}
	}
	if w.worker.starts != 2 {
		t.Error(w.worker.starts)
	}
}
