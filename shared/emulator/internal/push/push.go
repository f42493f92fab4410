// Package push sends the HTTP requests of the task and scheduler emulators and
// says what became of them, in the terms of google.rpc.Status.
package push

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
)

const drainBytes = 64 << 10 // read this much of an answer so that the connection is used again

// Call is one request to a target.
type Call struct {
	Method string
	URL    string
	Header http.Header
	Body   []byte
	// Deadline is how long the target may take.
	Deadline time.Duration
	// Account is the service account of the identity token, empty for none,
	// and Audience the token's audience, the URL where it is empty.
	Account, Audience string
}

// Sender makes calls.
type Sender struct {
	Client *http.Client
	// Token signs an identity token.
	Token func(account, audience string) (string, error)
	// Now reads a Retry-After that is a date.
	Now func() time.Time
}

// Outcome is what became of a Call.
type Outcome struct {
	// Code is the HTTP status, 0 where no answer came.
	Code int
	// RetryAfter is the wait that a 429 or 503 asked for, else 0.
	RetryAfter time.Duration
	// Err is why no answer came.
	Err error
}

// NewClient returns a client that does not follow redirects, built on base's
// transport and timeout, or on a transport of its own where base is nil.
func NewClient(base *http.Client) *http.Client {
	client := http.Client{}
	if base != nil {
		client = *base
	}
	if client.Transport == nil {
		client.Transport = &http.Transport{
			DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			MaxIdleConnsPerHost: 256,
			IdleConnTimeout:     30 * time.Second,
			DisableCompression:  true,
		}
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

// Send makes the call, which sets the Authorization header if a token is
// asked for, and waits for the answer, the deadline or the end of ctx.
func (s Sender) Send(ctx context.Context, call Call) Outcome {
	ctx, cancel := context.WithTimeout(ctx, call.Deadline)
	defer cancel()
	if err := s.authorize(call); err != nil {
		return Outcome{Err: err}
	}
	request, err := http.NewRequestWithContext(ctx, call.Method, call.URL, bytes.NewReader(call.Body))
	if err != nil {
		return Outcome{Err: fmt.Errorf("building the request: %w", err)}
	}
	request.Header = call.Header
	response, err := s.Client.Do(request)
	if err != nil {
		return Outcome{Err: err}
	}
	defer response.Body.Close()
	io.CopyN(io.Discard, response.Body, drainBytes) //nolint:errcheck // the status line has decided
	return Outcome{Code: response.StatusCode, RetryAfter: retryAfter(response, s.Now)}
}

func (s Sender) authorize(call Call) error {
	if call.Account == "" {
		return nil
	}
	token, err := s.Token(call.Account, cmp.Or(call.Audience, call.URL))
	if err != nil {
		return err
	}
	call.Header.Set("Authorization", "Bearer "+token)
	return nil
}

func retryAfter(response *http.Response, now func() time.Time) time.Duration {
	if response.StatusCode != http.StatusTooManyRequests && response.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	value := response.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(min(max(seconds, 0), 24*60*60)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now()), 0)
	}
	return 0
}

// OK reports whether the target answered 2xx: anything else is retried.
func (o Outcome) OK() bool { return o.Code >= 200 && o.Code < 300 }

// Answered reports whether any answer came.
func (o Outcome) Answered() bool { return o.Code != 0 }

// Reason is a short text for the retry-reason header.
func (o Outcome) Reason() string {
	switch {
	case o.Answered():
		return "HTTP status " + strconv.Itoa(o.Code)
	case o.timedOut():
		return "deadline exceeded"
	default:
		return "no answer"
	}
}

// Status is the outcome as the APIs report it.
func (o Outcome) Status() *status.Status {
	if o.OK() {
		return &status.Status{Code: int32(codes.OK)}
	}
	if o.Answered() {
		text := fmt.Sprintf("HTTP status %d %s", o.Code, http.StatusText(o.Code))
		return &status.Status{Code: int32(rpcCode(o.Code)), Message: text}
	}
	code := codes.Unavailable
	if o.timedOut() {
		code = codes.DeadlineExceeded
	}
	return &status.Status{Code: int32(code), Message: fmt.Sprintf("%s: %v", o.Reason(), o.Err)}
}

func (o Outcome) timedOut() bool {
	var netError net.Error
	return errors.Is(o.Err, context.DeadlineExceeded) || errors.As(o.Err, &netError) && netError.Timeout()
}

// rpcCode follows the mapping that google/rpc/code.proto gives for HTTP.
func rpcCode(http int) codes.Code {
	known := map[int]codes.Code{
		400: codes.InvalidArgument, 401: codes.Unauthenticated, 403: codes.PermissionDenied,
		404: codes.NotFound, 409: codes.Aborted, 429: codes.ResourceExhausted, 499: codes.Canceled,
		500: codes.Internal, 501: codes.Unimplemented, 503: codes.Unavailable, 504: codes.DeadlineExceeded,
	}
	if code, ok := known[http]; ok {
		return code
	}
	if http >= 400 && http < 500 {
		return codes.FailedPrecondition
	}
	return codes.Unknown
}
