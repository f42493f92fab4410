package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sethvargo/go-envconfig"

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
// facets by hand: status, plain verify, the alerts and what searches go by say so
// at the next check, and are green again after the remedy that they name.
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
			x, _, err := s.Store.KeptIndex(t.Context(), "returns")
			if asOf, wrong := s.Store.AsOf(t.Context(), "RETURN_JOB"); err != nil || wrong != nil || !staleBy(x, asOf) {
				t.Errorf("searches look fresh: %+v, %v, %v", x, err, wrong)
			}
			call(t, d, strings.Fields(c.remedy)...).expect(t, exitOK, nil, nil)
			call(t, d, "status").expect(t, exitOK, []string{"All is well."}, nil)
			watched(t, s, false)
		})
	}
}

// staleBy judges as the search function does.
func staleBy(x *judge.Index, asOf *time.Time) bool {
	return nightLimits().Stale(x.At, judge.Entity{Name: "returns", Watermark: asOf, Plan: judge.Every(15 * time.Minute), Index: x})
}
