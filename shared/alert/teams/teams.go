// Package teams sends alerts to a channel of Microsoft Teams, as an Adaptive Card to
// the webhook of a workflow ("Post to a channel when a webhook request is received").
//
// A workflow that answers 202 has taken the message. Whether it posts the card is the
// workflow's affair: its run history says so.
package teams

import (
	"context"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
)

// Channel is a channel of Teams. It is safe for concurrent use.
type Channel struct{ post *alert.Poster }

// New returns the channel behind a workflow's address. now reads a Retry-After that is
// a date.
func New(address string, now func() time.Time) *Channel {
	return &Channel{alert.NewPoster("TEAMS_WEBHOOK_URL", address, now)}
}

// Send implements alert.Channel.
func (c *Channel) Send(ctx context.Context, m alert.Message) error {
	_, err := c.post.Post(ctx, envelope{Type: "message", Attachments: []attachment{{
		ContentType: "application/vnd.microsoft.card.adaptive", Content: cardOf(m),
	}}})
	return err
}

// envelope is the body that a workflow of this kind takes.
type envelope struct {
	Type        string       `json:"type"`
	Attachments []attachment `json:"attachments"`
}

// attachment is one card of a message.
type attachment struct {
	ContentType string `json:"contentType"`
	Content     card   `json:"content"`
}

// card is an Adaptive Card of version 1.4, the newest that Teams shows on every client.
type card struct {
	Schema  string   `json:"$schema"`
	Type    string   `json:"type"`
	Version string   `json:"version"`
	Body    []block  `json:"body"`
	Actions []action `json:"actions,omitempty"`
}

// block is a paragraph. Its runs show a text as it is: unlike a TextBlock, they read
// no Markdown in it.
type block struct {
	Type    string `json:"type"`
	Inlines []run  `json:"inlines"`
}

// run is a piece of a paragraph.
type run struct {
	Type   string `json:"type"`
	Text   string `json:"text"`
	Weight string `json:"weight,omitempty"`
	Size   string `json:"size,omitempty"`
	Color  string `json:"color,omitempty"`
}

// action is a button below a card.
type action struct {
	Type  string `json:"type"`
	Title string `json:"title"`
	URL   string `json:"url"`
}

// colors make the beginning of trouble look different from its end.
var colors = map[alert.Event]string{alert.Raised: "attention", alert.Ended: "good", alert.Test: "accent"}

// cardOf is a message as a card.
func cardOf(m alert.Message) card {
	c := card{
		Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4",
		Body: []block{
			paragraph(run{Text: m.Headline(), Weight: "bolder", Size: "medium", Color: colors[m.Event]}),
			paragraph(run{Text: m.Text}),
		},
	}
	do, link := m.Remedy()
	if do != "" {
		c.Body = append(c.Body, paragraph(run{Text: do}))
	}
	if link != "" {
		c.Actions = []action{{"Action.OpenUrl", alert.LinkText, link}}
	}
	return c
}

// paragraph is a block with one run.
func paragraph(r run) block {
	r.Type = "TextRun"
	return block{"RichTextBlock", []run{r}}
}
