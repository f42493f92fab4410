package airtable_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/airtable"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/kit"
)

type object = map[string]any

// world is an emulator and its clock.
type world struct {
	t      *testing.T
	server *airtable.Server
	clock  *kit.Clock
	url    string
}

// start starts an emulator with a table Reports.
func start(t *testing.T, options airtable.Options) *world {
	t.Helper()
	w := &world{t: t, clock: kit.NewClock()}
	options.Now = w.clock.Now
	w.server = airtable.New(options)
	web := httptest.NewServer(w.server)
	t.Cleanup(func() { w.server.Close(); web.Close() })
	w.url = web.URL
	w.must("POST", meta, object{"name": "Reports", "fields": []object{
		{"name": "Key", "type": "singleLineText"},
		{"name": "Type", "type": "singleSelect", "options": object{"choices": []object{{"name": "sales"}, {"name": "stock"}}}},
		{"name": "Date", "type": "date", "options": object{"dateFormat": object{"name": "iso"}}},
		{"name": "Fail", "type": "checkbox", "options": object{"icon": "check", "color": "redBright"}},
		{"name": "Rows", "type": "number", "options": object{"precision": 0}},
		{"name": "Last Updated", "type": "dateTime", "options": object{"dateFormat": object{"name": "iso"}, "timeFormat": object{"name": "24hour"}, "timeZone": "utc"}},
		{"name": "Tags", "type": "multipleSelects", "options": object{"choices": []object{}}},
		{"name": "No", "type": "autoNumber"},
	}})
	return w
}

const (
	meta    = "/v0/meta/bases/appLocalSYNCbase1/tables"
	reports = "/v0/appLocalSYNCbase1/Reports"
)

// call makes a request with the token and returns status and answer.
func (w *world) call(method, path string, body any) (int, object) {
	w.t.Helper()
	return w.as("patLocal", method, path, body)
}

func (w *world) as(token, method, path string, body any) (int, object) {
	w.t.Helper()
	var text []byte
	if raw, ok := body.(string); ok {
		text = []byte(raw)
	} else if body != nil {
		text, _ = json.Marshal(body)
	}
	request, err := http.NewRequest(method, w.url+path, bytes.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	all, _ := io.ReadAll(response.Body)
	var answer object
	if err := json.Unmarshal(all, &answer); err != nil {
		w.t.Fatalf("%s %s: %d %s", method, path, response.StatusCode, all)
	}
	return response.StatusCode, answer
}

// must makes a request that succeeds.
func (w *world) must(method, path string, body any) object {
	w.t.Helper()
	status, answer := w.call(method, path, body)
	if status != 200 {
		w.t.Fatalf("%s %s: %d %v", method, path, status, answer)
	}
	return answer
}

// add makes records of fields.
func (w *world) add(fields ...object) []string {
	w.t.Helper()
	var ids []string
	for part := range chunks(fields, 10) {
		var records []object
		for _, one := range part {
			records = append(records, object{"fields": one})
		}
		ids = append(ids, idsOf(w.must("POST", reports, object{"records": records}))...)
	}
	return ids
}

func chunks(list []object, n int) func(func([]object) bool) {
	return func(yield func([]object) bool) {
		for len(list) > 0 {
			end := min(n, len(list))
			if !yield(list[:end]) {
				return
			}
			list = list[end:]
		}
	}
}

// list lists records by parameters in pairs.
func (w *world) list(pairs ...string) object {
	w.t.Helper()
	return w.must("GET", reports+"?"+values(pairs...), nil)
}

func values(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

// idsOf returns the ids of an answer's records.
func idsOf(answer object) []string {
	ids := []string{}
	for _, one := range answer["records"].([]any) {
		ids = append(ids, one.(object)["id"].(string))
	}
	return ids
}

// keysOf returns the values of Key of an answer's records, joined.
func keysOf(answer object) string {
	var keys []string
	for _, one := range answer["records"].([]any) {
		key, _ := one.(object)["fields"].(object)["Key"].(string)
		keys = append(keys, key)
	}
	return strings.Join(keys, " ")
}

// kindOf returns the type of an error.
func kindOf(answer object) string {
	if kind, ok := answer["error"].(string); ok {
		return kind
	}
	if e, ok := answer["error"].(object); ok {
		return e["type"].(string)
	}
	text, _ := json.Marshal(answer)
	return string(text)
}

// fetch makes a request without a token.
func fetch(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(text)
}
