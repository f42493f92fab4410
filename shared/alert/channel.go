package alert

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
)

// Channel sends messages to people. A nil error means that the message has
// arrived. fault.Throttled asks to wait, fault.Retry says that it may go through
// later, fault.Invalid that this message never will. No error holds the channel's
// address: an address is all that is needed to write to the channel.
type Channel interface {
	Send(ctx context.Context, m Message) error
}

// Answered turns the status of a channel's answer into Send's error. A channel that
// answers anything but success has not taken the message.
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
	return fault.Wrap(httpcall.Redact(err), fault.Retry, "alert-unsent", "the channel does not answer")
}

// Address checks a channel's address, without quoting it.
func Address(name, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New(name + " is no address: want https://host/path")
	}
	return nil
}

// SendWithin bounds one message.
const SendWithin = 10 * time.Second

// NewClient returns the HTTP client of a channel. It follows no redirect: a page
// that a message was led to has not taken it.
func NewClient() *http.Client {
	return &http.Client{
		Timeout:       SendWithin,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
