package server_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/server"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

// secret signs the tests' tokens.
const secret = "0123456789abcdef0123456789abcdef"

// complete returns an environment in which every function opens.
func complete(dsn, index string) map[string]string {
	return map[string]string{
		"SOURCE_DSN": dsn, "STATE_DSN": dsn, "ALGOLIA_APP_ID": "APP", "ALGOLIA_WRITE_KEY": "admin", "ALGOLIA_SEARCH_KEY": "search",
		"ALGOLIA_URL": index, "SEARCH_JWT_SECRET": secret, "TASKS_LOCATION": "projects/p/locations/l",
		"CLOUD_TASKS_EMULATOR_HOST": "127.0.0.1:1", "WINDOW_URL": "http://127.0.0.1:1/w", "PROCESS_URL": "http://127.0.0.1:1/p",
		"SCHEDULER_LOCATION": "projects/p/locations/l", "CLOUD_SCHEDULER_EMULATOR_HOST": "127.0.0.1:1", "SCHEDULES_URL": "http://127.0.0.1:1/s",
		"HOST": "127.0.0.1", "PORT": "0",
		"REPORTS_URL": "http://127.0.0.1:1/r", "TRANSFER_SIDES": "rehearsal", "TRANSFER_URL": "http://127.0.0.1:1/t", "TRANSFER_TOKEN": strings.Repeat("t", 32),
		"EXCHANGE_ROLE": "primary", "EXCHANGE_COMPANY": "2f8c8b4e-7f0e-4c93-9c44-0a4b1a3f5c11",
		"EXCHANGE_JWT_SECRET": strings.Repeat("j", 32), "EXCHANGE_KEY_SECRET": strings.Repeat("k", 32),
	}
}

// environment returns an Env over variables.
func environment(vars map[string]string) *wire.Env {
	return &wire.Env{Lookup: envconfig.MapLookuper(vars), Log: slog.New(slog.DiscardHandler)}
}

// house is every function over a real database and an emulated index.
type house struct {
	t     *testing.T
	url   string
	index string // the emulator's address
	db    *sql.DB
}

// newHouse opens every function.
func newHouse(t *testing.T) *house {
	t.Helper()
	dsn := localdbtest.New(t)
	index := algolia.New(algolia.Options{PublishDelay: -1})
	listener := httptest.NewServer(index)
	t.Cleanup(func() {
		_ = index.Close()
		listener.Close()
	})
	h := houseOf(t, complete(dsn, listener.URL))
	h.index = listener.URL
	return h
}

// houseOf opens every function over an environment, in migrated tables.
func houseOf(t *testing.T, vars map[string]string) *house {
	t.Helper()
	e := environment(vars)
	db, err := e.Store(wire.Databases{SourceDSN: vars["SOURCE_DSN"], MaxConnections: 4})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := sample.Migrate(t.Context(), db.SQL()); err != nil {
		t.Fatal(err)
	}
	h, err := server.Handler(t.Context(), e, server.Config{})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(func() {
		srv.Close()
		_ = e.Close()
	})
	return &house{t: t, url: srv.URL, db: db.SQL()}
}

// call sends a request to a function and returns the answer's status and body.
func (h *house) call(method, path, body string, header ...string) (int, string) {
	h.t.Helper()
	return h.send(method, h.url+path, body, header...)
}

