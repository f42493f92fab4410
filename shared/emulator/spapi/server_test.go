package spapi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/spapi"
)

func TestTokens(t *testing.T) {
	w := start(t, spapi.Options{})
	for _, test := range []struct {
		grant, id, secret, refresh string
		status                     int
		code                       string
	}{
		{"client_credentials", "local-client", "local-secret", "local-refresh", 400, "unsupported_grant_type"},
		{"refresh_token", "other", "local-secret", "local-refresh", 401, "invalid_client"},
		{"refresh_token", "local-client", "other", "local-refresh", 401, "invalid_client"},
		{"refresh_token", "local-client", "local-secret", "other", 400, "invalid_grant"},
	} {
		if status, answer := w.form(test.grant, test.id, test.secret, test.refresh); status != test.status || answer["error"] != test.code {
			t.Errorf("%+v: %d %v", test, status, answer)
		}
	}
	w.ordered("GET_A")
	w.clock.Move(time.Hour)
	if status, _ := w.call("GET", root+"/reports/1", ""); status != 403 {
		t.Errorf("an expired token: %d", status)
	}
	w.login()
	w.ordered("GET_A")
	w.token = ""
	if status, _ := w.call("GET", root+"/reports/1", ""); status != 401 {
		t.Errorf("no token: %d", status)
	}
}

func TestLifeOfAReport(t *testing.T) {
	w := start(t, spapi.Options{Queue: time.Second, Work: time.Second})
	id := w.ordered("GET_SALES")
	for _, want := range []string{"IN_QUEUE", "IN_PROGRESS", "DONE"} {
		status, answer := w.call("GET", root+"/reports/"+id, "")
		if status != 200 || answer["processingStatus"] != want || (answer["reportDocumentId"] != nil) != (want == "DONE") {
			t.Errorf("want %s: %d %v", want, status, answer)
		}
		w.clock.Move(time.Second)
	}
	_, report := w.call("GET", root+"/reports/"+id, "")
	first, header, err := w.text(report)
	again, _, _ := w.text(report)
	if err != nil || first != again || header.Get("Content-Type") != "text/plain; charset=UTF-8" {
		t.Errorf("document: %v, %v, equal %v", err, header, first == again)
	}
	lines := strings.Split(strings.TrimSuffix(first, "\n"), "\n")
	if len(lines) != 201 || !strings.HasPrefix(lines[0], "amazon-order-id\tsku\t") || strings.Count(lines[1], "\t") != 8 {
		t.Errorf("%d lines, first %q", len(lines), lines[0])
	}
	if n := strings.Count(first, "\tPending\t"); n == 0 {
		t.Error("no order is Pending")
	}
	w.clock.Move(22 * 24 * time.Hour)
	w.login()
	if settled, _, _ := w.text(report); strings.Contains(settled, "\tPending\t") || len(strings.Split(settled, "\n")) != 202 {
		t.Error("orders stay Pending")
	}
}

