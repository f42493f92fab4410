package server_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/server"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/tasks"
)

// TestAllFunctionsForEverybody serves all functions at one address that others can
// reach only where that is said.
func TestAllFunctionsForEverybody(t *testing.T) {
	for name, c := range map[string]struct {
		target, host string
		all, ok      bool
	}{
		"all, to everybody":              {"", "", false, false},
		"all, on every address":          {"", "0.0.0.0", false, false},
		"all, on every address of IPv6":  {"", "::", false, false},
		"all, on an address":             {"", "10.1.2.3", false, false},
		"all, by a name":                 {"", "localhost.example.com", false, false},
		"all, on this machine":           {"", "127.0.0.1", false, true},
		"all, on another loopback":       {"", "127.1.2.3", false, true},
		"all, on this machine by IPv6":   {"", "::1", false, true},
		"all, on this machine by name":   {"", "localhost", false, true},
		"all, to everybody, as was said": {"", "", true, true},
		"one, to everybody":              {"ReturnsCron", "", false, true},
	} {
		err := server.Config{Target: c.target, Host: c.host, ServeAll: c.all, TimeoutSeconds: 1, DrainSeconds: 1}.Check()
		if (err == nil) != c.ok || err != nil && (!strings.Contains(err.Error(), "SERVE_ALL") || !strings.Contains(err.Error(), "ReturnsCron")) {
			t.Errorf("%s: %v", name, err)
		}
	}
	vars := complete("u@tcp(127.0.0.1:1)/d", "http://127.0.0.1:1")
	delete(vars, "HOST")
	err := server.Run(t.Context(), environment(vars), func(net.Addr) { t.Error("it serves") })
	if err == nil || !strings.Contains(err.Error(), "SERVE_ALL") {
		t.Errorf("all functions for everybody: %v", err)
	}
}

// calledByServices are the functions that queues or the scheduler call.
var calledByServices = map[string]bool{
	"ReturnsCron": true, "ReturnUpdatedTaskQueue": true, "ReturnUpdateProcessingQueue": true,
	"VerifyReturns": true, "WatchSyncs": true, "ReconcileSchedules": true, "FetchReports": true, "SyncPartners": true, "WorkTransfers": true,
}

// TestCallersHaveToBeConfigured opens each function in each kind of place with each
// kind of settings.
func TestCallersHaveToBeConfigured(t *testing.T) {
	cloud := map[string]string{"HOST": "", "K_SERVICE": "return-sync-x"}
	outside := map[string]string{"HOST": ""}
	inside := map[string]string{"HOST": "127.0.0.1"}
	named := map[string]string{"CALLER_AUDIENCE": "https://x.example", "CALLER_EMAILS": "a@b.c"}
	for name, c := range map[string]struct {
		vars []map[string]string
		want string // in the error; empty for none
	}{
		"the cloud, nothing said":            {[]map[string]string{cloud}, "CALLER_AUDIENCE and CALLER_EMAILS are missing"},
		"the cloud, on loopback":             {[]map[string]string{cloud, inside}, "CALLER_AUDIENCE and CALLER_EMAILS are missing"},
		"the cloud, no account":              {[]map[string]string{cloud, {"CALLER_AUDIENCE": "https://x.example"}}, "CALLER_EMAILS is missing"},
		"the cloud, no audience":             {[]map[string]string{cloud, {"CALLER_EMAILS": "a@b.c"}}, "CALLER_AUDIENCE is missing"},
		"the cloud":                          {[]map[string]string{cloud, named}, ""},
		"the cloud, signatures checked":      {[]map[string]string{cloud, named, {"CALLER_SIGNATURE_BY_PLATFORM": "true"}}, ""},
		"the cloud, opted out":               {[]map[string]string{cloud, {"CALLER_UNCHECKED": "true"}}, ""},
		"the cloud, both":                    {[]map[string]string{cloud, named, {"CALLER_UNCHECKED": "true"}}, "CALLER_UNCHECKED contradicts"},
		"the cloud, an issuer of tests":      {[]map[string]string{cloud, named, {"CALLER_ISSUER": "http://127.0.0.1:5"}}, "CALLER_ISSUER"},
		"the cloud, keys of tests":           {[]map[string]string{cloud, named, {"CALLER_JWKS_URL": "http://localhost:5/keys"}}, "CALLER_JWKS_URL"},
		"reachable, nothing said":            {[]map[string]string{outside}, "CALLER_AUDIENCE and CALLER_EMAILS are missing"},
		"reachable, signatures checked":      {[]map[string]string{outside, named, {"CALLER_SIGNATURE_BY_PLATFORM": "true"}}, "CALLER_SIGNATURE_BY_PLATFORM is for Cloud Run"},
		"reachable, an issuer of tests":      {[]map[string]string{outside, named, {"CALLER_JWKS_URL": "http://[::1]:5/keys"}}, "CALLER_JWKS_URL"},
		"reachable":                          {[]map[string]string{outside, named}, ""},
		"this machine, nothing said":         {[]map[string]string{inside}, ""},
		"this machine, an issuer of tests":   {[]map[string]string{inside, named, {"CALLER_ISSUER": "http://127.0.0.1:5", "CALLER_JWKS_URL": "http://127.0.0.1:5/keys"}}, ""},
		"this machine, keys in the clear":    {[]map[string]string{inside, named, {"CALLER_JWKS_URL": "http://example.com/keys"}}, "https"},
		"this machine, settings cannot read": {[]map[string]string{inside, {"CALLER_UNCHECKED": "perhaps"}}, "CALLER_UNCHECKED"},
	} {
		vars := complete("u@tcp(127.0.0.1:1)/d", "http://127.0.0.1:1")
		for _, more := range c.vars {
			maps.Copy(vars, more)
		}
		for _, f := range server.Functions() {
			e := environment(vars)
			_, err := f.Serve(t.Context(), e)
			_ = e.Close()
			want := c.want
			if !calledByServices[f.Name] {
				want = ""
			}
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %s: %v, want %q", name, f.Name, err, want)
			}
		}
	}
}

