package edge_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// call plays one request before a handler that returns value and err.
func call(t *testing.T, method string, h edge.Handler) (*httptest.ResponseRecorder, string) {
	t.Helper()
	var log bytes.Buffer
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, "/x", strings.NewReader("body"))
	edge.Handle(edge.NewLogger(&log, slog.LevelInfo, edge.Program{Project: "proj"}), h, http.MethodPost, http.MethodGet).ServeHTTP(w, r)
	if !json.Valid(w.Body.Bytes()) || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
		t.Errorf("the answer is not JSON: %q", w.Body)
	}
	return w, log.String()
}

// failing is a handler that fails.
func failing(err error) edge.Handler { return func(*http.Request) (any, error) { return nil, err } }

// kinds lists every kind with the status that an API caller hears.
var kinds = map[fault.Kind]int{
	fault.Internal: 500, fault.Retry: 503, fault.Throttled: 429, fault.Invalid: 400,
	fault.Unauthenticated: 401, fault.Forbidden: 403, fault.NotFound: 404, fault.TooLarge: 413,
	fault.Superseded: 409, fault.Misconfigured: 500,
}

func TestEveryKindHasItsStatus(t *testing.T) {
	for kind := fault.Internal; kind <= fault.Misconfigured; kind++ {
		err := fault.Wrap(errors.New("secret cause"), kind, "the-code", "the sentence")
		w, log := call(t, http.MethodPost, failing(fmt.Errorf("outer: %w", err)))
		if w.Code != kinds[kind] {
			t.Errorf("kind %d: status %d, want %d", kind, w.Code, kinds[kind])
		}
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("kind %d: the cause left the house: %s", kind, w.Body)
		}
		if kind != fault.Internal && !strings.Contains(w.Body.String(), "the sentence") {
			t.Errorf("kind %d: no sentence in %s", kind, w.Body)
		}
		if !strings.Contains(w.Body.String(), "the-code") {
			t.Errorf("kind %d: no code in %s", kind, w.Body)
		}
		if logged := strings.Contains(log, "secret cause"); logged != (w.Code >= 500 || w.Code == 429) {
			t.Errorf("kind %d: logged: %q", kind, log)
		}
	}
}

// TestWhoHearsWhat plays every kind before every kind of listener: a queue hears
// a success of what cannot succeed, and only an operator hears the cause of a
// wrong configuration.
func TestWhoHearsWhat(t *testing.T) {
	type handle = func(*slog.Logger, edge.Handler, ...string) http.Handler
	for name, c := range map[string]struct {
		handle handle
		queue  bool // the request carries a queue's header
	}{
		"caller":                 {edge.Handle, false},
		"caller that says queue": {edge.Handle, true},
		"task without a queue":   {edge.HandleTask, false},
		"queue":                  {edge.HandleTask, true},
		"operator":               {edge.HandleOperator, true},
	} {
		for kind, status := range kinds {
			t.Run(fmt.Sprintf("%s, kind %d", name, kind), func(t *testing.T) {
				var log bytes.Buffer
				err := fault.Wrap(errors.New("the cause"), kind, "the-code", "the sentence")
				r := httptest.NewRequest(http.MethodPost, "/x", nil)
				if c.queue {
					r.Header.Set("X-CloudTasks-QueueName", "returnSync")
				}
				w := httptest.NewRecorder()
				c.handle(edge.NewLogger(&log, slog.LevelInfo, edge.Program{}), failing(err), http.MethodPost).ServeHTTP(w, r)
				if name == "queue" {
					if retried := w.Code < 200 || w.Code > 299; retried != fault.Retryable(err) {
						t.Errorf("status %d: the queue retries: %v, it is retryable: %v", w.Code, retried, fault.Retryable(err))
					}
					if !strings.Contains(log.String(), "the cause") {
						t.Errorf("the cause is not logged: %s", log.String())
					}
				} else if w.Code != status {
					t.Errorf("status %d, want %d", w.Code, status)
				}
				if severe := strings.Contains(log.String(), `"severity":"ERROR"`); severe != (kind == fault.Internal || kind == fault.Misconfigured) {
					t.Errorf("severity: %s", log.String())
				}
				if shown := strings.Contains(w.Body.String(), "the cause"); shown != (name == "operator" && kind == fault.Misconfigured) {
					t.Errorf("the cause is shown: %v: %s", shown, w.Body)
				}
			})
		}
	}
}

