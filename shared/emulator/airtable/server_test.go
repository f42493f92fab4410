package airtable_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/airtable"
)

// free is an emulator without rates.
var free = airtable.Options{Rate: -1}

func TestRecordsLife(t *testing.T) {
	w := start(t, free)
	made := w.must("POST", reports, object{"fields": object{"Key": "a", "Fail": true, "Rows": 3, "Type": "sales", "Date": "2026-11-21"}})
	id := made["id"].(string)
	want := object{"Key": "a", "Fail": true, "Rows": 3.0, "Type": "sales", "Date": "2026-11-21", "No": 1.0}
	if diff := cmp.Diff(want, made["fields"]); diff != "" || !strings.HasPrefix(id, "rec") || len(id) != 17 {
		t.Errorf("%s (-want +got):\n%s", id, diff)
	}
	w.must("PATCH", reports+"/"+id, object{"fields": object{"Fail": false, "Rows": nil, "Tags": []string{}}})
	w.must("PATCH", reports, object{"records": []object{{"id": id, "fields": object{"Tags": []string{"x", "y"}}}}, "typecast": true})
	delete(want, "Fail")
	delete(want, "Rows")
	want["Tags"] = []any{"x", "y"}
	if diff := cmp.Diff(want, w.must("GET", reports+"/"+id, nil)["fields"]); diff != "" {
		t.Errorf("empty values are left out (-want +got):\n%s", diff)
	}
	w.must("PUT", reports+"/"+id, object{"fields": object{"Key": "b"}})
	if diff := cmp.Diff(object{"Key": "b", "No": 1.0}, w.must("GET", reports+"/"+id, nil)["fields"]); diff != "" {
		t.Errorf("PUT clears (-want +got):\n%s", diff)
	}
	if answer := w.must("DELETE", reports+"/"+id, nil); answer["deleted"] != true {
		t.Error(answer)
	}
	if status, answer := w.call("GET", reports+"/"+id, nil); status != 404 || kindOf(answer) != "NOT_FOUND" {
		t.Errorf("%d %v", status, answer)
	}
	ids := w.add(object{"Key": "c"}, object{"Key": "d"}, object{"Key": "e"})
	w.must("DELETE", reports+"?"+values("records[]", ids[0], "records[]", ids[2]), nil)
	if got := keysOf(w.list()); got != "d" {
		t.Errorf("left: %s", got)
	}
}

func TestList(t *testing.T) {
	w := start(t, free)
	var fields []object
	for n := range 205 {
		fields = append(fields, object{"Key": fmt.Sprintf("k%03d", n), "Rows": (n * 7) % 205, "Type": []string{"stock", "sales"}[n%2]})
	}
	ids := w.add(fields...)
	seen, offset, pages := []string{}, "", 0
	for {
		answer := w.list("pageSize", "100", "offset", offset)
		seen = append(seen, idsOf(answer)...)
		pages++
		if offset, _ = answer["offset"].(string); offset == "" {
			break
		}
		if pages == 1 { // a list under way does not move
			w.must("DELETE", reports+"/"+ids[200], nil)
			w.add(object{"Key": "late"})
		}
	}
	want := append(append([]string{}, ids[:200]...), ids[201:]...)
	if diff := cmp.Diff(want, seen); diff != "" || pages != 3 {
		t.Errorf("%d pages (-want +got):\n%s", pages, diff)
	}
	for _, test := range []struct {
		pairs []string
		want  string
	}{
		{[]string{"maxRecords", "2"}, "k000 k001"},
		{[]string{"sort[0][field]", "Type", "sort[1][field]", "Key", "sort[1][direction]", "desc", "maxRecords", "3"}, "late k203 k201"},
	} {
		if got := keysOf(w.list(test.pairs...)); got != test.want {
			t.Errorf("%v: %s, want %s", test.pairs, got, test.want)
		}
	}
	answer := w.list("filterByFormula", "AND({Rows}<10, {Type}='sales')", "sort[0][field]", "Rows", "sort[0][direction]", "desc", "fields[]", "Rows")
	last := 10.0
	for _, one := range answer["records"].([]any) {
		rows := one.(object)["fields"].(object)
		if n := rows["Rows"].(float64); n >= last || len(rows) != 1 {
			t.Errorf("%v after %v", rows, last)
		} else {
			last = n
		}
	}
	body := w.must("POST", reports+"/listRecords", object{"pageSize": 1, "sort": []object{{"field": "Key", "direction": "desc"}}, "returnFieldsByFieldId": true})
	if fields := body["records"].([]any)[0].(object)["fields"].(object); fields["Key"] != nil || len(fields) != 2 || body["offset"] == nil {
		t.Errorf("%v", body)
	}
}

