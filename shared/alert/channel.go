package alert

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Channel sends messages to people. A nil error means that the message has
// arrived. fault.Throttled asks to wait, fault.Retry says that it may go through
// later, fault.Invalid that this message never will. No error holds the channel's
// address, because whoever knows it can write there.
type Channel interface {
	Send(ctx context.Context, m Message) error
}

// Answered turns the status of a channel's answer into Send's error. Whoever
// answers anything else than success has not taken the message.
func Answered(status int, after time.Duration) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusTooManyRequests:
		return fault.New(fault.Throttled, "alert-throttled", "the channel answered 429: too many messages").WithAfter(after)
	case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge, status == http.StatusUnprocessableEntity:
		return fault.New(fault.Invalid, "alert-refused", "the channel answered %d: it does not take this message", status)
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound, status == http.StatusGone:
		return fault.New(fault.Retry, "alert-address", "the channel answered %d: its address is wrong or was revoked; set the right one", status)
	}
	return fault.New(fault.Retry, "alert-unsent", "the channel answered %d", status).WithAfter(after)
}

// Unanswered is Send's error when no answer came.
func Unanswered(err error) error {
	if err == nil {
		return nil
	}
	// The client's own error begins with the address.
	var inner *url.Error
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return fault.Wrap(err, fault.Retry, "alert-unsent", "the channel does not answer")
}

// RetryAfter reads a Retry-After header: seconds, or a date; 0 for neither.
func RetryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(header, 10, 32); err == nil {
		return max(time.Duration(seconds)*time.Second, 0)
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// Address checks a channel's address, without quoting it.
func Address(name, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New(name + " is no address: want https://host/path")
	}
	return nil
}

// sendWithin bounds one message.
const sendWithin = 10 * time.Second

// NewClient returns the HTTP client of a channel. It follows no redirect: a page
// that a message was led to has not taken it.
func NewClient() *http.Client {
	return &http.Client{
		Timeout:       sendWithin,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
