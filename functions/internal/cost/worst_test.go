package cost_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// most is the figure to hold, in MiB: half of what Terraform gives.
const most = 256

// The search over loads; see the package comment.
var (
	steps = flag.Int("steps", 0, "how many changes of the worst load to try")
	seed  = flag.Uint64("seed", 1, "what the changes are drawn by")
	given = flag.String("program", "", "a server that was built before, instead of this one's")
)

// load is what is asked at once. Whatever of it the bounds do not allow is refused,
// and costs what a refusal costs.
type load struct {
	Requests   int    // at once
	Rounds     int    // one after the other, at each place
	Queries    int    // of a request
	Hits       int    // of a query
	Record     int    // bytes of a record, one of recordSizes
	Highlight  string // none, all, or long: with tags as long as they may be
	Snippet    int    // words; 0 for none
	Facets     int    // of a query
	FacetSize  int    // maxValuesPerFacet
	Attributes string // *, few, or none
	Junk       int    // bytes of what only has to be read
	JunkKind   string // of the lists, texts or objects of Junk
	Gzip       bool
	Slow       bool // nobody reads an answer before all have come
}

// facets are those that are counted, by how many different values they have.
var facets = []string{"courier", "pickup.city", "item.qcReasons", "status", "isCod", "channel"}

// body is the body of a request. The query is one that finds everything.
func (l load) body() string {
	params := map[string]any{
		"query": "a", "hitsPerPage": l.Hits, "distinct": false, "facetFilters": []string{fmt.Sprint("status:S", l.Record)},
		"facets": facets[:l.Facets], "maxValuesPerFacet": l.FacetSize,
	}
	switch l.Highlight {
	case "none":
		params["attributesToHighlight"] = []string{}
	case "long":
		params["highlightPreTag"], params["highlightPostTag"] = strings.Repeat("<", 64), strings.Repeat(">", 64)
	}
	if l.Snippet > 0 {
		params["attributesToSnippet"] = []string{fmt.Sprint("*:", l.Snippet)}
	}
	if l.Attributes != "*" {
		params["attributesToRetrieve"] = map[string][]string{"few": {"item.name", "status"}, "none": {}}[l.Attributes]
	}
	requests := make([]map[string]any, l.Queries)
	for i := range requests {
		requests[i] = map[string]any{"indexName": "returns", "params": params}
	}
	if l.Junk > 0 {
		withJunk := maps.Clone(params)
		item := map[string]string{"numbers": "1,", "texts": `"",`, "objects": "{},", "lists": "[],"}[l.JunkKind]
		withJunk["facetFilters"] = json.RawMessage("[" + strings.Repeat(item, l.Junk/len(item)) + `"status:x"]`)
		requests[l.Queries-1]["params"] = withJunk
	}
	text, err := json.Marshal(map[string]any{"requests": requests})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// play loads a new process and returns the most memory that it had.
func (w *world) play(t *testing.T, l load) float64 {
	t.Helper()
	p := w.start(t)
	defer p.stop()
	client := &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: l.Requests}}
	defer client.CloseIdleConnections()
	body := l.body()
	statuses := map[int]int{}
	var mu sync.Mutex
	var bytes int64
	for range l.Rounds {
		var come, all sync.WaitGroup
		var begin chan struct{}
		if l.Slow {
			begin = make(chan struct{})
		}
		for i := range l.Requests {
			come.Add(1)
			all.Go(func() {
				res, err := client.Do(w.request(t, p, l, body, i))
				come.Done()
				if err != nil {
					return // turned away while it spoke
				}
				n := discard(res, begin)
				mu.Lock()
				statuses[res.StatusCode]++
				bytes += n
				mu.Unlock()
			})
		}
		come.Wait()
		if begin != nil {
			close(begin)
		}
		all.Wait()
	}
	peak := p.peak(t)
	t.Logf("%4.0f MiB  %+v  answered %v, %d MiB", peak, l, statuses, bytes>>20)
	return peak
}

// request is a request of a load.
func (w *world) request(t *testing.T, p *process, l load, body string, i int) *http.Request {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/", strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.tokens[i%len(w.tokens)])
	req.Header.Set("Accept-Encoding", map[bool]string{true: "gzip", false: "identity"}[l.Gzip])
	return req
}

// known are the worst loads that were found.
var known = []load{
	// What was reported first: it is refused now.
	{Requests: 9, Rounds: 2, Queries: 20, Hits: 100, Record: 1000, Highlight: "all", FacetSize: 100, Attributes: "*", JunkKind: "texts"},
	// Answers near the most that one may have, read by nobody until all have come.
	{Requests: 40, Rounds: 2, Queries: 1, Hits: 25, Record: 100_000, Highlight: "none", FacetSize: 100, Attributes: "*", JunkKind: "texts", Slow: true},
	// The largest bodies, of lists in a list.
	{Requests: 80, Rounds: 2, Queries: 1, Hits: 25, Record: 1000, Highlight: "none", FacetSize: 100, Attributes: "*", Junk: 60_000, JunkKind: "objects", Gzip: true},
}

// TestTheWorstLoadFits plays the worst loads known, and with -steps looks for
// worse ones.
func TestTheWorstLoadFits(t *testing.T) {
	w := newWorld(t)
	worst, peak := load{}, 0.0
	for _, l := range known {
		if have := w.play(t, l); have > peak {
			worst, peak = l, have
		}
	}
	draw := rand.New(rand.NewPCG(*seed, *seed))
	for range *steps {
		next := worst
		for range 1 + draw.IntN(2) {
			next.change(draw)
		}
		if have := w.play(t, next); have > peak {
			worst, peak = next, have
			t.Logf("worse: %.0f MiB", peak)
		}
	}
	if peak > most {
		t.Errorf("the search function had %.0f MiB, %d are the most:\n%+v", peak, most, worst)
	}
}

// change changes one thing of a load.
func (l *load) change(draw *rand.Rand) {
	number := func(of *int, from ...int) { *of = from[draw.IntN(len(from))] }
	text := func(of *string, from ...string) { *of = from[draw.IntN(len(from))] }
	changes := []func(){
		func() { number(&l.Requests, 1, 3, 9, 20, 40, 80, 80, 200) },
		func() { number(&l.Rounds, 1, 2, 4) },
		func() { number(&l.Queries, 1, 2, 5, 10, 20, 50) },
		func() { number(&l.Hits, 0, 5, 10, 20, 25, 50, 100) },
		func() { number(&l.Record, recordSizes...) },
		func() { text(&l.Highlight, "none", "all", "long") },
		func() { number(&l.Snippet, 0, 10, 999) },
		func() { number(&l.Facets, 0, 1, 3, len(facets)) },
		func() { number(&l.FacetSize, 1, 100, 1000) },
		func() { text(&l.Attributes, "*", "few", "none") },
		func() { number(&l.Junk, 0, 10_000, 40_000, 60_000, 200_000) },
		func() { text(&l.JunkKind, "numbers", "texts", "objects", "lists") },
		func() { l.Gzip = !l.Gzip },
		func() { l.Slow = !l.Slow },
	}
	changes[draw.IntN(len(changes))]()
}

// TestLoadsAreLoads holds the test's own loads to what the function takes: a
// load that is refused for a mistake in it would cost nothing.
func TestLoadsAreLoads(t *testing.T) {
	if slices.Contains(recordSizes, 0) || len(facets) == 0 || !json.Valid([]byte(known[0].body())) {
		t.Fatal("the loads are broken")
	}
}
