package console

import (
	"bufio"
	"context"
	"errors"
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
	late := time.After(20 * time.Second)
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

// serve serves the world with a deadline for answers that is shorter than a stream.
func (w *world) serve(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(w.handler)
	s.Config.WriteTimeout = 500 * time.Millisecond
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// TestAStreamOutlivesTheServersDeadline follows changes for longer than an answer
// may take, and ends when the process is to end.
func TestAStreamOutlivesTheServersDeadline(t *testing.T) {
	w := newWorld(t)
	stopping := make(chan struct{})
	w.parts.Stopping = stopping
	server := w.serve(t)
	res, lines := events(t, server, operator(t))
	if res.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", res.Header)
	}
	await(t, lines, "retry: 2000")
	await(t, lines, `"view":{`)
	for _, message := range []string{"the first", "the second", "the third"} {
		time.Sleep(400 * time.Millisecond) // three times this is beyond the deadline
		w.exec(t, "INSERT INTO sync_log (at, severity, message) VALUES (NOW(6), 'INFO', ?)", message)
		await(t, lines, message)
	}
	close(stopping)
	for range lines {
	}
}

// TestStreamsAreBounded refuses the third stream of two, and takes another when
// one has gone.
func TestStreamsAreBounded(t *testing.T) {
	w := newWorld(t)
	server := w.serve(t)
	first, lines := events(t, server, operator(t))
	await(t, lines, `"view":{`)
	_, second := events(t, server, operator(t))
	await(t, second, `"view":{`)
	if res, _ := events(t, server, operator(t)); res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") != "5" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	_ = first.Body.Close()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if res, _ := events(t, server, operator(t)); res.StatusCode == http.StatusOK {
			return
		} else if time.Now().After(deadline) {
			t.Fatal(res.StatusCode)
		}
	}
}

// TestAStreamEndsWithItsSession lets a token expire behind an open page.
func TestAStreamEndsWithItsSession(t *testing.T) {
	w := newWorld(t)
	_, lines := events(t, w.serve(t), token(t, func(b *jwt.Builder) { b.Expiration(time.Now().Add(2 * time.Second)) }))
	await(t, lines, `"view":{`)
	await(t, lines, "event: ended")
	for range lines {
	}
}

// TestManyPagesReadOnce counts how often the tables are read while many pages look
// at once, and that an outage is told and passes.
func TestManyPagesReadOnce(t *testing.T) {
	clock := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	reads, parked, away := 0, int64(0), false
	l := &latest{every: time.Second, now: func() time.Time { return clock }, read: func(context.Context) (view, time.Time, error) {
		reads++
		if away {
			return view{}, time.Time{}, errors.New("away")
		}
		return view{Report: health.Report{Entities: []health.Entity{{Parked: parked}}}}, clock, nil
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