func TestUpsert(t *testing.T) {
	w := start(t, free)
	upsert := func(merge []string, fields ...object) (int, object) {
		var records []object
		for _, one := range fields {
			records = append(records, object{"fields": one})
		}
		return w.call("PATCH", reports, object{"performUpsert": object{"fieldsToMergeOn": merge}, "records": records})
	}
	_, first := upsert([]string{"Type", "Date"}, object{"Type": "sales", "Date": "2026-11-20", "Key": "a"}, object{"Type": "sales", "Date": "2026-11-21", "Key": "b"})
	_, second := upsert([]string{"Date", "Type"}, object{"Type": "stock", "Date": "2026-11-21", "Key": "c"}, object{"Type": "sales", "Date": "2026-11-21", "Rows": 5})
	if len(first["createdRecords"].([]any)) != 2 || len(second["createdRecords"].([]any)) != 1 || second["updatedRecords"].([]any)[0] != first["createdRecords"].([]any)[1] {
		t.Errorf("%v\n%v", first, second)
	}
	if got := w.list("filterByFormula", "{Key}='b'"); got["records"].([]any)[0].(object)["fields"].(object)["Rows"] != 5.0 {
		t.Errorf("%v", got)
	}
	w.add(object{"Key": "twin"}, object{"Key": "twin"})
	for name, test := range map[string]struct {
		merge  []string
		fields []object
		want   string
	}{
		"several match":        {[]string{"Key"}, []object{{"Key": "twin"}}, "INVALID_RECORDS"},
		"twice in the batch":   {[]string{"Key"}, []object{{"Key": "new"}, {"Key": "new"}}, "INVALID_RECORDS"},
		"no value":             {[]string{"Key"}, []object{{"Rows": 1}}, "INVALID_RECORDS"},
		"unknown merge field":  {[]string{"Other"}, []object{{"Key": "x"}}, "UNKNOWN_FIELD_NAME"},
		"checkbox merge field": {[]string{"Fail"}, []object{{"Fail": true}}, "INVALID_REQUEST_UNKNOWN"},
		"no merge field":       {[]string{}, []object{{"Key": "x"}}, "INVALID_REQUEST_UNKNOWN"},
		"one bad record":       {[]string{"Key"}, []object{{"Key": "new"}, {"Key": "other", "Rows": "many"}}, "INVALID_VALUE_FOR_COLUMN"},
	} {
		if status, answer := upsert(test.merge, test.fields...); status != 422 || kindOf(answer) != test.want {
			t.Errorf("%s: %d %v", name, status, answer)
		}
	}
	if got := keysOf(w.list()); got != "a b c twin twin" {
		t.Errorf("refused batches left: %s", got)
	}
}

