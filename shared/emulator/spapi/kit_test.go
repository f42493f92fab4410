package spapi_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/kit"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/spapi"
)

const root = "/reports/2021-06-30"

// world is an emulator with a client that holds a token.
type world struct {
	t      *testing.T
	server *spapi.Server
	clock  *kit.Clock
	url    string
	token  string
}

func start(t *testing.T, options spapi.Options) *world {
	t.Helper()
	w := &world{t: t, clock: kit.NewClock()}
	options.Now = w.clock.Now
	w.server = spapi.New(options)
	web := httptest.NewServer(w.server)
	t.Cleanup(func() { w.server.Close(); web.Close() })
	w.url = web.URL
	w.login()
	return w
}

// login fetches an access token.
func (w *world) login() {
	w.t.Helper()
	status, answer := w.form("refresh_token", "local-client", "local-secret", "local-refresh")
	if status != 200 || answer["token_type"] != "bearer" || answer["expires_in"] != 3600.0 {
		w.t.Fatalf("token: %d %v", status, answer)
	}
	w.token = answer["access_token"].(string)
}

func (w *world) form(grant, id, secret, refresh string) (int, map[string]any) {
	w.t.Helper()
	response, err := http.PostForm(w.url+"/auth/o2/token", url.Values{
		"grant_type": {grant}, "client_id": {id}, "client_secret": {secret}, "refresh_token": {refresh},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	answer := map[string]any{}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		w.t.Fatal(err)
	}
	return response.StatusCode, answer
}

// call calls an operation and checks the answer against the official model.
func (w *world) call(method, path, body string) (int, map[string]any) {
	w.t.Helper()
	request, err := http.NewRequest(method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("x-amz-access-token", w.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	var answer map[string]any
	if len(text) > 0 {
		if err := json.Unmarshal(text, &answer); err != nil {
			w.t.Fatalf("%s %s: %s", method, path, text)
		}
	}
	checkModel(w.t, method, path, response.StatusCode, answer)
	return response.StatusCode, answer
}

// ordered orders a report and returns its id.
func (w *world) ordered(kind string) string {
	w.t.Helper()
	status, answer := w.call("POST", root+"/reports", `{"reportType":"`+kind+`","marketplaceIds":["A1PA6795UKMFR9"],"dataStartTime":"2026-11-20T00:00:00Z"}`)
	if status != 202 {
		w.t.Fatalf("order: %d %v", status, answer)
	}
	return answer["reportId"].(string)
}

// finished orders a report, lets time pass and returns the report.
func (w *world) finished(kind string) map[string]any {
	w.t.Helper()
	id := w.ordered(kind)
	w.clock.Move(time.Minute)
	status, answer := w.call("GET", root+"/reports/"+id, "")
	if status != 200 {
		w.t.Fatalf("report: %d %v", status, answer)
	}
	return answer
}

// text downloads a report's document; err is that of the transfer.
func (w *world) text(report map[string]any) (text string, header http.Header, err error) {
	w.t.Helper()
	status, document := w.call("GET", root+"/documents/"+report["reportDocumentId"].(string), "")
	if status != 200 {
		w.t.Fatalf("document: %d %v", status, document)
	}
	response, err := http.Get(document["url"].(string))
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	body := io.Reader(response.Body)
	if document["compressionAlgorithm"] == "GZIP" && response.StatusCode == 200 {
		if body, err = gzip.NewReader(body); err != nil {
			return "", response.Header, err
		}
	}
	all, err := io.ReadAll(body)
	return string(all), response.Header, err
}
