package main

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
)

// askIndex sends a request to the index emulator as its administrator.
func askIndex(t *testing.T, s *rehearsal.Stack, method, path, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.AlgoliaURL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Algolia-Application-Id", rehearsal.AppID)
	req.Header.Set("X-Algolia-API-Key", rehearsal.AdminKey)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if answer, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, answer)
	}
}

// watched waits until a round of the watch function says so about the index.
func watched(t *testing.T, s *rehearsal.Stack, wrong bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL("WatchSyncs"), nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := s.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if strings.Contains(string(body), "the index is not what it should be") == wrong && res.StatusCode == http.StatusOK {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("index wrong: want %v, got %s", wrong, body)
		}
	}
}

// TestAnIndexThatWasChangedByHandIsNeverGreen empties the index and its list of
// facets by hand: status, doctor, plain verify, the console, the alerts and the
// search function report it at the next check, and are green again after the remedy
// that they name.
func TestAnIndexThatWasChangedByHandIsNeverGreen(t *testing.T) {
	s, d := stack(t, 60, rehearsal.Options{Every: time.Hour})
	known := env{"ALGOLIA_ADMIN_KEY": rehearsal.AdminKey}
	d.env = envconfig.MultiLookuper(envconfig.MapLookuper(known), d.env)
	watched(t, s, false)
	call(t, d, "status").expect(t, exitOK, []string{"All is well."}, nil)
	for _, c := range []struct{ name, method, path, body, says, remedy string }{
		{"emptied", http.MethodPost, "/1/indexes/es_prod/clear", "", "returns: the index has 0 records", "repair --deep --wait --entity returns"},
		{"no facets", http.MethodPut, "/1/indexes/es_prod/settings", `{"attributesForFaceting":[]}`, "attributesForFaceting", "settings push --entity returns"},
	} {
		t.Run(c.name, func(t *testing.T) {
			askIndex(t, s, c.method, c.path, c.body)
			r := call(t, d, "status")
			for deadline := time.Now().Add(time.Minute); r.code == exitOK && time.Now().Before(deadline); {
				r = call(t, d, "status") // the emulator publishes a change a moment later
			}
			r.expect(t, exitAttention, []string{c.says, "returnsync " + c.remedy}, nil)
			call(t, d, "verify").expect(t, exitAttention, nil, []string{strings.TrimPrefix(c.says, "returns: ")})
			watched(t, s, true)
			if r := call(t, d, "doctor"); !strings.Contains(r.out, c.says) {
				t.Errorf("doctor does not say %q:\n%s", c.says, r.out)
			}
			shows(t, s, c.says, true)
			stale(t, s, true)
			call(t, d, strings.Fields(c.remedy)...).expect(t, exitOK, nil, nil)
			call(t, d, "status").expect(t, exitOK, []string{"All is well."}, nil)
			watched(t, s, false)
			shows(t, s, c.says, false)
			stale(t, s, false)
		})
	}
}

// answered sends a request with a token until its answer is as wanted.
func answered(t *testing.T, url, token string, wanted func(body string) bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode == http.StatusOK && wanted(string(body)) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %d %s", url, res.StatusCode, body)
		}
	}
}

// shows waits until the console's report says a problem, or says it no more.
func shows(t *testing.T, s *rehearsal.Stack, problem string, want bool) {
	t.Helper()
	token, err := s.Operator()
	if err != nil {
		t.Fatal(err)
	}
	answered(t, s.ConsoleURL()+"/state", token, func(body string) bool {
		var v struct {
			View struct{ Report health.Report }
		}
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			t.Fatal(err)
		}
		found := slices.ContainsFunc(v.View.Report.Attention, func(f judge.Finding) bool { return strings.Contains(f.Entity+": "+f.Problem, problem) })
		return found == want
	})
}

// stale waits until the search function calls its answers stale, or fresh again.
func stale(t *testing.T, s *rehearsal.Stack, want bool) {
	t.Helper()
	token, err := s.Identity.Sign("acme", time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	answered(t, s.URL("SearchOrderReturnIndexData")+"?query=", token, func(body string) bool {
		var v struct{ Stale *bool }
		if err := json.Unmarshal([]byte(body), &v); err != nil || v.Stale == nil {
			t.Fatal(err, body)
		}
		return *v.Stale == want
	})
}
