package search

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestRulesDoNotShowOthersRecords has the index promote a record of the other tenant past
// the filter, always and by a context that the caller names: the caller never sees it, nor
// a count of it.
func TestRulesDoNotShowOthersRecords(t *testing.T) {
	w := newWorld(t, nil)
	rival := secretIDs().Of(canary + "-60")
	for name, condition := range map[string]string{"always": "", "context": `"conditions":[{"context":"mobile"}],`} {
		rule := fmt.Sprintf(`[{"objectID":%q,%s"consequence":{"promote":[{"objectID":%q,"position":0}],"userData":{"of":"%s"}}}]`, name, condition, rival, canary)
		if status, text := w.direct(t, http.MethodPost, "/1/indexes/es_prod/rules/batch?clearExistingRules=true", rule, adminID); status != http.StatusOK {
			t.Fatal(text)
		}
		for saved := ""; !strings.Contains(saved, `"objectID":"`+name+`"`); {
			_, saved = w.direct(t, http.MethodPost, "/1/indexes/es_prod/rules/search", `{}`, adminID)
		}
		for params, hits := range map[string]int{
			`{"hitsPerPage":100,"facets":["*"]}`: 60, `{"hitsPerPage":100,"ruleContexts":["mobile"],"facets":["returnId"]}`: 60, `{"offset":0,"length":100}`: 60, `{"query":"red","hitsPerPage":1}`: 1,
			`{"hitsPerPage":100,"ruleContexts":["mobile"],"getRankingInfo":true,"responseFields":["*"],"filters":"status:LOST"}`: 20,
		} {
			body := `{"requests":[{"indexName":"returns","params":` + params + `}]}`
			r := w.call(t, http.MethodPost, "/", body, token(t, own, nil))
			if what := leak(attempt{body: body}, r); what != "" || strings.Contains(r.body, "_rankingInfo") || strings.Contains(r.body, "appliedRules") {
				t.Errorf("%s, %s: %s %.600s", name, params, what, r.body)
			}
			if got := len(r.results(t)[0]["hits"].([]any)); got > hits || name == "context" && got != hits {
				t.Errorf("%s, %s: %d hits, want %d", name, params, got, hits)
			}
		}
	}
}