// TestKeysOfTestsStayOnThisMachine refuses every address of keys that is on this
// machine where others can reach the process.
func TestKeysOfTestsStayOnThisMachine(t *testing.T) {
	for _, setting := range []string{"SEARCH_JWKS_URL", "OPERATOR_JWKS_URL", "CONSOLE_IAP_JWKS_URL"} {
		for host, ok := range map[string]bool{"": false, "127.0.0.1": true} {
			vars := complete("u@tcp(127.0.0.1:1)/d", "http://127.0.0.1:1")
			maps.Copy(vars, map[string]string{"HOST": host, setting: "http://127.0.0.1:1/keys", "CONSOLE_IAP_AUDIENCE": "/projects/1", "CALLER_UNCHECKED": "true"})
			var problems []error
			for _, f := range server.Functions() {
				e := environment(vars)
				_, err := f.Serve(t.Context(), e)
				problems = append(problems, err, e.Close())
			}
			if err := errors.Join(problems...); (err == nil) != ok || err != nil && !strings.Contains(err.Error(), setting) {
				t.Errorf("%s with HOST %q: %v", setting, host, err)
			}
		}
	}
}

// TestEveryDoorAsksWhoCalls calls each path of each function without a token,
// with others' tokens and with the right one.
func TestEveryDoorAsksWhoCalls(t *testing.T) {
	queue := tasks.New(tasks.Options{OIDCIssuer: "http://issuer.test"})
	t.Cleanup(func() { _ = queue.Close() })
	keys := httptest.NewServer(queue.Control())
	t.Cleanup(keys.Close)
	sign := func(account, audience string) string {
		token, err := queue.IdentityToken(account, audience)
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + token
	}
	vars := complete("u@tcp(127.0.0.1:1)/d", "http://127.0.0.1:1")
	maps.Copy(vars, map[string]string{"CALLER_AUDIENCE": "https://us.example", "CALLER_EMAILS": "queue@p.iam", "CALLER_ISSUER": "http://issuer.test", "CALLER_JWKS_URL": keys.URL + "/tokens/jwks", "WINGS": "reports,exchange,transfer"})
	var log strings.Builder
	e := &wire.Env{Lookup: envconfig.MapLookuper(vars), Log: slog.New(slog.NewTextHandler(&log, nil)), Wings: wings.All()}
	h, err := server.Handler(t.Context(), e, server.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	refused := 0
	for _, f := range server.Functions() {
		if f.ByServices != calledByServices[f.Name] {
			t.Errorf("%s is called by services: %v", f.Name, f.ByServices)
		}
		for _, path := range f.Paths() {
			for name, c := range map[string]struct {
				token string
				want  int
			}{
				"nobody": {"", 401}, "another service's call": {sign("queue@p.iam", "https://other.example"), 401},
				"another account": {sign("other@p.iam", "https://us.example"), 403}, "a searcher": {token(t, "acme", time.Now().Add(time.Hour)), 401},
				"the queue": {sign("queue@p.iam", "https://us.example"), 0},
			} {
				for _, method := range []string{http.MethodPost, http.MethodGet} {
					status := answerOf(t, h, method, path, c.token)
					passes := status != 401 && status != 403
					switch {
					case f.ByServices && (passes != (c.want == 0) || !passes && status != c.want):
						t.Errorf("%s %s by %s: %d, want %d", method, path, name, status, c.want)
					case !passes && f.ByServices:
						refused++
					case !f.ByServices && name == "nobody" && passes && status < 300 && !strings.Contains(path, "onsole"):
						t.Errorf("%s %s by %s: %d", method, path, name, status)
					}
				}
			}
		}
	}
	if n := strings.Count(log.String(), `msg="a caller was refused"`); n != refused || n == 0 {
		t.Errorf("%d refusals, %d in the log", refused, n)
	}
	if strings.Contains(log.String(), "eyJ") {
		t.Error("a token is in the log")
	}
}

// answerOf returns the status of a request whose work ends at once.
func answerOf(t *testing.T, h http.Handler, method, path, token string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader("{}"))
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}