// send sends a request and returns the answer's status and body.
func (h *house) send(method, address, body string, header ...string) (int, string) {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

const (
	cronPath    = "/_ah/api/esb/v1/returnsCron"
	windowPath  = "/_ah/api/esb/v1/returnUpdatedTaskQueue"
	processPath = "/_ah/api/esb/v1/returnUpdateProcessingQueue"
	searchPath  = "/_ah/api/esb/v1/searchOrderReturnIndexData"
)

// TestWhatAQueueMustNotRetry sends tasks that can never succeed: each is 200 and
// says that it was dropped, and why.
func TestWhatAQueueMustNotRetry(t *testing.T) {
	h := newHouse(t)
	cases := map[string]struct{ path, body, code string }{
		"window: no JSON":        {windowPath, "{", "bad-task"},
		"window: nothing":        {windowPath, "", "bad-task"},
		"window: no id":          {windowPath, `{"jobType":"RETURN_JOB","token":"x"}`, "bad-task"},
		"window: no token":       {windowPath, `{"id":1,"jobType":"RETURN_JOB"}`, "bad-task"},
		"window: unknown claim":  {windowPath, `{"id":1,"jobType":"RETURN_JOB","token":"x"}`, "superseded"},
		"window: too large":      {windowPath, strings.Repeat(" ", 1<<20+1), "bad-task"},
		"process: no JSON":       {processPath, "not json", "bad-task"},
		"process: page 0":        {processPath, `{"runId":1,"page":0}`, "bad-task"},
		"process: more behind":   {processPath, `{"runId":1,"page":1}{"runId":1,"page":1}`, "bad-task"},
		"process: unknown field": {processPath, `{"runId":1,"page":1,"x":2}`, "unknown-run"}, // of a newer version: ignored
		"process: unknown run":   {processPath, `{"runId":12345,"page":1}`, "unknown-run"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			status, body := h.call("POST", c.path, c.body, "X-CloudTasks-QueueName", "q")
			var got struct{ Outcome, Code, Message string }
			if err := json.Unmarshal([]byte(body), &got); err != nil || status != 200 || got.Outcome != "dropped" || got.Code != c.code || got.Message == "" {
				t.Errorf("%d %s, %v; want 200, dropped, %s", status, body, err, c.code)
			}
		})
	}
	for _, state := range []string{"synced", "failed", "interrupted"} {
		res, err := h.db.Exec(`INSERT INTO sync_run (entity, state, claim_id, claim_token, window_from, window_to, closed_at)
			VALUES ('returns', ?, 1, ?, NOW(), NOW(), NOW())`, state, state)
		if err != nil {
			t.Fatal(err)
		}
		id, _ := res.LastInsertId()
		if status, body := h.call("POST", processPath, fmt.Sprintf(`{"runId":%d,"page":1}`, id), "X-CloudTasks-QueueName", "q"); status != 200 || !strings.Contains(body, "closed-run") {
			t.Errorf("a %s run: %d %s", state, status, body)
		}
	}
}

// TestWhatAQueueMustRetry has tasks meet a queue that is away, and an instance that does
// not know a definition yet.
func TestWhatAQueueMustRetry(t *testing.T) {
	h := newHouse(t)
	if status, body := h.call("POST", windowPath, `{"id":1,"jobType":"NEW_JOB","token":"x"}`, "X-CloudTasks-QueueName", "q"); status != 503 || !strings.Contains(body, "unknown-entity") {
		t.Errorf("the window of a new entity: %d %s", status, body)
	}
	if status, body := h.call("POST", cronPath, ""); status != 503 {
		t.Errorf("a tick without a queue: %d %s", status, body)
	}
	if status, body := h.call("POST", cronPath+"?entity=nothing", ""); status != 404 || !strings.Contains(body, "entity") {
		t.Errorf("a tick for an unknown entity: %d %s", status, body)
	}
}

func TestMethods(t *testing.T) {
	h := newHouse(t)
	for path, method := range map[string]string{cronPath: "DELETE", windowPath: "GET", processPath: "PUT", searchPath: "DELETE"} {
		if status, body := h.call(method, path, ""); status != http.StatusMethodNotAllowed {
			t.Errorf("%s %s: %d %s", method, path, status, body)
		}
	}
	if status, body := h.call("GET", "/healthz", ""); status != 200 || body != "ok\n" {
		t.Errorf("healthz: %d %s", status, body)
	}
	if status, body := h.call("GET", "/api", ""); status != 200 || body != "Hello world!" {
		t.Errorf("api: %d %s", status, body)
	}
	if status, _ := h.call("GET", "/nothing", ""); status != 404 {
		t.Errorf("an unknown path: %d", status)
	}
}

