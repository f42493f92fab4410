package search

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
	format "gitlab.com/eshopbox-team/return-sync/shared/sync/record"
)

// direct asks the index itself, as a browser with a key does.
func (w *world) direct(t *testing.T, method, path, body, key string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, w.index.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Algolia-Application-Id", "APP")
	req.Header.Set("X-Algolia-API-Key", key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// newKey asks for a key.
func (w *world) newKey(t *testing.T) search.Key {
	t.Helper()
	r := w.call(t, http.MethodPost, "/key", "", token(t, own, nil))
	var k search.Key
	if err := json.Unmarshal([]byte(r.body), &k); err != nil || r.status != http.StatusOK || k.APIKey == "" || k.AppID != "APP" {
		t.Fatalf("%d %s: %v", r.status, r.body, err)
	}
	return k
}

// TestKeyStaysInsideTheTenantFilter uses a key at the index itself with every filter of
// the escape suite.
func TestKeyStaysInsideTheTenantFilter(t *testing.T) {
	w := newWorld(t, nil)
	k := w.newKey(t)
	if !k.ValidUntil.Equal(clock.Add(time.Minute)) || len(k.IndexNames) != 3 {
		t.Errorf("%+v", k)
	}
	answered := 0
	for _, f := range append([]string{""}, filterAttempts...) {
		for path, body := range map[string]string{
			"/1/indexes/es_prod/query":                quoted(map[string]any{"filters": f, "hitsPerPage": 1000}),
			"/1/indexes/*/queries":                    `{"requests":[{"indexName":"es_prod_updatedAt_desc","hitsPerPage":1000,"filters":` + quoted(f) + `}]}`,
			"/1/indexes/es_prod/facets/courier/query": quoted(map[string]any{"filters": f, "facetQuery": ""}),
		} {
			status, answer := w.direct(t, http.MethodPost, path, body, k.APIKey)
			if strings.Contains(answer, canary) {
				t.Fatalf("%.100s %s: %.300s", f, path, answer)
			}
			if status == http.StatusOK {
				answered++
			}
		}
	}
	if answered < 50 {
		t.Errorf("only %d answers: the key is no good", answered)
	}
}

func TestKeyIsRestricted(t *testing.T) {
	w := newWorld(t, nil)
	k := w.newKey(t)
	decoded, err := base64.StdEncoding.DecodeString(k.APIKey)
	if err != nil {
		t.Fatal(err)
	}
	widened := base64.StdEncoding.EncodeToString([]byte(strings.Replace(string(decoded), format.AccountKey(own), format.AccountKey(rival), 1)))
	bare := base64.StdEncoding.EncodeToString(decoded[:64])
	for name, c := range map[string]struct{ method, path, body, key string }{
		"another index": {http.MethodPost, "/1/indexes/orders/query", "{}", k.APIKey},
		"writing":       {http.MethodPost, "/1/indexes/es_prod", "{}", k.APIKey},
		"settings":      {http.MethodGet, "/1/indexes/es_prod/settings", "", k.APIKey},
		"browsing":      {http.MethodPost, "/1/indexes/es_prod/browse", "{}", k.APIKey},
		"keys":          {http.MethodGet, "/1/keys", "", k.APIKey},
		"indices":       {http.MethodGet, "/1/indexes", "", k.APIKey},
		"widened":       {http.MethodPost, "/1/indexes/es_prod/query", "{}", widened},
		"bare":          {http.MethodPost, "/1/indexes/es_prod/query", "{}", bare},
	} {
		if status, answer := w.direct(t, c.method, c.path, c.body, c.key); status != http.StatusForbidden {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
	w.setNow(clock.Add(2 * time.Minute))
	if status, answer := w.direct(t, http.MethodPost, "/1/indexes/es_prod/query", "{}", k.APIKey); status != http.StatusForbidden {
		t.Errorf("expired: %d %s", status, answer)
	}
}

func TestKeysCanBeTurnedOff(t *testing.T) {
	w := newWorld(t, func(s *wire.Search) { s.Limits.KeyTTL = 0 })
	if r := w.call(t, http.MethodPost, "/key", "", token(t, own, nil)); r.status != http.StatusNotFound {
		t.Errorf("%d %s", r.status, r.body)
	}
}
