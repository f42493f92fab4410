package browser

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/airtable"
)

// airtableServer is an emulator of Airtable with a table Reports.
func airtableServer(t *testing.T, options airtable.Options) (*airtable.Server, string) {
	t.Helper()
	server := airtable.New(options)
	web := httptest.NewServer(server)
	t.Cleanup(func() { web.Close(); server.Close() })
	const table = `{"name":"Reports","fields":[{"name":"Key","type":"singleLineText"},
		{"name":"Rows","type":"number","options":{"precision":0}},
		{"name":"Fail","type":"checkbox","options":{"icon":"check","color":"redBright"}},
		{"name":"Type","type":"singleSelect","options":{"choices":[{"name":"sales"},{"name":"stock"}]}}]}`
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, web.URL+"/v0/meta/bases/"+airtable.DefaultBase.ID+"/tables", strings.NewReader(table))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer patLocal")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("the table was refused: %d", response.StatusCode)
	}
	return server, web.URL
}

// TestAirtablesOwnClient lets the official JavaScript client of Airtable judge the
// emulator: it shares no code with it or with our client.
func TestAirtablesOwnClient(t *testing.T) {
	folder, err := filepath.Abs("../../../testdata/airtable")
	if err != nil {
		t.Fatal(err)
	}
	packages, err := Modules(folder)
	if err != nil {
		t.Fatal(err)
	}
	_, address := airtableServer(t, airtable.Options{Rate: -1})
	judge := exec.CommandContext(t.Context(), "node", filepath.Join(folder, "judge.js"), address, "patLocal", airtable.DefaultBase.ID)
	judge.Env = append(judge.Environ(), "NODE_PATH="+packages, "NODE_NO_WARNINGS=1")
	var complaints strings.Builder
	judge.Stderr = &complaints
	out, err := judge.Output()
	if err != nil {
		t.Fatalf("the client ended with %v: %s", err, complaints.String())
	}
	var seen any
	if err := json.Unmarshal(out, &seen); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := map[string]any{
		"created":   map[string]any{"Key": "k0", "Rows": 1.0, "Fail": true, "Type": "sales"},
		"pages":     []any{10.0, 10.0, 5.0},
		"all":       25.0,
		"sorted":    "k24 k23 k22",
		"long":      "k7",
		"updated":   map[string]any{"Key": "k0", "Rows": 100.0, "Type": "sales"},
		"replaced":  map[string]any{"Key": "k0"},
		"found":     "k4",
		"upserted":  []any{true, "k5 fresh"},
		"typecast":  12.0,
		"destroyed": 10.0,
		"single":    true,
		"left":      16.0,
		"refused": map[string]any{
			"field":   "422 UNKNOWN_FIELD_NAME",
			"value":   "422 INVALID_VALUE_FOR_COLUMN",
			"eleven":  "422 INVALID_RECORDS",
			"formula": "422 INVALID_FILTER_BY_FORMULA",
			"missing": "404 NOT_FOUND",
			"token":   "401 AUTHENTICATION_REQUIRED",
			"table":   "403 NOT_AUTHORIZED",
		},
	}
	if diff := cmp.Diff(any(want), seen); diff != "" {
		t.Errorf("the client saw (-want +got):\n%s", diff)
	}
}

// TestAirtablesPage edits a base in the emulator's page, as people of cmd/local do, and
// sees what programs write without loading the page again.
func TestAirtablesPage(t *testing.T) {
	server, address := airtableServer(t, airtable.Options{Rate: -1})
	edit := func(record string, fields map[string]any) string {
		t.Helper()
		id, err := server.Edit(airtable.Edit{Base: "SYNC", Table: "Reports", Record: record, Fields: fields})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	id := edit("", map[string]any{"Key": "sales_report 2026-11-20", "Rows": 7, "Fail": true, "Type": "sales"})
	p := Open(t)
	p.Go(address + "/")
	const row = `document.querySelector('tr[data-record]')`
	p.Until("the record", row+`.innerText.includes("sales_report 2026-11-20")`)
	p.Click(`tr[data-record] input[type=checkbox]`)
	p.Until("the box to be cleared", row+`.querySelector("input").checked === false`)
	edit(id, map[string]any{"Rows": 8})
	p.Until("what somebody else wrote", row+`.innerText.includes("8")`)
	p.Type(`tr[data-record] td[contenteditable]`, "stock_report 2026-11-21")
	p.Press(Enter)
	p.Until("the new name", row+`.innerText.includes("stock_report 2026-11-21")`)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/v0/"+airtable.DefaultBase.ID+"/Reports/"+id, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer patLocal")
	wantFields := map[string]any{"Key": "stock_report 2026-11-21", "Rows": 8.0, "Type": "sales"}
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Fields map[string]any `json:"fields"`
		}
		err = json.NewDecoder(response.Body).Decode(&got)
		_ = response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		diff := cmp.Diff(wantFields, got.Fields)
		if diff == "" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the record (-want +got):\n%s", diff)
		}
	}
	p.Click("#add")
	p.Until("a new row", `document.querySelectorAll('tr[data-record]').length === 2`)
	p.Picture("airtable")
}
