package console

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
)

// events opens a stream and gives its lines until it ends.
func events(t *testing.T, server *httptest.Server, bearer string) (*http.Response, <-chan string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		s := bufio.NewScanner(res.Body)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			lines <- s.Text()
		}
	}()
	return res, lines
}

// await reads lines until one contains a text.
func await(t *testing.T, lines <-chan string, text string) {
	t.Helper()
	late := time.After(2 * time.Minute)
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				t.Fatalf("the stream ended before %q", text)
			}
			if strings.Contains(line, text) {
				return
			}
		case <-late:
			t.Fatalf("%q did not come", text)
		}
	}
}

// deadline is the time limit of the tests' server: shorter than a stream.
const deadline = 300 * time.Millisecond

// serve serves the world, and reports each stream's end.
func (w *world) serve(t *testing.T) (server *httptest.Server, ended <-chan struct{}) {
	t.Helper()
	over := make(chan struct{}, 100)
	server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.handler.ServeHTTP(rw, r)
		over <- struct{}{}
	}))
	server.Config.WriteTimeout = deadline
	server.Start()
	t.Cleanup(server.Close)
	return server, over
}

// TestAStreamOutlivesTheServersDeadline follows changes for longer than the server's
// deadline, and ends with the process.
func TestAStreamOutlivesTheServersDeadline(t *testing.T) {
	w := newWorld(t)
	stopping := make(chan struct{})
	w.parts.Stopping = stopping
	server, _ := w.serve(t)
	began := time.Now()
	res, lines := events(t, server, operator(t))
	if res.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", res.Header)
	}
	await(t, lines, "retry: 2000")
	await(t, lines, `"view":{`)
	for i := 0; time.Since(began) < 3*deadline; i++ { // the next reading of the tables sees a change
		message := fmt.Sprintf("message %d.", i)
		w.exec(t, "INSERT INTO sync_log (at, severity, message) VALUES (NOW(6), 'INFO', ?)", message)
		await(t, lines, message)
	}
	close(stopping)
	for range lines {
	}
}

// subject signs an operator's token for somebody.
func subject(t *testing.T, name string) string {
	t.Helper()
	return token(t, func(b *jwt.Builder) { b.Claim("roles", "operator").Subject(name) })
}

// TestStreamsAreBounded opens streams up to the limits, of all and of one subject,
// beyond the limits, and again after one has ended.
func TestStreamsAreBounded(t *testing.T) {
	w := newWorld(t)
	w.parts.Config.Streams, w.parts.Config.SubjectStreams = 4, 2
	w.handler = Handler(w.parts, time.Now)
	server, ended := w.serve(t)
	open := func(who string) *http.Response {
		t.Helper()
		res, lines := events(t, server, subject(t, who))
		if res.StatusCode == http.StatusOK {
			await(t, lines, `"view":{`)
		} else {
			<-ended
		}
		return res
	}
	allowed := func(who string) *http.Response {
		t.Helper()
		res := open(who)
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s is turned away: %d", who, res.StatusCode)
		}
		return res
	}
	refused := func(who string) {
		t.Helper()
		if res := open(who); res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") != "5" {
			t.Errorf("%s: %d %v", who, res.StatusCode, res.Header)
		}
	}
	first := allowed("reader")
	allowed("reader")
	for range 60 {
		refused("reader")
	}
	allowed("operator")
	_ = first.Body.Close()
	<-ended
	allowed("reader")
	refused("reader")
	allowed("") // all tokens without a subject are one subject
	refused("operator")
	refused("another")
}

// TestStreamsAreCounted opens and closes streams at random, and compares the counter
// with a model.
func TestStreamsAreCounted(t *testing.T) {
	for seed := range uint64(50) {
		draw := rand.New(rand.NewPCG(seed, seed))
		s := newStreams(1+draw.IntN(10), 1+draw.IntN(5))
		open, all := map[string]int{}, 0
		for range 300 {
			who := string(rune('a' + draw.IntN(5)))
			if draw.IntN(2) == 0 && open[who] > 0 {
				s.leave(who)
				open[who], all = open[who]-1, all-1
				continue
			}
			err := s.enter(who)
			if want := open[who] < s.mostOfOne && all < s.most; want != (err == nil) {
				t.Fatalf("seed %d: %s comes to %v: %v", seed, who, open, err)
			}
			if err == nil {
				open[who], all = open[who]+1, all+1
			}
		}
		for who, n := range open {
			for range n {
				s.leave(who)
			}
		}
		if s.all != 0 || len(s.open) != 0 {
			t.Errorf("seed %d: %d, %v are left", seed, s.all, s.open)
		}
	}
}

// TestAStreamEndsWithItsSession lets a token expire during an open page.
func TestAStreamEndsWithItsSession(t *testing.T) {
	w := newWorld(t)
	at := time.Now().Truncate(time.Second)
	w.handler = Handler(w.parts, func() time.Time { return at }) // the token is valid however slowly the request comes
	server, _ := w.serve(t)
	_, lines := events(t, server, token(t, func(b *jwt.Builder) { b.Expiration(at.Add(time.Second)) }))
	await(t, lines, `"view":{`)
	await(t, lines, "event: ended")
	for range lines {
	}
}

// TestManyPagesReadOnce counts the readings of the tables while many pages are open, and
// checks that an outage is reported and ends.
func TestManyPagesReadOnce(t *testing.T) {
	clock := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	reads, parked, away := 0, int64(0), false
	l := &latest{every: time.Second, now: func() time.Time { return clock }, read: func(context.Context) (view, time.Time, error) {
		reads++
		if away {
			return view{}, time.Time{}, errors.New("away")
		}
		return view{Report: timeless(health.Report{Entities: []health.Entity{{Parked: parked}}})}, clock, nil
	}}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { l.get(t.Context()) })
	}
	all.Wait()
	if reads != 1 {
		t.Errorf("50 pages read %d times", reads)
	}
	number := func() int {
		clock = clock.Add(time.Second)
		return l.get(t.Context()).number
	}
	first := number()
	if again := number(); again != first || reads != 3 {
		t.Errorf("nothing new is %d after %d; %d reads", again, first, reads)
	}
	parked = 1
	second := number()
	away = true
	third := number()
	stillAway := number()
	away = false
	if back := number(); second != first+1 || third != second+1 || stillAway != third || back != third+1 {
		t.Errorf("%d, %d, %d, %d, %d", first, second, third, stillAway, back)
	}
}
