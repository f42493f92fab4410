// Package webhook sends alerts to any program that takes JSON by POST. The body
// is an alert.Message.
package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
)

// Channel is a receiver of JSON. It is safe for concurrent use.
type Channel struct {
	url    string // may hold a secret
	client *http.Client
	now    func() time.Time
}

// New returns the channel behind an address. now reads a Retry-After that is a
// date.
func New(address string, now func() time.Time) *Channel {
	return &Channel{url: address, client: alert.NewClient(), now: now}
}

// readAtMost is how much of an answer is read, so that the connection can be used
// again.
const readAtMost = 64 << 10

// Send implements alert.Channel. Any 2xx says that the message was taken.
func (c *Channel) Send(ctx context.Context, m alert.Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("ALERT_WEBHOOK_URL is no address: want https://host/path")
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := c.client.Do(req)
	if err != nil {
		return alert.Unanswered(err)
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, readAtMost))
	return alert.Answered(res.StatusCode, alert.RetryAfter(res.Header.Get("Retry-After"), c.now()))
}
