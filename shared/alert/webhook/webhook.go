// Package webhook sends alerts to any program that takes JSON by POST. The body
// is an alert.Message.
package webhook

import (
	"context"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
)

// Channel is a receiver of JSON. It is safe for concurrent use.
type Channel struct{ post *alert.Poster }

// New returns the channel behind an address. now reads a Retry-After that is a
// date.
func New(address string, now func() time.Time) *Channel {
	return &Channel{alert.NewPoster("ALERT_WEBHOOK_URL", address, now)}
}

// Send implements alert.Channel.
func (c *Channel) Send(ctx context.Context, m alert.Message) error {
	_, err := c.post.Post(ctx, m)
	return err
}
