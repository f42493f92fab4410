// Package slack sends alerts to a channel of Slack, through an incoming webhook.
package slack

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
)

// Channel is a channel of Slack. It is safe for concurrent use.
type Channel struct {
	url    string // a secret
	client *http.Client
}

// New returns the channel behind an incoming webhook's address.
func New(address string) *Channel { return &Channel{url: address, client: alert.NewClient()} }

// Send implements alert.Channel. Slack says 200 and nothing else when it has
// taken a message.
func (c *Channel) Send(ctx context.Context, m alert.Message) error {
	err := slack.PostWebhookCustomHTTPContext(ctx, c.url, c.client, &slack.WebhookMessage{Text: text(m)})
	var limited *slack.RateLimitedError
	var answered slack.StatusCodeError
	var number *strconv.NumError
	switch {
	case errors.As(err, &limited):
		return alert.Answered(http.StatusTooManyRequests, min(limited.RetryAfter, httpcall.MaxRetryAfter))
	case errors.As(err, &number): // of a Retry-After that is no number
		return alert.Answered(http.StatusTooManyRequests, 0)
	case errors.As(err, &answered) && answered.Code < http.StatusMultipleChoices:
		return fault.New(fault.Retry, "alert-unsent", "Slack answered %d instead of 200", answered.Code)
	case errors.As(err, &answered):
		return alert.Answered(answered.Code, 0)
	}
	return alert.Unanswered(err)
}

// marks stand before a message, so that the beginning of trouble looks different
// from its end.
var marks = map[alert.Event]string{alert.Raised: ":red_circle:", alert.Ended: ":white_check_mark:", alert.Test: ":information_source:"}

// text is the message as Slack shows it.
func text(m alert.Message) string {
	lines := []string{marks[m.Event] + " *" + escape(m.Headline()) + "*", escape(m.Text)}
	do, link := m.Remedy()
	if do != "" {
		lines = append(lines, escape(do))
	}
	if link != "" {
		lines = append(lines, "<"+escape(link)+"|"+alert.LinkText+">")
	}
	return strings.Join(lines, "\n")
}

// escape takes their meaning from the characters that Slack reads as markup.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}
