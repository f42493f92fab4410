package search

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

// ranged is a result as a slider reads it.
type ranged struct {
	NbHits, Offset, Length int
	Page                   *int
	Hits                   []struct{ ReturnID int }
	Facets                 map[string]map[string]int
	Stats                  map[string]struct{ Min, Max, Avg, Sum float64 } `json:"facets_stats"`
}

// ranges sends requests and decodes their results.
func (w *world) ranges(t *testing.T, requests string) []ranged {
	t.Helper()
	r := w.call(t, http.MethodPost, "/", `{"requests":[`+requests+`]}`, token(t, own, nil))
	var out struct{ Results []ranged }
	if err := json.Unmarshal([]byte(r.body), &out); err != nil || r.status != http.StatusOK {
		t.Fatalf("%d %s: %v", r.status, r.body, err)
	}
	return out.Results
}

// TestSlidersReadTheirRange asks as RangeInput does: the range of the caller's own
// records, within the filter and of the whole.
func TestSlidersReadTheirRange(t *testing.T) {
	w := newWorld(t, nil)
	results := w.ranges(t, `{"indexName":"returns","params":{"facets":["refund.amountMinor","status"],"numericFilters":["refund.amountMinor>=10000","refund.amountMinor<=20000"],"hitsPerPage":0}},
		{"indexName":"returns","params":{"facets":"refund.amountMinor","hitsPerPage":0,"page":0}},{"indexName":"es_prod","facets":["*"],"hitsPerPage":0},
		{"indexName":"returns","params":{"facets":["returnId"],"facetFilters":[["returnId:7","returnId:8","returnId:61"]]}}`)
	within, whole, all, picked := results[0], results[1], results[2], results[3]
	if s := within.Stats["refund.amountMinor"]; s.Min != 10000 || s.Max != 20000 || s.Avg != 15000 || s.Sum != 165000 || within.NbHits != 11 || within.Facets["status"]["LOST"] != 3 {
		t.Errorf("within: %+v", within)
	}
	if s := whole.Stats["refund.amountMinor"]; s.Min != 0 || s.Max != 59000 || len(whole.Facets["refund.amountMinor"]) != 60 {
		t.Errorf("whole: %+v", whole)
	}
	if s := all.Stats["returnId"]; s.Max != 59 || s.Sum != 59*60/2 || len(all.Facets["status"]) != 3 || all.Facets["account"] != nil || len(all.Stats) != 4 {
		t.Errorf("all: %+v", all)
	}
	if picked.NbHits != 2 || picked.Facets["returnId"]["7"] != 1 {
		t.Errorf("picked: %+v", picked)
	}
}

// TestOffsets holds ranges of hits to the records' numbers.
func TestOffsets(t *testing.T) {
	w := newWorld(t, nil)
	for params, want := range map[string]string{
		`"offset":5,"length":3`: "5 6 7", `"offset":58,"length":100`: "58 59", `"offset":59`: "59", `"length":2`: "0 1", `"page":7,"hitsPerPage":9,"offset":"1","length":"2"`: "1 2", `"offset":60`: "", `"length":0`: "",
	} {
		r := w.ranges(t, `{"indexName":"returns_refund.amountMinor_asc",`+params+`}`)[0]
		var ids []string
		for _, h := range r.Hits {
			ids = append(ids, fmt.Sprint(h.ReturnID))
		}
		if got := strings.Join(ids, " "); got != want || r.NbHits != 60 || r.Page != nil {
			t.Errorf("%s: %s of %+v, want %s", params, got, r, want)
		}
	}
}

// TestFiftyQueries sends the largest batch, and one that the account's allowance never
// admits.
func TestFiftyQueries(t *testing.T) {
	few := newWorld(t, func(s *wire.Search) { s.Limits.Burst, s.Limits.Rate = 20, 0.001 })
	for _, c := range []struct {
		w         *world
		n, status int
	}{{newWorld(t, nil), 50, 200}, {newWorld(t, nil), 51, 400}, {few, 21, 400}, {few, 19, 200}} {
		r := c.w.call(t, http.MethodPost, "/", many(c.n, 1), token(t, own, nil))
		if _, param := r.problem(); r.status != c.status || c.status == 400 && param != "requests" {
			t.Errorf("%d: %d %.300s", c.n, r.status, r.body)
		}
		if c.status == 200 && len(r.results(t)) != c.n {
			t.Errorf("%d: %d results", c.n, len(r.results(t)))
		}
	}
}