func TestRefusals(t *testing.T) {
	w := start(t, free)
	eleven := make([]object, 11)
	for i := range eleven {
		eleven[i] = object{"fields": object{"Key": "x"}}
	}
	record := func(fields object) object { return object{"records": []object{{"fields": fields}}} }
	for _, test := range []struct {
		method, path string
		body         any
		status       int
		kind         string
	}{
		{"GET", "/v0/appOther/Reports", nil, 403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"},
		{"GET", "/v0/appLocalSYNCbase1/Other", nil, 403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"},
		{"GET", "/v0/other", nil, 404, "NOT_FOUND"},
		{"POST", reports, object{"records": eleven}, 422, "INVALID_RECORDS"},
		{"POST", reports, object{"records": []object{}}, 422, "INVALID_RECORDS"},
		{"POST", reports, "{", 422, "INVALID_REQUEST_UNKNOWN"},
		{"POST", reports, object{"record": 1}, 422, "INVALID_REQUEST_UNKNOWN"},
		{"POST", reports, record(object{"Nope": 1}), 422, "UNKNOWN_FIELD_NAME"},
		{"POST", reports, record(object{"Key": 1}), 422, "INVALID_VALUE_FOR_COLUMN"},
		{"POST", reports, record(object{"Key": strings.Repeat("x", 100_001)}), 422, "CELL_VALUE_TOO_LONG"},
		{"POST", reports, record(object{"Rows": "1"}), 422, "INVALID_VALUE_FOR_COLUMN"},
		{"POST", reports, record(object{"Fail": "yes"}), 422, "INVALID_VALUE_FOR_COLUMN"},
		{"POST", reports, record(object{"Date": "soon"}), 422, "INVALID_VALUE_FOR_COLUMN"},
		{"POST", reports, record(object{"Type": "other"}), 422, "INVALID_MULTIPLE_CHOICE_OPTIONS"},
		{"POST", reports, record(object{"Tags": "x"}), 422, "INVALID_VALUE_FOR_COLUMN"},
		{"POST", reports, record(object{"No": 9}), 422, "INVALID_VALUE_FOR_COLUMN"},
		{"PATCH", reports, object{"records": []object{{"id": "recX", "fields": object{}}}}, 422, "ROW_DOES_NOT_EXIST"},
		{"PATCH", reports, record(object{"Key": "x"}), 422, "INVALID_REQUEST_UNKNOWN"},
		{"DELETE", reports, nil, 422, "INVALID_RECORDS"},
		{"DELETE", reports + "?records[]=recX", nil, 403, "INVALID_RECORDS"},
		{"GET", reports + "?pageSize=101", nil, 422, "INVALID_REQUEST_UNKNOWN"},
		{"GET", reports + "?other=1", nil, 422, "INVALID_REQUEST_UNKNOWN"},
		{"GET", reports + "?sort[1][field]=Key", nil, 422, "INVALID_REQUEST_UNKNOWN"},
		{"GET", reports + "?sort[0][field]=Nope", nil, 422, "UNKNOWN_FIELD_NAME"},
		{"GET", reports + "?view=Nope", nil, 422, "VIEW_NAME_NOT_FOUND"},
		{"GET", reports + "?offset=itrX/100", nil, 422, "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"},
		{"GET", reports + "?" + values("filterByFormula", "REGEX_MATCH({Key},'x')"), nil, 422, "INVALID_FILTER_BY_FORMULA"},
		{"GET", reports + "?" + values("filterByFormula", "{Nope}=1"), nil, 422, "INVALID_FILTER_BY_FORMULA"},
		{"GET", reports + "?" + values("filterByFormula", strings.Repeat(" ", 16_000)+"1"), nil, 414, "URI_TOO_LONG"},
		{"POST", meta, object{"name": "Reports", "fields": []object{{"name": "a", "type": "singleLineText"}}}, 422, "DUPLICATE_TABLE_NAME"},
		{"POST", meta, object{"name": "T", "fields": []object{{"name": "a", "type": "formula"}}}, 422, "UNSUPPORTED_FIELD_TYPE_FOR_CREATE"},
		{"POST", meta, object{"name": "T", "fields": []object{{"name": "a", "type": "number"}}}, 422, "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE"},
		{"POST", meta, object{"name": "T", "fields": []object{{"name": "a", "type": "checkbox"}}}, 422, "INVALID_PRIMARY_FIELD"},
		{"POST", meta + "/Reports/fields", object{"name": "Key", "type": "singleLineText"}, 422, "DUPLICATE_OR_EMPTY_FIELD_NAME"},
	} {
		if status, answer := w.call(test.method, test.path, test.body); status != test.status || kindOf(answer) != test.kind {
			t.Errorf("%s %s %.80v: %d %v, want %d %s", test.method, test.path, test.body, status, answer, test.status, test.kind)
		}
	}
	if status, answer := w.as("", "GET", reports, nil); status != 401 || kindOf(answer) != "AUTHENTICATION_REQUIRED" {
		t.Errorf("no token: %d %v", status, answer)
	}
	if status, answer := w.as("patOther", "GET", reports, nil); status != 401 || kindOf(answer) != "UNAUTHORIZED" {
		t.Errorf("wrong token: %d %v", status, answer)
	}
	if got := w.server.Stats().Records["appLocalSYNCbase1"]["Reports"]; got != 0 {
		t.Errorf("refused writes left %d records", got)
	}
}

func TestTypecast(t *testing.T) {
	w := start(t, free)
	got := w.must("POST", reports, object{"typecast": true, "fields": object{
		"Key": 7, "Rows": " 1,234 ", "Fail": "yes", "Type": "new", "Tags": "a, b", "Last Updated": "2026-11-21 10:30",
	}})
	want := object{"Key": "7", "Rows": 1234.0, "Fail": true, "Type": "new", "Tags": []any{"a", "b"}, "Last Updated": "2026-11-21T10:30:00.000Z", "No": 1.0}
	if diff := cmp.Diff(want, got["fields"]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	fields := w.must("GET", meta, nil)["tables"].([]any)[0].(object)["fields"].([]any)
	if choices := fields[1].(object)["options"].(object)["choices"].([]any); len(choices) != 3 {
		t.Errorf("choices %v", choices)
	}
}

func TestSchema(t *testing.T) {
	w := start(t, free)
	w.must("POST", meta+"/Reports/fields", object{"name": "Note", "type": "multilineText", "description": "for people"})
	w.must("PATCH", meta+"/Reports", object{"description": "one row a report"})
	answer := w.must("GET", meta, nil)["tables"].([]any)[0].(object)
	fields := answer["fields"].([]any)
	last := fields[len(fields)-1].(object)
	if answer["description"] != "one row a report" || last["name"] != "Note" || last["description"] != "for people" || answer["primaryFieldId"] != fields[0].(object)["id"] {
		t.Errorf("%v", answer)
	}
	w.must("PATCH", meta+"/Reports/fields/"+last["id"].(string), object{"name": "Remark"})
	w.must("POST", reports, object{"fields": object{"Remark": "x"}})
	if bases := w.must("GET", "/v0/meta/bases", nil)["bases"].([]any); bases[0].(object)["name"] != "SYNC" {
		t.Errorf("%v", bases)
	}
}

func TestRate(t *testing.T) {
	w := start(t, airtable.Options{})
	w.clock.Move(time.Second)
	codes := func(n int) string {
		var out strings.Builder
		for range n {
			status, _ := w.call("GET", reports, nil)
			fmt.Fprint(&out, status, " ")
		}
		return strings.TrimSpace(out.String())
	}
	if got := codes(5); got != "200 200 200 200 200" {
		t.Errorf("five at once: %s", got)
	}
	w.clock.Move(999 * time.Millisecond)
	if got := codes(1); got != "429" {
		t.Errorf("the sixth within a second: %s", got)
	}
	w.clock.Move(29 * time.Second)
	if got := codes(1); got != "429" {
		t.Errorf("within the penalty: %s", got)
	}
	w.clock.Move(time.Second)
	if got := codes(1); got != "200" {
		t.Errorf("after the penalty: %s", got)
	}
	if s := w.server.Stats(); s.Limited != 2 || s.Peak["appLocalSYNCbase1"] != 6 {
		t.Errorf("%+v", s)
	}
	w.clock.Move(time.Minute)
	faults(t, w, `{"rules":[{"kind":"quota"}]}`)
	if got := codes(3); got != "200 200 429" {
		t.Errorf("beyond the monthly calls: %s", got)
	}
}

func faults(t *testing.T, w *world, body string) {
	t.Helper()
	request, _ := http.NewRequest("PUT", w.url+"/_emulator/faults", strings.NewReader(body))
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode != 200 {
		t.Fatalf("%s: %v %v", body, response, err)
	}
	response.Body.Close()
}

func TestFaults(t *testing.T) {
	w := start(t, free)
	faults(t, w, `{"rules":[{"kind":"serverError","max":1},{"kind":"refuse","pattern":"^bad$"}]}`)
	if status, answer := w.call("GET", reports, nil); status != 503 || kindOf(answer) != "SERVICE_UNAVAILABLE" {
		t.Errorf("%d %v", status, answer)
	}
	if status, _ := w.call("POST", reports, object{"records": []object{{"fields": object{"Key": "good"}}, {"fields": object{"Key": "bad"}}}}); status != 422 {
		t.Errorf("the refused record: %d", status)
	}
	w.add(object{"Key": "good"})
	faults(t, w, `{"rules":[{"kind":"resetApplied","route":"POST /v0/{base}/{table}","max":1}]}`)
	request, _ := http.NewRequest("POST", w.url+reports, strings.NewReader(`{"fields":{"Key":"lost"}}`))
	request.Header.Set("Authorization", "Bearer patLocal")
	if response, err := http.DefaultClient.Do(request); err == nil {
		t.Errorf("an answer came: %d", response.StatusCode)
	}
	if got := keysOf(w.list()); got != "good lost" {
		t.Errorf("records: %s", got)
	}
}

func TestPageAndEdits(t *testing.T) {
	w := start(t, free)
	ids := w.add(object{"Key": "<b>one</b>", "Type": "sales", "Fail": true}, object{"Key": "two", "Type": "stock"})
	put := func(path, body string) (int, string) { return fetch(t, "PUT", w.url+path, body) }
	if status, text := put("/_emulator/views", `{"base":"SYNC","table":"Reports","views":[{"name":"Failed Reports","filterByFormula":"{Fail}","group":"Type","fields":["Key"]}]}`); status != 200 {
		t.Fatal(status, text)
	}
	for _, bad := range []string{`{"base":"SYNC","table":"Reports","views":[{"name":"x","filterByFormula":"{Nope}"}]}`, `{"base":"SYNC","table":"Nope"}`, `{"base":"SYNC","table":"Reports","views":[{"name":"x","group":"Nope"}]}`} {
		if status, _ := put("/_emulator/views", bad); status != 400 {
			t.Errorf("%s: %d", bad, status)
		}
	}
	if got := keysOf(w.list("view", "Failed Reports")); got != "<b>one</b>" {
		t.Errorf("view: %s", got)
	}
	_, page := fetch(t, "GET", w.url+"/", "")
	for _, want := range []string{"SYNC", "Reports (2)", "Failed Reports", "&lt;b&gt;one&lt;/b&gt;", "2 of 2 records"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	_, page = fetch(t, "GET", w.url+"/bases/appLocalSYNCbase1/Reports?view=Failed+Reports", "")
	if !strings.Contains(page, "1 of 2 records") || !strings.Contains(page, "sales (1)") || strings.Contains(page, "Rows") {
		t.Errorf("the view's page:\n%s", page)
	}
	if status, _ := fetch(t, "GET", w.url+"/bases/appOther/", ""); status != 404 {
		t.Errorf("an unknown base: %d", status)
	}
	before := w.server.Stats()
	put("/_emulator/edit", `{"base":"SYNC","table":"Reports","record":"`+ids[1]+`","fields":{"Rows":"12","Fail":true}}`)
	put("/_emulator/edit", `{"base":"SYNC","table":"Reports","record":"`+ids[0]+`","delete":true}`)
	put("/_emulator/edit", `{"base":"SYNC","table":"Reports","fields":{"Key":"three"}}`)
	if diff := cmp.Diff(before.Requests, w.server.Stats().Requests); diff != "" {
		t.Errorf("edits were counted:\n%s", diff)
	}
	if got := keysOf(w.list("filterByFormula", "OR({Rows}=12, {Key}='three')")); got != "two three" {
		t.Errorf("after the edits: %s", got)
	}
	if status, text := put("/_emulator/edit", `{"base":"SYNC","table":"Reports","record":"recX","fields":{}}`); status != 400 || !strings.Contains(text, "recX") {
		t.Errorf("%d %s", status, text)
	}
}
