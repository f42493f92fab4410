package search

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// BenchmarkSearch measures a page of 20 hits with three facets, asked at the
// index itself and through the function, each over HTTP. The difference is what
// the function adds:
//
//	go test ./functions/search -run '^$' -bench Search -benchtime 3000x
func BenchmarkSearch(b *testing.B) {
	w := newWorld(b, nil)
	bearer := token(b, own, nil)
	params := map[string]any{"query": "red", "facets": []string{"status", "courier", "isCod"}, "hitsPerPage": 20}
	direct := func() *http.Request {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, w.index.URL+"/1/indexes/*/queries",
			strings.NewReader(`{"requests":[{"indexName":"es_prod","filters":"account:\"acme\"","query":"red","facets":["status","courier","isCod"],"hitsPerPage":20}]}`))
		if err != nil {
			b.Fatal(err)
		}
		r.Header.Set("X-Algolia-Application-Id", "APP")
		r.Header.Set("X-Algolia-API-Key", searchKey)
		return r
	}
	through := func() *http.Request {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, w.URL+"/", strings.NewReader(batchOf("returns", params)))
		if err != nil {
			b.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+bearer)
		r.Header.Set("Accept-Encoding", "identity")
		return r
	}
	for name, request := range map[string]func() *http.Request{"direct": direct, "through": through} {
		b.Run(name, func(b *testing.B) { measure(b, request) })
	}
}

// measure sends a request again and again and reports how long it took.
func measure(b *testing.B, request func() *http.Request) {
	times := make([]time.Duration, 0, b.N)
	size := int64(0)
	for b.Loop() {
		start := time.Now()
		res, err := http.DefaultClient.Do(request())
		if err != nil {
			b.Fatal(err)
		}
		n, err := io.Copy(io.Discard, res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			b.Fatal(res.Status, err)
		}
		_ = res.Body.Close()
		size = n
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(size), "bytes/answer")
}
