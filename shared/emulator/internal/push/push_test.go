package push

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
)

func noon() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

func TestStatusOfAnswers(t *testing.T) {
	want := map[int]codes.Code{
		200: codes.OK, 204: codes.OK, 302: codes.Unknown, 400: codes.InvalidArgument, 401: codes.Unauthenticated,
		403: codes.PermissionDenied, 404: codes.NotFound, 409: codes.Aborted, 418: codes.FailedPrecondition,
		429: codes.ResourceExhausted, 499: codes.Canceled, 500: codes.Internal, 501: codes.Unimplemented,
		502: codes.Unknown, 503: codes.Unavailable, 504: codes.DeadlineExceeded,
	}
	for code, rpc := range want {
		outcome := Outcome{Code: code}
		if got := outcome.Status(); got.GetCode() != int32(rpc) || outcome.OK() != (rpc == codes.OK) {
			t.Errorf("%d: %v, want %v", code, got, rpc)
		}
	}
}

func TestSend(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "/ok", http.StatusFound)
		case "/slow":
			<-r.Context().Done()
		}
	}))
	defer target.Close()
	tests := []struct {
		name, url string
		deadline  time.Duration
		code      int
		reason    string
		rpc       codes.Code
	}{
		{"ok", target.URL + "/ok", time.Minute, 200, "HTTP status 200", codes.OK},
		{"redirects are not followed", target.URL + "/redirect", time.Minute, 302, "HTTP status 302", codes.Unknown},
		{"deadline", target.URL + "/slow", 20 * time.Millisecond, 0, "deadline exceeded", codes.DeadlineExceeded},
		{"nobody listens", "http://127.0.0.1:1/", time.Minute, 0, "no answer", codes.Unavailable},
		{"broken url", "http://[::1", time.Minute, 0, "no answer", codes.Unavailable},
	}
	sender := Sender{Client: NewClient(nil), Now: noon}
	for _, test := range tests {
		got := sender.Send(t.Context(), Call{Method: "POST", URL: test.url, Deadline: test.deadline})
		if got.Code != test.code || got.Reason() != test.reason || got.Status().GetCode() != int32(test.rpc) {
			t.Errorf("%s: %+v, %q, %v", test.name, got, got.Reason(), got.Status())
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := sender.Send(ctx, Call{Method: "POST", URL: target.URL, Deadline: time.Minute}); !errors.Is(got.Err, context.Canceled) {
		t.Errorf("after cancel: %v", got.Err)
	}
}

func TestTokenIsAttached(t *testing.T) {
	audiences := make(chan string, 1)
	target := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		audiences <- r.Header.Get("Authorization")
	}))
	defer target.Close()
	sender := Sender{Client: NewClient(nil), Now: noon, Token: func(account, audience string) (string, error) {
		if account != "robot" {
			return "", errors.New("unknown account")
		}
		return "for " + audience, nil
	}}
	call := Call{Method: "GET", URL: target.URL, Header: http.Header{"Authorization": {"mine"}}, Deadline: time.Minute, Account: "robot"}
	for audience, want := range map[string]string{"": "Bearer for " + target.URL, "other": "Bearer for other"} {
		call.Audience = audience
		if outcome := sender.Send(t.Context(), call); !outcome.OK() {
			t.Fatal(outcome.Err)
		}
		if got := <-audiences; got != want {
			t.Errorf("Authorization %q, want %q", got, want)
		}
	}
	call.Account = "nobody"
	if outcome := sender.Send(t.Context(), call); outcome.Answered() {
		t.Error("a call without its token was sent")
	}
}

func TestRetryAfter(t *testing.T) {
	tests := []struct {
		code  int
		value string
		want  time.Duration
	}{
		{429, "3", 3 * time.Second},
		{503, "Sat, 21 Nov 2026 12:00:09 GMT", 9 * time.Second},
		{503, "Sat, 21 Nov 2026 11:00:00 GMT", 0},
		{500, "3", 0},
		{429, "", 0},
		{429, "soon", 0},
		{429, "-3", 0},
		{429, "99999999999", 24 * time.Hour},
		{429, "9999999", 24 * time.Hour},
	}
	for _, test := range tests {
		response := &http.Response{StatusCode: test.code, Header: http.Header{"Retry-After": {test.value}}}
		if got := retryAfter(response, noon); got != test.want {
			t.Errorf("%d %q: %v, want %v", test.code, test.value, got, test.want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("120")
	f.Add("Sat, 21 Nov 2026 12:00:09 GMT")
	f.Fuzz(func(t *testing.T, value string) {
		response := &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {value}}}
		if got := retryAfter(response, noon); got < 0 {
			t.Errorf("%q: %v", value, got)
		}
	})
}

func TestHeader(t *testing.T) {
	got := Header(map[string]string{"host": "x", "Content-Length": "9", "USER-AGENT": "x", "content-type": "a/b"}, "Agent")
	if diff := cmp.Diff(http.Header{"User-Agent": {"Agent"}, "Content-Type": {"a/b"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// agreeable is a target at the other end of every connection that answers 200.
func agreeable(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		request, err := http.ReadRequest(bufio.NewReader(far))
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, request.Body)
		_, _ = io.WriteString(far, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	}()
	return near, nil
}

// What the checks accept can be sent and is understood.
func FuzzChecksAcceptWhatCanBeSent(f *testing.F) {
	f.Add("http://a/b?c", "X-Mine", "1")
	f.Add("https://[::1]:8080/%41", "traceparent", "00-é")
	f.Add("http://a b", "X-Google-A", "\x7f")
	sender := Sender{Client: NewClient(&http.Client{Transport: &http.Transport{DialContext: agreeable, DialTLSContext: agreeable}}), Now: noon}
	f.Fuzz(func(t *testing.T, url, name, value string) {
		headers := map[string]string{name: value}
		if CheckURL("url", url) != nil || CheckHeaders(headers) != nil {
			return
		}
		call := Call{Method: "POST", URL: url, Header: Header(headers, "Agent"), Deadline: time.Minute}
		if outcome := sender.Send(t.Context(), call); !outcome.OK() {
			t.Errorf("url %q, header %q: %q was accepted, but: %v", url, name, value, outcome.Err)
		}
	})
}
