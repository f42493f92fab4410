// Package kit is what the tests of the task and scheduler emulators share: a
// clock that a test moves, a target that records what it is sent, a loopback
// server, and waiting with a bound.
package kit

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// Patience bounds every wait, generously: the machine may be slow and busy.
const Patience = 20 * time.Second

// Clock is a clock that a test moves.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands at a time on the hour.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)} }

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Move advances the clock.
func (c *Clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Server is an emulator under test.
type Server interface {
	Serve(net.Listener) error
	Close() error
}

// Serve runs an emulator on loopback until the test ends and returns the
// options that point an unmodified client at it.
func Serve(t testing.TB, server Server) []option.ClientOption {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Close()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return []option.ClientOption{
		option.WithEndpoint(listener.Addr().String()),
		option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())),
	}
}

// Context returns a context that ends with the test or after Patience.
func Context(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	t.Cleanup(cancel)
	return ctx
}

// Eventually polls until the condition holds.
func Eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(Patience); !condition(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", Patience, what)
		}
	}
}

// Arrival is one request that a target saw.
type Arrival struct {
	Method, Path, Body string
	Header             http.Header
	At                 time.Time
}

// Platform picks the headers that begin with a prefix (in canonical form), by
// the rest of their names.
func (a Arrival) Platform(prefix string) map[string]string {
	picked := map[string]string{}
	for name := range a.Header {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			picked[rest] = a.Header.Get(name)
		}
	}
	return picked
}

// Target records requests and answers as its script says.
type Target struct {
	URL      string
	arrivals chan Arrival
	mu       sync.Mutex
	count    int
}

// NewTarget starts a target whose n-th request (from 0) is answered by script.
func NewTarget(t testing.TB, script func(n int, w http.ResponseWriter, r *http.Request)) *Target {
	t.Helper()
	target := &Target{arrivals: make(chan Arrival, 10000)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		target.mu.Lock()
		n := target.count
		target.count++
		target.arrivals <- Arrival{r.Method, r.URL.Path, string(body), r.Header.Clone(), time.Now()}
		target.mu.Unlock()
		script(n, w, r)
	}))
	t.Cleanup(server.Close)
	target.URL = server.URL
	return target
}

// Answer is a script that gives the statuses in turn and repeats the last.
func Answer(codes ...int) func(int, http.ResponseWriter, *http.Request) {
	return func(n int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(codes[min(n, len(codes)-1)]) }
}

// Next waits for one request.
func (o *Target) Next(t testing.TB) Arrival {
	t.Helper()
	select {
	case a := <-o.arrivals:
		return a
	case <-time.After(Patience):
		t.Fatal("no request arrived")
		return Arrival{}
	}
}

// None fails the test if a request arrives within the time.
func (o *Target) None(t testing.TB, within time.Duration) {
	t.Helper()
	select {
	case a := <-o.arrivals:
		t.Fatalf("unexpected request %s %s %q", a.Method, a.Path, a.Body)
	case <-time.After(within):
	}
}

// Count returns how many requests arrived so far.
func (o *Target) Count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.count
}

// Call makes one request to a handler in-process and returns the answer's
// status and body.
func Call(t testing.TB, handler http.Handler, method, path, body string) (int, string) {
	t.Helper()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest(method, path, strings.NewReader(body)))
	return recorder.Code, recorder.Body.String()
}

// WantCode reports an error that does not have the gRPC code.
func WantCode(t testing.TB, what string, err error, want codes.Code) {
	t.Helper()
	if status.Code(err) != want {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}
