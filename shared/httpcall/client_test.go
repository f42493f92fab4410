package httpcall_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
)

// reply is what a server answers once.
type reply struct {
	status int
	after  string
	body   string
}

// serve answers with replies in turn, the last one for ever, and returns the
// address and the bodies that came.
func serve(t *testing.T, replies ...reply) (string, *[]string) {
	t.Helper()
	var bodies []string
	var mu sync.Mutex // a request whose answer is lost may still be served when the next one comes
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		a := replies[min(len(bodies), len(replies)-1)]
		bodies = append(bodies, string(body))
		mu.Unlock()
		if a.status == 0 {
			panic(http.ErrAbortHandler)
		}
		if a.after != "" {
			w.Header().Set("Retry-After", a.after)
		}
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	}))
	t.Cleanup(server.Close)
	return server.URL, &bodies
}

// post builds requests to an address.
func post(address, body string) func(context.Context) (*http.Request, error) {
	return func(ctx context.Context) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	}
}

func TestDo(t *testing.T) {
	const s3cret = "k3y/with+s3cret"
	cases := map[string]struct {
		replies []reply
		calls   int
		kind    fault.Kind // of the error, if status is 0
		status  int
		waits   []time.Duration
		says    string
	}{
		"success":            {[]reply{{200, "", "yes"}}, 1, 0, 200, nil, ""},
		"created":            {[]reply{{201, "", ""}}, 1, 0, 201, nil, ""},
		"reset, then well":   {[]reply{{0, "", ""}, {200, "", "yes"}}, 2, 0, 200, []time.Duration{10}, ""},
		"throttled by date":  {[]reply{{429, "Fri, 20 Nov 2026 12:00:02 GMT", ""}, {200, "", ""}}, 2, 0, 200, []time.Duration{2 * time.Second}, ""},
		"outage":             {[]reply{{503, "1", "down"}}, 3, fault.Retry, 0, []time.Duration{time.Second, time.Second}, "Shop answered 503: status 503: down"},
		"wrong request":      {[]reply{{422, "", "field a: " + s3cret}}, 1, fault.Invalid, 0, nil, "field a: [hidden]"},
		"wrong key":          {[]reply{{401, "", ""}}, 1, fault.Misconfigured, 0, nil, "401"},
		"not there":          {[]reply{{404, "", ""}}, 1, fault.NotFound, 0, nil, "404"},
		"edited meanwhile":   {[]reply{{412, "", ""}}, 1, fault.Superseded, 0, nil, "412"},
		"a redirect":         {[]reply{{304, "", ""}}, 1, fault.Misconfigured, 0, nil, "304"},
		"too large":          {[]reply{{200, "", strings.Repeat("x", 2000)}}, 1, fault.TooLarge, 0, nil, "more than 1000 bytes"},
		"a long explanation": {[]reply{{400, "", strings.Repeat("é ", 300)}}, 1, fault.Invalid, 0, nil, "é é"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			address, bodies := serve(t, c.replies...)
			var waits []time.Duration
			client := &httpcall.Client{
				HTTP: &http.Client{}, Most: 1000, Service: "Shop", Secrets: []string{s3cret, ""},
				Policy: httpcall.Policy{Attempts: 3, First: 10, Clock: httpcall.Clock{
					Now: func() time.Time { return noon }, Random: whole,
					Sleep: func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil },
				}},
			}
			answer, err := client.Do(t.Context(), post(address+"/a?key="+url.QueryEscape(s3cret), "body"))
			if len(*bodies) != c.calls || (err == nil) != (c.status != 0) {
				t.Fatalf("%d calls, %v", len(*bodies), err)
			}
			for _, body := range *bodies {
				if body != "body" {
					t.Errorf("an attempt sent %q", body)
				}
			}
			if diff := cmp.Diff(c.waits, waits); diff != "" {
				t.Errorf("waits (-want +have):\n%s", diff)
			}
			if err == nil {
				if answer.Status != c.status {
					t.Errorf("status %d", answer.Status)
				}
				return
			}
			if text := err.Error(); fault.KindOf(err) != c.kind || !strings.Contains(text, c.says) || strings.Contains(text, "s3cret") || len(text) > 400 {
				t.Errorf("kind %d, %q", fault.KindOf(err), text)
			}
		})
	}
}

// TestOnceReturnsEveryStatus and reads the time that the server asks for.
func TestOnceReturnsEveryStatus(t *testing.T) {
	address, _ := serve(t, reply{500, "7", "down"})
	request, err := post(address, "")(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := (&httpcall.Client{}).Once(request)
	if err != nil || answer.Status != 500 || answer.After != 7*time.Second || string(answer.Body) != "down" {
		t.Errorf("%+v, %v", answer, err)
	}
}

// TestErrorsKeepSecretsToThemselves looks at the errors of requests that have no
// answer.
func TestErrorsKeepSecretsToThemselves(t *testing.T) {
	address, _ := serve(t, reply{200, "", ""})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	client := &httpcall.Client{Secrets: []string{"s3cret"}}
	_, err := client.Do(ctx, post(address+"/s3cret?token=s3cret", ""))
	if !errors.Is(err, context.Canceled) || fault.KindOf(err) != fault.Retry || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("%v", err)
	}
	wanted := errors.New("no request")
	if _, err := client.Do(t.Context(), func(context.Context) (*http.Request, error) { return nil, wanted }); !errors.Is(err, wanted) {
		t.Errorf("%v", err)
	}
}

func TestRedact(t *testing.T) {
	if err := httpcall.Redact(nil, "a"); err != nil {
		t.Error(err)
	}
	inner := &url.Error{Op: "Post", URL: "https://hooks.test/services/s3cret", Err: context.DeadlineExceeded}
	err := httpcall.Redact(fmt.Errorf("sending: %w", inner), "other")
	if err.Error() != "sending: context deadline exceeded" || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%q", err)
	}
	if errors.As(err, &inner) {
		t.Error("the address can be had from the error")
	}
	if err := httpcall.Redact(errors.New("a b&c a%20b&c a+b%26c"), "a b&c"); err.Error() != "[hidden] [hidden] [hidden]" {
		t.Errorf("%q", err)
	}
}

func TestKindOf(t *testing.T) {
	for status := 100; status < 600; status++ {
		retryable := status == 408 || status == 425 || status == 429 || status >= 500
		if kind := httpcall.KindOf(status); (kind == fault.Retry || kind == fault.Throttled) != retryable {
			t.Errorf("%d is of kind %d", status, kind)
		}
	}
}