func TestRetryAfterIsRoundedUp(t *testing.T) {
	for after, want := range map[time.Duration]string{0: "", time.Millisecond: "1", time.Second: "1", 1001 * time.Millisecond: "2", time.Minute: "60"} {
		w, _ := call(t, http.MethodPost, failing(errors.Join(fault.New(fault.Throttled, "slow", "slow").WithAfter(after), errors.New("and more"))))
		if got := w.Header().Get("Retry-After"); got != want {
			t.Errorf("%v: Retry-After %q, want %q", after, got, want)
		}
	}
}

func TestParamIsNamed(t *testing.T) {
	w, _ := call(t, http.MethodGet, failing(fault.New(fault.Invalid, "bad", "no such page").WithParam("page")))
	want := `{"error":{"code":"bad","message":"no such page","param":"page"}}` + "\n"
	if diff := cmp.Diff(want, w.Body.String()); diff != "" {
		t.Error(diff)
	}
}

func TestPanicIsAnInternalError(t *testing.T) {
	w, log := call(t, http.MethodPost, func(*http.Request) (any, error) { panic("s3cret value") })
	if w.Code != 500 || strings.Contains(w.Body.String(), "s3cret") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(log, "s3cret value") || !strings.Contains(log, "edge_test.go") || !strings.Contains(log, `"severity":"ERROR"`) {
		t.Errorf("the log lacks value, stack or severity: %s", log)
	}
}

func TestValueWithoutAJSONForm(t *testing.T) {
	if w, _ := call(t, http.MethodPost, func(*http.Request) (any, error) { return make(chan int), nil }); w.Code != 500 {
		t.Errorf("status %d", w.Code)
	}
}

func TestMethodsAreHeld(t *testing.T) {
	called := false
	w, _ := call(t, http.MethodDelete, func(*http.Request) (any, error) { called = true; return nil, nil })
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST, GET" || called {
		t.Errorf("%d, Allow %q, called %v", w.Code, w.Header().Get("Allow"), called)
	}
}

// brokenBody is a body that ends in an error.
type brokenBody struct{}

// Read fails.
func (brokenBody) Read([]byte) (int, error) { return 0, errors.New("reset by peer") }

func TestBody(t *testing.T) {
	read := edge.Body
	most := strings.Repeat("x", 1<<20)
	if body, err := read(httptest.NewRequest("POST", "/", strings.NewReader(most))); err != nil || len(body) != 1<<20 {
		t.Errorf("the largest body: %d bytes, %v", len(body), err)
	}
	if _, err := read(httptest.NewRequest("POST", "/", strings.NewReader(most+"x"))); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("too large: %v", err)
	}
	if _, err := read(httptest.NewRequest("POST", "/", brokenBody{})); fault.KindOf(err) != fault.Retry {
		t.Errorf("broken off: %v", err)
	}
}

func TestLogInCloudLoggingsNames(t *testing.T) {
	var out bytes.Buffer
	log := edge.NewLogger(&out, slog.LevelInfo, edge.Program{Project: "proj"})
	h := edge.Handle(log, func(r *http.Request) (any, error) {
		log.With("a", 1).WithGroup("g").WarnContext(r.Context(), "hello", "level", "mine")
		return nil, nil
	}, http.MethodGet)
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	h.ServeHTTP(httptest.NewRecorder(), r)
	for _, want := range []string{`"severity":"WARNING"`, `"message":"hello"`, `"a":1`, "projects/proj/traces/0af7651916cd43dd8448eb211c80319c"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in %s", want, out.String())
		}
	}
	out.Reset()
	log.DebugContext(context.Background(), "too fine")
	if out.Len() > 0 {
		t.Errorf("below the level: %s", out.String())
	}
}

// TestTraceIsAFieldOfItsOwn looks where the trace stands when a group is open:
// Cloud Logging reads it at the top only.
func TestTraceIsAFieldOfItsOwn(t *testing.T) {
	var out bytes.Buffer
	log := edge.NewLogger(&out, slog.LevelInfo, edge.Program{})
	edge.Handle(log, func(r *http.Request) (any, error) {
		log.InfoContext(r.Context(), "hello", slog.Group("run", "id", 1))
		return nil, nil
	}, http.MethodGet).ServeHTTP(httptest.NewRecorder(), func() *http.Request {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
		return r
	}())
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line["logging.googleapis.com/trace"] != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("%v: %s", err, out.String())
	}
}
