package httpcall

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Client calls one service over HTTP. It is safe for concurrent use; the zero
// Client makes one attempt and reads at most DefaultMost bytes.
type Client struct {
	HTTP   *http.Client // nil is http.DefaultClient
	Policy Policy
	// Most is how many bytes an answer may have; 0 is DefaultMost.
	Most int64
	// Service names the other side in errors, such as "Airtable".
	Service string
	// Secrets never stand in an error.
	Secrets []string
}

// DefaultMost is how many bytes an answer may have where nobody says so.
const DefaultMost = 1 << 20

// Answer is an answer that was read as a whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	After  time.Duration // Retry-After, 0 for no opinion
}

// Success reports whether the status is 2xx.
func (a Answer) Success() bool { return a.Status >= 200 && a.Status < 300 }

// StatusError is an answer that is no success. It is the cause of the fault that
// Do returns.
type StatusError struct {
	Status int
	Text   string // the beginning of the body, without secrets
}

// Error says the status and the beginning of the answer.
func (e *StatusError) Error() string {
	if e.Text == "" {
		return fmt.Sprintf("status %d", e.Status)
	}
	return fmt.Sprintf("status %d: %s", e.Status, e.Text)
}

// The codes of the faults that a Client returns.
const (
	CodeUnanswered = "service-unanswered"
	CodeRefused    = "service-refused"
	CodeTooLarge   = "answer-too-large"
)

// Do makes the request, repeats it as the policy says, and returns the answer
// once it is a success. build is called for every attempt, because a body is
// read once; its errors are returned as they are. Callers send what can be
// repeated without harm, such as a read or a write with an idempotency key.
func (c *Client) Do(ctx context.Context, build func(context.Context) (*http.Request, error)) (Answer, error) {
	var answer Answer
	err := c.Policy.Repeat(ctx, func(ctx context.Context) error {
		request, err := build(ctx)
		if err != nil {
			return err
		}
		if answer, err = c.Once(request); err != nil {
			return err
		}
		return c.refusal(answer)
	})
	return answer, err
}

// Once sends one request and reads the answer, whatever its status is. The error
// is a fault.Retry where no answer came, a fault.TooLarge where it has more than
// Most bytes.
func (c *Client) Once(request *http.Request) (Answer, error) {
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return Answer{}, c.unanswered(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer := Answer{
		Status: response.StatusCode, Header: response.Header,
		After: RetryAfter(response.Header.Get("Retry-After"), c.Policy.Clock.now()),
	}
	most := c.most()
	answer.Body, err = io.ReadAll(http.MaxBytesReader(nil, response.Body, most))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return answer, fault.New(fault.TooLarge, CodeTooLarge, "%s answered more than %d bytes", c.service(), most)
	case err != nil:
		return answer, c.unanswered(err)
	}
	return answer, nil
}

// most returns how many bytes an answer may have.
func (c *Client) most() int64 {
	if c.Most > 0 {
		return c.Most
	}
	return DefaultMost
}

// service names the other side.
func (c *Client) service() string {
	if c.Service == "" {
		return "the service"
	}
	return c.Service
}

// unanswered is the error of a request without an answer.
func (c *Client) unanswered(err error) error {
	return fault.Wrap(Redact(err, c.Secrets...), fault.Retry, CodeUnanswered, c.service()+" does not answer")
}

// KindOf returns the kind of an answer by its status. A status that waiting
// cannot cure is Misconfigured where a person has to change an address or a key,
// and Invalid where the request itself is wrong.
func KindOf(status int) fault.Kind {
	switch status {
	case http.StatusTooManyRequests:
		return fault.Throttled
	case http.StatusRequestTimeout, http.StatusTooEarly:
		return fault.Retry
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusProxyAuthRequired:
		return fault.Misconfigured
	case http.StatusNotFound, http.StatusGone:
		return fault.NotFound
	case http.StatusRequestEntityTooLarge:
		return fault.TooLarge
	case http.StatusConflict, http.StatusPreconditionFailed:
		return fault.Superseded
	}
	switch {
	case status >= 500:
		return fault.Retry
	case status >= 400:
		return fault.Invalid
	}
	return fault.Misconfigured // a redirect that nobody follows, or no HTTP at all
}

// refusal is the error of an answer, nil for a success.
func (c *Client) refusal(a Answer) error {
	if a.Success() {
		return nil
	}
	cause := &StatusError{Status: a.Status, Text: c.excerpt(a.Body)}
	return &fault.Error{
		Kind: KindOf(a.Status), Code: CodeRefused, After: a.After, Err: cause,
		Message: fmt.Sprintf("%s answered %d", c.service(), a.Status),
	}
}

// maxExcerpt is how many bytes of an answer an error quotes.
const maxExcerpt = 300

// excerpt returns the beginning of an answer as one line without secrets.
func (c *Client) excerpt(body []byte) string {
	text := Redact(errors.New(string(body)), c.Secrets...).Error() // before the cut, which may halve a secret
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if len(text) > maxExcerpt {
		text = strings.ToValidUTF8(text[:maxExcerpt], "")
	}
	return text
}
