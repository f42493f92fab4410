package search

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	writer "gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
)

// manyRecords is how many records the index has in the benchmark.
const manyRecords = 50_000

// BenchmarkSearch measures a page of 20 hits with three facets, asked at the
// index itself, through the function, and through a program that only passes on, each
// over HTTP. They are asked in turn, block by block, so that whatever else the machine
// does falls on all; the differences are what lies between, in time and in allocations:
//
//	go test ./functions/search -run '^$' -bench Search -benchtime 20x
//
// The emulator shares the processors with the function: with more clients than
// processors, the time of the function counts several times. The index elsewhere gives
// the same answers, and each takes time and no processor.
func BenchmarkSearch(b *testing.B) {
	index := &elsewhere{answers: map[string][]byte{}}
	far := httptest.NewServer(index)
	b.Cleanup(far.Close)
	w := newWorld(b, nil)
	w.fillMore(b, manyRecords)
	index.emulator = w.index.Config.Handler
	ask := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	near := w.parts.Engine
	for _, c := range []struct {
		name    string
		clients int
		url     string
	}{{"1 clients", 1, w.index.URL}, {"32 clients", 32, w.index.URL}, {"32 clients, index elsewhere", 32, far.URL}} {
		b.Run(c.name, func(b *testing.B) {
			if w.parts.Engine = near; c.url == far.URL {
				w.parts.Engine = w.engine(b, far.URL)
			}
			clients := c.clients
			bearer := token(b, own, nil)
			bare := passing(b, c.url)
			var direct, passed, through timing
			for b.Loop() {
				passed.block(b, ask, clients, func(query string) *http.Request { return w.directly(b, bare, query) })
				direct.block(b, ask, clients, func(query string) *http.Request { return w.directly(b, c.url, query) })
				through.block(b, ask, clients, func(query string) *http.Request { return w.through(b, query, bearer) })
			}
			direct.report(b, "direct", &direct)
			passed.report(b, "passed", &direct)
			through.report(b, "through", &direct)
		})
	}
}

// elsewhere is the emulator as an index on another machine: an answer comes after the
// time that a request to a data centre takes, and each is made once.
type elsewhere struct {
	emulator http.Handler
	mu       sync.Mutex
	answers  map[string][]byte // by the body of the request
}

// away is the time that an answer from elsewhere takes in the mean. Were it always the same,
// all clients would go on asking at the same moment, and each would wait for the others.
const away = 20 * time.Millisecond

// ServeHTTP implements http.Handler.
func (e *elsewhere) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	e.mu.Lock()
	answer := e.answers[string(body)]
	if answer == nil {
		made := httptest.NewRecorder()
		r.Body = io.NopCloser(bytes.NewReader(body))
		e.emulator.ServeHTTP(made, r)
		answer = made.Body.Bytes()
		e.answers[string(body)] = answer
	}
	e.mu.Unlock()
	time.Sleep(away/2 + rand.N(away))
	_, _ = w.Write(answer)
}

// fillMore pushes more records like those of the tests.
func (w *world) fillMore(b *testing.B, n int) {
	b.Helper()
	client, err := writer.New(writer.Config{AppID: "APP", WriteKey: adminID, URL: w.index.URL, BatchRecords: 1000, BatchBytes: 1 << 22, Senders: 2, Attempts: 3, WriteTimeout: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	var ops []destination.Op
	for i := range n {
		id, body := record(i % (ownRecords + rivalRecords))
		more := fmt.Sprint("more-", i)
		ops = append(ops, destination.Op{ID: more, Body: bytes.Replace(body, []byte(`"`+id+`"`), []byte(`"`+more+`"`), 1)})
	}
	pushed, err := client.Push(b.Context(), w.parts.Schema.Index, ops)
	if err == nil {
		err = client.Wait(b.Context(), w.parts.Schema.Index, pushed.TaskID)
	}
	if err != nil {
		b.Fatal(err)
	}
}

// directly is a search at the index, as the function's own.
func (w *world) directly(b *testing.B, url, query string) *http.Request {
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url+"/1/indexes/*/queries", strings.NewReader(
		`{"requests":[{"indexName":"es_prod","filters":"account:\"acme\"","query":"`+query+`","facets":["status","courier","isCod"],"hitsPerPage":20}]}`))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("X-Algolia-Application-Id", "APP")
	r.Header.Set("X-Algolia-API-Key", searchKey)
	return r
}

// through is the same search through the function.
func (w *world) through(b *testing.B, query, bearer string) *http.Request {
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, w.URL+"/", strings.NewReader(
		batchOf("returns", map[string]any{"query": query, "facets": []string{"status", "courier", "isCod"}, "hitsPerPage": 20})))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+bearer)
	r.Header.Set("Accept-Encoding", "identity")
	return r
}

// timing is how long requests took.
type timing struct {
	each      []time.Duration
	took      time.Duration // all blocks
	allocated uint64        // by the client, the function and the index
}

// mallocs returns the allocations a request.
func (t *timing) mallocs() float64 { return float64(t.allocated) / float64(len(t.each)) }

// perClient is how many requests a client sends in a block.
const perClient = 10

// block has several clients send requests, one after the other each.
func (t *timing) block(b *testing.B, ask *http.Client, clients int, request func(query string) *http.Request) {
	var all sync.WaitGroup
	taken := make([]time.Duration, clients*perClient)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	for c := range clients {
		all.Go(func() {
			for i := range perClient {
				began := time.Now()
				if err := send(ask, request([]string{"", "red", "own", "RED shrit", "acme-SKU"}[i%5])); err != nil {
					b.Error(err)
				}
				taken[c*perClient+i] = time.Since(began)
			}
		})
	}
	all.Wait()
	t.took += time.Since(began)
	runtime.ReadMemStats(&after)
	t.allocated += after.Mallocs - before.Mallocs
	t.each = append(t.each, taken...)
}

// send sends a request and reads the answer.
func send(ask *http.Client, r *http.Request) error {
	res, err := ask.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s, %w", res.Status, err)
	}
	return nil
}

// percentile returns how long all but the slowest took.
func (t *timing) percentile(p int) time.Duration {
	slices.Sort(t.each)
	return t.each[len(t.each)*p/100]
}

// report reports the times, beside those of the index itself.
func (t *timing) report(b *testing.B, name string, direct *timing) {
	b.ReportMetric(float64(t.percentile(50).Microseconds()), name+"-p50-µs")
	b.ReportMetric(float64(t.percentile(99).Microseconds()), name+"-p99-µs")
	b.ReportMetric(float64(len(t.each))/t.took.Seconds(), name+"-req/s")
	if t != direct {
		b.ReportMetric(float64(direct.took)/float64(t.took), name+"-of-direct")
		b.ReportMetric(t.mallocs()-direct.mallocs(), name+"-more-allocs/request")
	}
}

// passing returns the address of a program that passes requests on and answers back,
// byte for byte: what anything between a client and the index costs at least.
func passing(b *testing.B, to string) string {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		on, err := http.NewRequestWithContext(r.Context(), r.Method, to+r.URL.Path, r.Body)
		if err != nil {
			b.Error(err)
			return
		}
		on.Header, on.ContentLength = r.Header, r.ContentLength
		res, err := client.Do(on)
		if err != nil {
			b.Error(err)
			return
		}
		defer func() { _ = res.Body.Close() }()
		w.Header().Set("Content-Length", res.Header.Get("Content-Length"))
		_, _ = io.Copy(w, res.Body)
	}))
	b.Cleanup(server.Close)
	return server.URL
}
