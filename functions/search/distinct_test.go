package search

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	writer "gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
	format "gitlab.com/eshopbox-team/return-sync/shared/sync/record"
)

// sameReturn adds the items of one return to the index, some of ours and one of
// the rival's, whose return has the same number.
func (w *world) sameReturn(t *testing.T) {
	t.Helper()
	client, err := writer.New(writer.Config{AppID: "APP", WriteKey: adminID, URL: w.index.URL, BatchRecords: 1000, BatchBytes: 1 << 22, Senders: 1, Attempts: 1, WriteTimeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	var ops []destination.Op
	for i, account := range []string{own, own, own, rival} {
		id := fmt.Sprint("same-", i)
		body := fmt.Sprintf(`{"objectID":%q,"account":%q,"accountKey":%q,"returnId":9001,"statusAt":%d,"status":"LOST"}`, id, account, format.AccountKey(account), i)
		ops = append(ops, destination.Op{ID: id, Body: []byte(body)})
	}
	pushed, err := client.Push(t.Context(), w.parts.Schema.Index, ops)
	if err == nil {
		err = client.Wait(t.Context(), w.parts.Schema.Index, pushed.TaskID)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestDistinct asks for one hit a return: when the caller wants it, and when the
// configuration makes it the rule.
func TestDistinct(t *testing.T) {
	const items, returns = ownRecords + 3, ownRecords + 1
	cases := map[bool]map[string]int{
		false: {"": items, "true": returns, "false": items, "1": returns, "2": returns, "0": items},
		true:  {"": returns, "true": returns, "false": items, "1": returns, "0": items},
	}
	for rule, asked := range cases {
		w := newWorld(t, func(s *wire.Search) { s.Schema.Distinct = rule })
		w.sameReturn(t)
		for value, want := range asked {
			query, params := "hitsPerPage=100", "{}"
			if value != "" {
				query, params = query+"&distinct="+value, `{"distinct":`+value+`}`
			}
			if a, r := w.get(t, query); r.status != http.StatusOK || a.NbHits != want {
				t.Errorf("rule %v, GET distinct=%s: %d, %d hits, want %d", rule, value, r.status, a.NbHits, want)
			}
			for _, index := range []string{"returns", "returns_updatedAt_desc"} {
				r := w.call(t, http.MethodPost, "/", `{"requests":[{"indexName":"`+index+`","params":`+params+`}]}`, token(t, own, nil))
				if got := r.results(t)[0]["nbHits"]; got != float64(want) {
					t.Errorf("rule %v, POST %s distinct=%s: %v hits, want %d", rule, index, value, got, want)
				}
			}
		}
		r := w.call(t, http.MethodPost, "/", `{"requests":[{"indexName":"returns","type":"facet","facet":"courier","params":{"facetQuery":"blu"}}]}`, token(t, own, nil))
		if r.status != http.StatusOK || strings.Contains(r.body, canary) {
			t.Errorf("rule %v, values of a facet: %d %s", rule, r.status, r.body)
		}
		var echoed struct{ Results []struct{ Params string } }
		r = w.call(t, http.MethodPost, "/", `{"requests":[{"indexName":"returns"}]}`, token(t, own, nil))
		if err := json.Unmarshal([]byte(r.body), &echoed); err != nil || echoed.Results[0].Params != "" {
			t.Errorf("rule %v: the answer repeats %q, which the caller did not send", rule, echoed.Results[0].Params)
		}
	}
}

// TestDistinctIsRefused says what is wrong with it.
func TestDistinctIsRefused(t *testing.T) {
	w := newWorld(t, nil)
	for _, query := range []string{"distinct=5", "distinct=yes", "distinct=true&distinct=true", "distinct="} {
		if a, r := w.get(t, query); r.status != http.StatusBadRequest || a.Error.Param != "distinct" {
			t.Errorf("%s: %d %s", query, r.status, r.body)
		}
	}
}
