package search

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
	engine "gitlab.com/eshopbox-team/return-sync/shared/search/algolia"
)

// many is the body of a batch of n queries of hits each.
func many(n, hits int) string {
	one := fmt.Sprintf(`{"indexName":"returns","params":{"hitsPerPage":%d}}`, hits)
	return `{"requests":[` + strings.Repeat(one+",", n-1) + one + `]}`
}

// TestHitsOfABatchAreBounded asks for the most hits, and for one more.
func TestHitsOfABatchAreBounded(t *testing.T) {
	w := newWorld(t, func(s *wire.Search) { s.Limits.MaxHits = 100 })
	mine := token(t, own, nil)
	for body, want := range map[string]int{many(10, 10): 200, many(1, 100): 200, many(20, 0): 200, many(10, 11): 400, many(2, 100): 400} {
		r := w.call(t, http.MethodPost, "/", body, mine)
		if _, param := r.problem(); r.status != want || want == 400 && param != "hitsPerPage" {
			t.Errorf("%.90s: %d %s %.200s", body, r.status, param, r.body)
		}
	}
}

// TestNoMemoryIsABusyAnswer takes all memory away and asks, by every door that asks
// the index.
func TestNoMemoryIsABusyAnswer(t *testing.T) {
	w := newWorld(t, func(s *wire.Search) { s.Limits.Memory, s.Limits.Wait = 4<<20, time.Millisecond })
	handler, err := Handler(w.parts, func() time.Time { return clock })
	if err != nil {
		t.Fatal(err)
	}
	w.handler = handler
	w.parts.Limits.MaxAnswer = 8 << 20 // what is set aside is more than there is
	mine := token(t, own, nil)
	for name, r := range map[string]reply{
		"GET": w.call(t, http.MethodGet, "/?hitsPerPage=100", "", mine), "POST": w.call(t, http.MethodPost, "/", many(1, 100), mine),
	} {
		if code, _ := r.problem(); r.header.Get("Retry-After") != "1" || r.status != 503 && r.status != 429 || !strings.Contains(code, "busy") {
			t.Errorf("%s: %d %v %s", name, r.status, r.header, r.body)
		}
	}
	if r := w.call(t, http.MethodGet, "/own-1", "", mine); r.status != http.StatusOK {
		t.Errorf("what is small finds no memory: %d %s", r.status, r.body)
	}
}

// TestASlowIndexHoldsNoMemory has an index answer only when more searches of one account
// have come than its part of the memory holds answers of: all are answered.
func TestASlowIndexHoldsNoMemory(t *testing.T) {
	const asked = 20
	w := newWorld(t, nil)
	if bound := search.Bound([]search.Query{{HitsPerPage: 20}}, w.parts.Limits.MaxAnswer); bound*asked <= w.parts.Limits.Memory/2 {
		t.Fatalf("%d answers of %d bytes have room together: nothing is tested", asked, bound)
	}
	var came atomic.Int64
	all := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if came.Add(1) == asked {
			close(all)
		}
		select {
		case <-all:
			w.index.Config.Handler.ServeHTTP(rw, r)
		case <-r.Context().Done():
		}
	}))
	defer slow.Close()
	w.parts.Engine = w.engine(t, slow.URL)
	mine := token(t, own, nil)
	var callers sync.WaitGroup
	for range asked {
		callers.Go(func() {
			if r := w.call(t, http.MethodGet, "/?hitsPerPage=20", "", mine); r.status != http.StatusOK {
				t.Errorf("%d %s", r.status, r.body)
			}
		})
	}
	callers.Wait()
}

// TestTheDoorIsBounded fills the function with requests whose bodies do not end.
func TestTheDoorIsBounded(t *testing.T) {
	w := newWorld(t, func(s *wire.Search) { s.Limits.AtOnce = 1 })
	w.linger(t)
	r := w.call(t, http.MethodGet, "/", "", token(t, rival, nil))
	if code, _ := r.problem(); r.status != http.StatusServiceUnavailable || code != "busy" || r.header.Get("Retry-After") != "1" {
		t.Errorf("%d %s %v", r.status, r.body, r.header)
	}
}

// linger sends a request of the account own whose body does not end, and returns when it
// is inside: 100 Continue is answered when the body is being read.
func (w *world) linger(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", w.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n", token(t, own, nil))
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatal(line, err)
	}
	return conn
}

// TestOneHotAccountLeavesPlaces has one account send slow requests until it has its part.
// The others are answered, and so is that account when one of its requests has ended.
func TestOneHotAccountLeavesPlaces(t *testing.T) {
	const places = 10
	w := newWorld(t, func(s *wire.Search) { s.Limits.AtOnce = places })
	first := w.linger(t)
	for range places/2 - 1 {
		w.linger(t)
	}
	mine := token(t, own, nil)
	for _, path := range []string{"/", "/own-1", "/?q=red"} {
		r := w.call(t, http.MethodGet, path, "", mine)
		if code, _ := r.problem(); r.status != http.StatusTooManyRequests || code != "account-busy" || r.header.Get("Retry-After") != "1" {
			t.Errorf("%s: %d %s %v", path, r.status, r.body, r.header)
		}
	}
	if r := w.call(t, http.MethodGet, "/", "", token(t, rival, nil)); r.status != http.StatusOK {
		t.Errorf("another account pays for it: %d %s", r.status, r.body)
	}
	_ = first.Close()
	status := 0 // the server sees some time later that the caller is gone
	for status != http.StatusOK {
		status = w.call(t, http.MethodGet, "/", "", mine).status
	}
}

// TestAHugeAnswerOfTheIndexIsAnError has the index answer with more than it may,
// with its size in the header and without: the caller hears so, and the index is
// asked once, not once a host and try.
func TestAHugeAnswerOfTheIndexIsAnError(t *testing.T) {
	for _, said := range []bool{true, false} {
		w := newWorld(t, nil)
		var asked atomic.Int64
		text := `{"results":[{"hits":[],"nbHits":0,"x":"` + strings.Repeat("x", 5<<20) + `"}]}`
		huge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			if said {
				w.Header().Set("Content-Length", fmt.Sprint(len(text)))
			}
			_, _ = w.Write([]byte(text))
		}))
		defer huge.Close()
		conf, err := algolia.Configuration("APP", searchKey, huge.URL)
		if err != nil {
			t.Fatal(err)
		}
		w.parts.Engine = engine.New(conf, engine.Config{Schema: w.parts.Schema, ReadTimeout: 20 * time.Second, MaxAnswer: 4 << 20})
		for _, path := range []string{"/", "/own-1"} {
			asked.Store(0)
			r := w.call(t, http.MethodGet, path, "", token(t, own, nil))
			if code, _ := r.problem(); r.status != http.StatusRequestEntityTooLarge || code != "answer-too-large" || asked.Load() != 1 {
				t.Errorf("%s, size said %v: %d %s, asked %d times", path, said, r.status, r.body, asked.Load())
			}
		}
	}
}
