package rehearsal

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/search/portal"
)

// call sends a request to the front.
func (s *Stack) call(t *testing.T, method, path, body, token string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.front.address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
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

// TestPortalPage does what the page does: it asks whom to search as, and
// searches in each order that the service offers.
func TestPortalPage(t *testing.T) {
	s := start(t, Options{Every: time.Hour})
	if status, body := s.call(t, http.MethodGet, "/", "", ""); status != http.StatusOK || !strings.Contains(body, "portal.js") {
		t.Errorf("the page: %d", status)
	}
	var cfg portal.Config
	if _, body := s.call(t, http.MethodGet, "/portal.json", "", ""); json.Unmarshal([]byte(body), &cfg) != nil || len(cfg.Tenants) < 2 {
		t.Fatalf("%s", body)
	}
	for _, tenant := range cfg.Tenants[:2] {
		for _, o := range append([]string{""}, "_updatedAt_desc", "_createdAt_asc", "_refund.amountMinor_desc") {
			status, body := s.call(t, http.MethodPost, cfg.Search, `{"requests":[{"indexName":"`+cfg.Index+o+`","params":{"hitsPerPage":100}}]}`, tenant.Token)
			var answer struct {
				Results []struct{ Hits []struct{ Account string } }
				Stale   bool
			}
			if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK || answer.Stale || len(answer.Results[0].Hits) == 0 {
				t.Fatalf("%s%s: %d %.300s", tenant.Account, o, status, body)
			}
			for _, hit := range answer.Results[0].Hits {
				if hit.Account != tenant.Account {
					t.Errorf("%s sees a record of %s", tenant.Account, hit.Account)
				}
			}
		}
	}
}