func TestDocumentsAddress(t *testing.T) {
	w := start(t, spapi.Options{})
	report := w.finished("GET_SALES")
	_, document := w.call("GET", root+"/documents/"+report["reportDocumentId"].(string), "")
	address := document["url"].(string)
	fetch := func(url string, header ...string) (int, string) {
		request, _ := http.NewRequest("GET", url, nil)
		if len(header) > 0 {
			request.Header.Set(header[0], "x")
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return response.StatusCode, string(body)
	}
	for _, test := range []struct {
		url, header string
		status      int
		want        string
	}{
		{address, "Accept", 200, ""},
		{address, "Authorization", 400, "Only one auth mechanism allowed"},
		{address, "x-amz-access-token", 400, "InvalidArgument"},
		{w.url + "/documents/other", "Accept", 403, "SignatureDoesNotMatch"},
	} {
		if status, body := fetch(test.url, test.header); status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s: %d %s", test.header, status, body)
		}
	}
	w.clock.Move(5 * time.Minute)
	if status, body := fetch(address); status != 403 || !strings.Contains(body, "Request has expired") {
		t.Errorf("after five minutes: %d %s", status, body)
	}
	if _, _, err := w.text(report); err != nil {
		t.Errorf("a new address: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	w := start(t, spapi.Options{Unlimited: true})
	report := `{"reportType":"GET_A","marketplaceIds":["M"]`
	for _, test := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/reports", `{`, 400, "cannot be read"},
		{"POST", "/reports", `{"reportType":"GET_A"}`, 400, "marketplaceIds"},
		{"POST", "/reports", `{"marketplaceIds":["M"]}`, 400, "reportType"},
		{"POST", "/reports", `{"reportType":"BAD_REPORT","marketplaceIds":["M"]}`, 400, "BAD_REPORT is not allowed"},
		{"POST", "/reports", report + `,"dataStartTime":"2100-01-01T00:00:00Z"}`, 400, "future"},
		{"POST", "/reports", report + `,"dataStartTime":"2026-02-01T00:00:00Z","dataEndTime":"2026-01-01T00:00:00Z"}`, 400, "before"},
		{"POST", "/reports", report + `,"reportOptions":{"a":1}}`, 400, "cannot be read"},
		{"GET", "/reports/99", "", 404, "reportId"},
		{"DELETE", "/reports/99", "", 404, "reportId"},
		{"GET", "/documents/99", "", 404, "reportDocumentId"},
		{"GET", "/reports", "", 400, "reportTypes"},
		{"GET", "/reports?reportTypes=GET_A&pageSize=101", "", 400, "pageSize"},
		{"GET", "/reports?reportTypes=GET_A&processingStatuses=BAD", "", 400, "processingStatuses"},
		{"GET", "/reports?reportTypes=GET_A&createdSince=x", "", 400, "createdSince"},
		{"GET", "/reports?reportTypes=GET_A&other=x", "", 400, "other"},
		{"GET", "/reports?nextToken=x", "", 400, "nextToken"},
	} {
		status, answer := w.call(test.method, root+test.path, test.body)
		text, _ := json.Marshal(answer)
		if status != test.status || !strings.Contains(string(text), test.want) {
			t.Errorf("%s %s %s: %d %s", test.method, test.path, test.body, status, text)
		}
	}
}

func TestListAndCancel(t *testing.T) {
	w := start(t, spapi.Options{Unlimited: true, Queue: time.Hour})
	var ids []string
	for range 7 {
		ids = append(ids, w.ordered("GET_A"))
		w.ordered("GET_B")
	}
	if status, _ := w.call("DELETE", root+"/reports/"+ids[0], ""); status != 200 {
		t.Errorf("cancel: %d", status)
	}
	path, seen := root+"/reports?reportTypes=GET_A&processingStatuses=IN_QUEUE&pageSize=4", 0
	for path != "" {
		status, answer := w.call("GET", path, "")
		if status != 200 {
			t.Fatalf("%d %v", status, answer)
		}
		for _, one := range answer["reports"].([]any) {
			if want := ids[len(ids)-1-seen]; one.(map[string]any)["reportId"] != want {
				t.Errorf("report %d is %v, want %s", seen, one, want)
			}
			seen++
		}
		path = ""
		if token, more := answer["nextToken"].(string); more {
			path = root + "/reports?nextToken=" + token
		}
	}
	if seen != 6 {
		t.Errorf("%d reports were listed, want 6", seen)
	}
	w.clock.Move(2 * time.Hour)
	w.login()
	if status, _ := w.call("DELETE", root+"/reports/"+ids[1], ""); status != 400 {
		t.Errorf("a report that is done was cancelled: %d", status)
	}
	if stats := w.server.Stats(); stats.Reports["CANCELLED"] != 1 || stats.Reports["DONE"] != 13 || stats.Ordered["GET_A"] != 7 {
		t.Errorf("%+v", stats)
	}
}

func TestBuckets(t *testing.T) {
	w := start(t, spapi.Options{})
	order := func(kind string) int {
		status, _ := w.call("POST", root+"/reports", `{"reportType":"`+kind+`","marketplaceIds":["M"]}`)
		return status
	}
	if got := fmt.Sprint(order("GET_SALES_AND_TRAFFIC_REPORT"), order("GET_SALES_AND_TRAFFIC_REPORT")); got != "202 429" {
		t.Errorf("the report type's own bucket: %s", got)
	}
	for n := range 13 {
		if status := order("GET_A"); status != 202 {
			t.Fatalf("order %d: %d", n, status)
		}
	}
	if status := order("GET_A"); status != 429 {
		t.Errorf("beyond the burst: %d", status)
	}
	w.clock.Move(30 * time.Second)
	if status := order("GET_A"); status != 429 {
		t.Errorf("after half of the time: %d", status)
	}
	w.clock.Move(31 * time.Second)
	if status := order("GET_A"); status != 202 {
		t.Errorf("after a minute: %d", status)
	}
}

func TestFaults(t *testing.T) {
	w := start(t, spapi.Options{Unlimited: true})
	good, _, _ := w.text(w.finished("GET_X"))
	lines := strings.Split(good, "\n")
	for kind, check := range map[string]func(text string, header http.Header, err error) bool{
		"expiredURL": func(text string, _ http.Header, _ error) bool { return strings.Contains(text, "expired") },
		"empty":      func(text string, _ http.Header, err error) bool { return err == nil && text == lines[0]+"\n" },
		"truncated":  func(_ string, _ http.Header, err error) bool { return err != nil },
		"wrongCharset": func(text string, h http.Header, _ error) bool {
			return !utf8.ValidString(text) && strings.Contains(h.Get("Content-Type"), "UTF-8")
		},
		"latin1": func(text string, h http.Header, _ error) bool {
			return !utf8.ValidString(text) && strings.Contains(h.Get("Content-Type"), "Cp1252")
		},
		"plain":        func(text string, _ http.Header, err error) bool { return err == nil && text == good },
		"htmlDocument": func(text string, h http.Header, _ error) bool { return strings.HasPrefix(text, "<!DOCTYPE") },
		"shortRow": func(text string, _ http.Header, err error) bool {
			return strings.Count(strings.Split(text, "\n")[2], "\t") == 7 && strings.Count(text, "\n") == 201
		},
		"renamedHeader": func(text string, _ http.Header, err error) bool {
			return strings.Contains(text, "\trenamed-column\n") && strings.HasSuffix(text, lines[200]+"\n")
		},
	} {
		setFaults(t, w, kind, "GET_X")
		if text, header, err := w.text(w.finished("GET_X")); !check(text, header, err) {
			t.Errorf("%s: %v %v %.80q", kind, header, err, text)
		}
		if text, _, err := w.text(w.finished("GET_Y")); err != nil || !strings.HasPrefix(text, lines[0]) {
			t.Errorf("%s struck another type: %v", kind, err)
		}
	}
	for kind, want := range map[string]string{"cancelled": "CANCELLED", "fatal": "FATAL", "stuck": "IN_PROGRESS"} {
		setFaults(t, w, kind, "GET_X")
		report := w.finished("GET_X")
		if report["processingStatus"] != want {
			t.Errorf("%s: %v", kind, report)
		}
		if kind == "fatal" {
			if text, _, err := w.text(report); err != nil || !strings.Contains(text, "errorDetails") {
				t.Errorf("the document of FATAL: %q %v", text, err)
			}
		}
	}
	setFaults(t, w, "forbidden", "")
	if status, answer := w.call("GET", root+"/reports/1", ""); status != 403 {
		t.Errorf("forbidden: %d %v", status, answer)
	}
	setFaults(t, w, "expiredToken", "")
	first, _ := w.call("GET", root+"/reports/1", "")
	second, _ := w.call("GET", root+"/reports/1", "")
	w.login()
	third, _ := w.call("GET", root+"/reports/1", "")
	if got := fmt.Sprint(first, second, third); got != "403 403 404" {
		t.Errorf("expiredToken: %s", got)
	}
}

// setFaults sets one fault over HTTP, which happens once.
func setFaults(t *testing.T, w *world, kind, pattern string) {
	t.Helper()
	body := fmt.Sprintf(`{"rules":[{"kind":%q,"pattern":%q,"max":1}]}`, kind, pattern)
	request, _ := http.NewRequest("PUT", w.url+"/_emulator/faults", strings.NewReader(body))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 200 {
		t.Fatalf("%s: %d", body, response.StatusCode)
	}
}
