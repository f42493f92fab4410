package httpjson_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/httpjson"
	"gitlab.com/eshopbox-team/return-sync/shared/report/reporttest"
)

// api is an API with five rows of a day, two a page.
func api(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, r *http.Request, page int, more func(page int) any) {
		if r.Header.Get("Authorization") != "Bearer t0p" || r.URL.Query().Get("day") != "2026-11-20" {
			http.Error(w, "who are you", http.StatusForbidden)
			return
		}
		items := []map[string]any{}
		for n := page * 2; n < min(page*2+2, 5); n++ {
			items = append(items, map[string]any{"n": n})
		}
		body := map[string]any{"data": map[string]any{"items": items}}
		if (page+1)*2 < 5 {
			body["next"] = more(page + 1)
		}
		_ = json.NewEncoder(w).Encode(body)
	}
	number := func(text string) (n int) {
		_, _ = fmt.Sscan(text, &n)
		return n
	}
	mux.HandleFunc("/cursor", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, number(r.URL.Query().Get("after")), func(p int) any { return fmt.Sprint(p) })
	})
	mux.HandleFunc("/page", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, number(r.URL.Query().Get("p"))-1, func(int) any { return nil })
	})
	mux.HandleFunc("/link", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, number(r.URL.Query().Get("p")), func(p int) any { return fmt.Sprintf("/link?day=2026-11-20&p=%d", p) })
	})
	mux.HandleFunc("/csv", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/csv; charset=iso-8859-1")
		_, _ = fmt.Fprint(w, "n\n\"\xfc\"\n1\n2\n")
	})
	mux.HandleFunc("/html", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, "<html>Log in</html>")
	})
	mux.HandleFunc("/lying", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, "<html>")
	})
	mux.HandleFunc("/other", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"data":{"items":[]},"next":"http://127.0.0.2/steal"}`)
	})
	mux.HandleFunc("/loop", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"data":{"items":[{"n":1}]},"next":"x"}`)
	})
	mux.HandleFunc("/empty", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"data":{}}`) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// secret gives one secret.
func secret(name string) (string, bool) { return "t0p", name == "API_TOKEN" }

// open returns a source at a path of the API.
func open(t *testing.T, server *httptest.Server, path string, s httpjson.Settings) *httpjson.Source {
	t.Helper()
	s.URL = server.URL + path
	s.Headers = map[string]string{"Authorization": "Bearer ${API_TOKEN}"}
	src, err := httpjson.New(s, httpjson.Options{File: "x.yaml", Client: server.Client(), Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// TestEveryPagingPassesTheSuite runs the suite of sources over each way of paging.
func TestEveryPagingPassesTheSuite(t *testing.T) {
	var numbers []report.Row
	for n := range 5 {
		numbers = append(numbers, report.Row{Number: int64(n + 1), Fields: map[string]any{"n": json.Number(fmt.Sprint(n))}})
	}
	text := []report.Row{{Number: 1, Fields: map[string]any{"n": "ü"}}, {Number: 2, Fields: map[string]any{"n": "1"}}, {Number: 3, Fields: map[string]any{"n": "2"}}}
	for name, c := range map[string]struct {
		path string
		s    httpjson.Settings
		want []report.Row
	}{
		"cursor": {"/cursor?day={date}", httpjson.Settings{Rows: "/data/items", Paging: httpjson.Paging{By: "cursor", Param: "after", Next: "/next"}}, numbers},
		"page":   {"/page?day={date}", httpjson.Settings{Rows: "/data/items", Paging: httpjson.Paging{By: "page", Param: "p"}}, numbers},
		"link":   {"/link?day={date}", httpjson.Settings{Rows: "/data/items", Paging: httpjson.Paging{By: "link", Next: "/next"}}, numbers},
		"csv":    {"/csv", httpjson.Settings{Format: "csv"}, text},
	} {
		t.Run(name, func(t *testing.T) {
			reporttest.RunSource(t, func(t *testing.T) reporttest.Sourced {
				return reporttest.Sourced{Source: open(t, api(t), c.path, c.s), Order: reporttest.DatedOrder("sales", "2026-11-20", 0), Want: c.want}
			})
		})
	}
}

// TestWhatIsNoDataIsNoEmptyReport refuses answers that hold no list of rows.
func TestWhatIsNoDataIsNoEmptyReport(t *testing.T) {
	for path, want := range map[string]string{
		"/html": "HTML", "/lying": "not JSON", "/empty": "no list of rows", "/nowhere": "answered 404", "/cursor?day=other": "answered 403",
		"/other": "same host", "/loop": "names itself",
	} {
		s := open(t, api(t), path, httpjson.Settings{Rows: "/data/items", Paging: httpjson.Paging{By: map[bool]string{true: "cursor", false: "link"}[path == "/loop"], Param: "c", Next: "/next"}})
		var last error
		for _, err := range s.Rows(t.Context(), reporttest.DatedOrder("sales", "2026-11-20", 0), "answer") {
			last = err
		}
		if last == nil || !strings.Contains(last.Error(), want) || fault.Retryable(last) || strings.Contains(last.Error(), "t0p") {
			t.Errorf("%s: %v, want %q", path, last, want)
		}
	}
}

// TestWrongSettingsAreRefused names the setting.
func TestWrongSettingsAreRefused(t *testing.T) {
	for want, s := range map[string]httpjson.Settings{
		"begins with https":       {URL: "ftp://x/y"},
		"{day} is not known":      {URL: "https://x/{day}"},
		"belongs into headers":    {URL: "https://x/?k=${TOKEN}"},
		"want json or csv":        {URL: "https://x", Format: "xml"},
		"CSV has neither":         {URL: "https://x", Format: "csv", Rows: "/a"},
		"paging.by":               {URL: "https://x", Paging: httpjson.Paging{By: "magic"}},
		"paging.param is missing": {URL: "https://x", Paging: httpjson.Paging{By: "page"}},
		"paging.next":             {URL: "https://x", Paging: httpjson.Paging{By: "link"}},
		"no secret ${OTHER}":      {URL: "https://x", Headers: map[string]string{"A": "${OTHER}"}},
	} {
		if _, err := httpjson.New(s, httpjson.Options{File: "x.yaml", Secret: secret}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "x.yaml") {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
