// Package webhook sends alerts to any program that takes JSON by POST. The body
// is an alert.Message.
package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
)

// Channel is a receiver of JSON. It is safe for concurrent use.
type Channel struct {
	url    string // may hold a secret
	client *httpcall.Client
}

// readAtMost is how much of an answer is read, so that the connection can be used
// again.
const readAtMost = 64 << 10

// New returns the channel behind an address. now reads a Retry-After that is a
// date.
func New(address string, now func() time.Time) *Channel {
	return &Channel{url: address, client: &httpcall.Client{
		HTTP: alert.NewClient(), Most: readAtMost, Policy: httpcall.Policy{Clock: httpcall.Clock{Now: now}},
	}}
}

// Send implements alert.Channel. Any 2xx says that the message was taken,
// whatever body follows the status.
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
	answer, err := c.client.Once(req)
	if answer.Status == 0 {
		return alert.Unanswered(errors.Unwrap(err)) // the cause alone: the channel names itself
	}
	return alert.Answered(answer.Status, answer.After)
}
