// Package pagerduty opens and resolves incidents of PagerDuty, through version 2 of its
// Events API. An alert's key is the deduplication key: however often a message arrives,
// a cause has one incident, and the recovery resolves it.
package pagerduty

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Integration holds the environment's settings of the channel.
type Integration struct {
	// RoutingKey is the integration key of a service: a secret.
	RoutingKey string `env:"PAGERDUTY_ROUTING_KEY"`
	// URL is where events go; services of the EU have another host.
	URL string `env:"PAGERDUTY_URL, default=https://events.pagerduty.com/v2/enqueue"`
}

// Channel is an integration of a service of PagerDuty. It is safe for concurrent use.
type Channel struct {
	key          string // a secret
	installation string
	post         *alert.Poster
}

// New returns the channel of an integration. The installation's name keeps the incidents
// of several installations apart. now reads a Retry-After that is a date.
func New(c Integration, installation string, now func() time.Time) *Channel {
	return &Channel{c.RoutingKey, installation, alert.NewPoster("PAGERDUTY_URL", c.URL, now)}
}

// event is the body of one call. Names and values are those of the Events API.
type event struct {
	RoutingKey string   `json:"routing_key"`
	Action     string   `json:"event_action"`
	DedupKey   string   `json:"dedup_key"`
	Client     string   `json:"client,omitempty"`
	Payload    *payload `json:"payload,omitempty"`
	Links      []link   `json:"links,omitempty"`
}

// payload describes an incident.
type payload struct {
	Summary   string         `json:"summary"`
	Source    string         `json:"source"`
	Severity  string         `json:"severity"`
	Timestamp *time.Time     `json:"timestamp,omitempty"`
	Component string         `json:"component,omitempty"`
	Class     string         `json:"class,omitempty"`
	Details   map[string]any `json:"custom_details,omitempty"`
}

// link is a link of an incident.
type link struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

// Send implements alert.Channel. A test opens an incident of severity info and resolves
// it, so that nobody has to.
func (c *Channel) Send(ctx context.Context, m alert.Message) error {
	if m.Event != alert.Ended {
		if err := c.send(ctx, c.trigger(m)); err != nil {
			return err
		}
	}
	if m.Event == alert.Raised {
		return nil
	}
	return c.send(ctx, event{RoutingKey: c.key, Action: "resolve", DedupKey: c.dedup(m)})
}

// send sends one event. The API answers 400 to a wrong key as well as to a wrong event;
// only the second means that the message will never be taken.
func (c *Channel) send(ctx context.Context, e event) error {
	body, err := c.post.Post(ctx, e)
	if fault.KindOf(err) == fault.Invalid && namesKey(body) {
		return fault.New(fault.Retry, "alert-address", "PagerDuty does not know PAGERDUTY_ROUTING_KEY; set the integration key of an Events API v2 integration")
	}
	return err
}

// namesKey reports whether a refusal's list of errors speaks of the routing key.
func namesKey(body []byte) bool {
	var refusal struct {
		Errors []string `json:"errors"`
	}
	if json.Unmarshal(body, &refusal) != nil {
		return false
	}
	return slices.ContainsFunc(refusal.Errors, func(s string) bool {
		return strings.Contains(strings.ReplaceAll(strings.ToLower(s), "_", " "), "routing key")
	})
}

// source is what incidents are about.
func (c *Channel) source() string { return cmp.Or(c.installation, "return-sync") }

// dedup is the key of a message's incident. It is the alert's key and not its number: an
// alert with news replaces the older alert, and both are one incident.
func (c *Channel) dedup(m alert.Message) string {
	if m.Event == alert.Test {
		return c.source() + "/test"
	}
	return c.source() + "/" + alert.Key{Cause: m.Cause, Entity: m.Entity}.String()
}

// trigger is the event that opens a message's incident.
func (c *Channel) trigger(m alert.Message) event {
	e := event{
		RoutingKey: c.key, Action: "trigger", DedupKey: c.dedup(m), Client: "return-sync",
		Payload: &payload{
			Summary: m.Headline(), Source: c.source(), Severity: severity(m), Timestamp: m.RaisedAt, Component: m.Entity, Class: string(m.Cause),
			Details: map[string]any{"text": m.Text},
		},
	}
	if m.Do != "" {
		e.Payload.Details["do"] = m.Do
	}
	if strings.HasPrefix(m.Link, "https://") || strings.HasPrefix(m.Link, "http://") {
		e.Links = []link{{m.Link, alert.LinkText}}
	}
	return e
}

// severity is how grave a message is.
func severity(m alert.Message) string {
	switch {
	case m.Event == alert.Test:
		return "info"
	case m.Cause.Level() == slog.LevelWarn:
		return "warning"
	}
	return "error"
}