// token signs a token for an account.
func token(t *testing.T, account string, expires time.Time) string {
	t.Helper()
	v, err := identity.New(identity.Config{Secret: secret, Claim: "account"})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := v.Sign(account, expires)
	if err != nil {
		t.Fatal(err)
	}
	return "Bearer " + signed
}

func TestSearchFiltersTenantsAndSaysHowFresh(t *testing.T) {
	h := newHouse(t)
	right := token(t, "acme", time.Now().Add(time.Hour))
	for name, c := range map[string]struct {
		header, query string
		want          int
	}{
		"no token":          {"", "", 401},
		"expired":           {token(t, "acme", time.Now().Add(-time.Hour)), "", 401},
		"no account":        {token(t, "", time.Now().Add(time.Hour)), "", 403},
		"unknown parameter": {right, "?filters=account:other", 400},
		"right":             {right, "?query=shoe", 200},
	} {
		if status, body := h.call("GET", searchPath+c.query, "", "Authorization", c.header); status != c.want {
			t.Errorf("%s: %d %s, want %d", name, status, body, c.want)
		}
	}
	freshness := func() (asOf *time.Time, stale bool) {
		t.Helper()
		_, body := h.call("GET", searchPath, "", "Authorization", right)
		var a struct {
			AsOf  *time.Time
			Stale bool
		}
		if err := json.Unmarshal([]byte(body), &a); err != nil {
			t.Fatal(body, err)
		}
		return a.AsOf, a.Stale
	}
	if asOf, stale := freshness(); asOf != nil || !stale {
		t.Errorf("never synced: as of %v, stale %v", asOf, stale)
	}
	if status, body := h.send("PUT", h.index+"/1/indexes/es_prod/settings", "{}", "X-Algolia-Application-Id", "APP", "X-Algolia-API-Key", "admin"); status != 200 {
		t.Fatal(status, body)
	}
	if _, err := h.db.Exec("INSERT INTO order_return_algolia_sync (job_type, date_range_end) VALUES ('RETURN_JOB', NOW(6))"); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Minute) // what was read is remembered for a few seconds
	for {
		asOf, stale := freshness()
		if asOf != nil && !stale {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("as of %v, stale %v long after a run closed", asOf, stale)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// TestAnotherTenantIsNeverSeen has accounts in one index that differ in case
// alone, which a filter of the index does not distinguish.
func TestAnotherTenantIsNeverSeen(t *testing.T) {
	h := newHouse(t)
	admin := []string{"X-Algolia-Application-Id", "APP", "X-Algolia-API-Key", "admin"}
	at := h.index + "/1/indexes/es_prod/"
	if status, body := h.send("PUT", at+"settings", `{"attributesForFaceting":["filterOnly(account)","filterOnly(accountKey)","status"],"searchableAttributes":["note"]}`, admin...); status != 200 {
		t.Fatal(status, body)
	}
	accounts := []string{"acme", "Acme", "ACME", "acme2", "other"}
	for i, account := range accounts {
		record := fmt.Sprintf(`{"objectID":"R%d-1","account":"%s","accountKey":"a%x","status":"LOST","note":"shoe"}`, i, account, account)
		if status, body := h.send("PUT", fmt.Sprintf("%sR%d-1", at, i), record, admin...); status != 200 {
			t.Fatal(status, body)
		}
	}
	for _, account := range accounts {
		for _, query := range []string{"", "?query=shoe", "?hitsPerPage=100"} {
			status, body := h.call("GET", searchPath+query, "", "Authorization", token(t, account, time.Now().Add(time.Hour)))
			if status != 200 || !strings.Contains(body, `"account":"`+account+`"`) {
				t.Errorf("%s%s: %d %s, want its own record", account, query, status, body)
			}
			for _, other := range accounts {
				if other != account && strings.Contains(body, `"account":"`+other+`"`) {
					t.Errorf("%s%s sees a record of %s: %s", account, query, other, body)
				}
			}
		}
	}
}

// TestBrokenQueryIsNotDropped sends a filter whose escaping is broken. Read
// leniently it vanishes, and the answer is wider than what was asked for.
func TestBrokenQueryIsNotDropped(t *testing.T) {
	h := newHouse(t)
	right := token(t, "acme", time.Now().Add(time.Hour))
	for _, query := range []string{"?filter=status:LOST%ZZ", "?page=0;filter=status:LOST"} {
		if status, body := h.call("GET", searchPath+query, "", "Authorization", right); status != 400 {
			t.Errorf("%s: %d %s, want 400", query, status, body)
		}
	}
}

func TestUnknownTarget(t *testing.T) {
	_, err := server.Handler(t.Context(), environment(complete("u@tcp(127.0.0.1:1)/d", "http://127.0.0.1:1")), server.Config{Target: "NoSuchFunction"})
	if err == nil || !strings.Contains(err.Error(), "ReturnsCron") || !strings.Contains(err.Error(), "NoSuchFunction") {
		t.Errorf("error %v: want the target and the names to choose from", err)
	}
}

// TestMissingConfiguration opens nothing but says all that is missing.
func TestMissingConfiguration(t *testing.T) {
	vars := map[string]string{"ALGOLIA_WRITE_KEY": "s3cret-key", "DB_MAX_CONNECTIONS": "s3cret-many"}
	err := server.Run(t.Context(), environment(vars), nil)
	if err == nil {
		t.Fatal("it serves without a configuration")
	}
	for _, name := range []string{"SOURCE_DSN", "TASKS_LOCATION", "ALGOLIA_APP_ID", "ALGOLIA_SEARCH_KEY", "STATE_DSN", "DB_MAX_CONNECTIONS"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named", name)
		}
	}
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("a value is shown: %v", err)
	}
}

func TestPortInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	vars := complete("u@tcp(127.0.0.1:1)/d", "http://127.0.0.1:1")
	_, vars["PORT"], _ = net.SplitHostPort(taken.Addr().String())
	err = server.Run(t.Context(), environment(vars), nil)
	if err == nil || !strings.Contains(err.Error(), vars["PORT"]) || !strings.Contains(err.Error(), "PORT") {
		t.Errorf("error %v", err)
	}
}

// TestDrain ends the program while a search waits for a slow index: the search
// is answered, the program ends without an error, and nobody else gets in.
func TestDrain(t *testing.T) {
	arrived, release := make(chan struct{}, 100), make(chan struct{})
	index := algolia.New(algolia.Options{PublishDelay: -1})
	defer func() { _ = index.Close() }()
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-release
		index.ServeHTTP(w, r)
	}))
	defer slow.Close()
	// Search asks the index only when the database has said which one is live.
	dsn := localdbtest.New(t)
	db, err := environment(complete(dsn, slow.URL)).Store(wire.Databases{SourceDSN: dsn, MaxConnections: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	vars := complete(dsn, slow.URL)
	vars["FUNCTION_TARGET"] = "SearchOrderReturnIndexData"
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ready, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() { ended <- server.Run(ctx, environment(vars), func(a net.Addr) { ready <- a }) }()
	var address string
	select {
	case a := <-ready:
		address = a.String()
	case err := <-ended:
		t.Fatal(err)
	}
	status := make(chan int, 1)
	go func() {
		req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://"+address+"/", nil)
		req.Header.Set("Authorization", token(t, "acme", time.Now().Add(time.Hour)))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			status <- 0
			return
		}
		_ = res.Body.Close()
		status <- res.StatusCode
	}()
	<-arrived
	stop()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", address)
		if err != nil {
			break
		}
		_ = c.Close()
		if time.Now().After(deadline) {
			t.Fatal("it still takes connections")
		}
	}
	close(release)
	if got := <-status; got != http.StatusOK {
		t.Errorf("the request under way ended with %d", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("Run = %v", err)
	}
}
