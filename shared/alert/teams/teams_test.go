package teams_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/alerttest"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/teams"
)

// now is the tests' time.
var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// open opens a channel.
func open(address string) alert.Channel {
	return teams.New(address, func() time.Time { return now })
}

func TestChannel(t *testing.T) { alerttest.Run(t, open) }

// object is a JSON object.
type object = map[string]any

// fields are what the elements of an Adaptive Card 1.4 may have, of those that we use.
var fields = map[string][]string{
	"AdaptiveCard":   {"$schema", "type", "version", "body", "actions"},
	"RichTextBlock":  {"type", "inlines"},
	"TextRun":        {"type", "text", "weight", "size", "color"},
	"Action.OpenUrl": {"type", "title", "url"},
}

// values are what fields of theirs may be.
var values = map[string][]string{
	"weight": {"default", "lighter", "bolder"}, "size": {"default", "small", "medium", "large", "extraLarge"},
	"color": {"default", "dark", "light", "accent", "good", "warning", "attention"}, "version": {"1.4"},
}

// read reads a body as a workflow does: it must be a message with one card. It returns
// the card's texts in their order.
func read(body string) (texts []string, err error) {
	if len(body) > 28<<10 {
		return nil, fmt.Errorf("%d bytes: a workflow posts no more than 28 KB", len(body))
	}
	var m struct {
		Type        string
		Attachments []struct {
			ContentType string
			Content     object
		}
	}
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		return nil, err
	}
	if m.Type != "message" || len(m.Attachments) != 1 || m.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" {
		return nil, fmt.Errorf("no message with one card: %s", body)
	}
	return element(m.Attachments[0].Content)
}

// element reads an element and those in it.
func element(o object) (texts []string, err error) {
	kind, _ := o["type"].(string)
	for _, name := range []string{"text", "url"} {
		if text, ok := o[name].(string); ok {
			texts = append(texts, text)
		}
	}
	for name, value := range o {
		if !slices.Contains(fields[kind], name) {
			return nil, fmt.Errorf("%q has no field %s", kind, name)
		}
		if text, ok := value.(string); ok && values[name] != nil && !slices.Contains(values[name], text) {
			return nil, fmt.Errorf("%s: %q", name, text)
		}
	}
	for _, name := range []string{"body", "inlines", "actions"} {
		list, _ := o[name].([]any)
		for _, inner := range list {
			more, err := element(inner.(object))
			if err != nil {
				return nil, err
			}
			texts = append(texts, more...)
		}
	}
	return texts, nil
}

// TestCard is what people see: each text as it is, no button after the end.
func TestCard(t *testing.T) {
	over, long := alerttest.Message(), alerttest.Message()
	over.Event = alert.Ended
	long.Title, long.Text, long.Do, long.Link = strings.Repeat("T", 255), strings.Repeat("x", 1024), strings.Repeat("y", 1024), "https://docs.test/"+strings.Repeat("z", 494)
	for _, c := range []struct {
		m    alert.Message
		want []string
	}{
		{alerttest.Message(), []string{`returns: <!channel> & "more"`, "one & two <b>three</b>", "returnsync status", "https://docs.test/a?b=1&c=2#alert"}},
		{over, []string{`Recovered: returns: <!channel> & "more"`, "one & two <b>three</b>"}},
		{alert.TestMessage(""), []string{"Return-sync: test of the alerts", "If you can read this, alerts arrive here. Nothing is wrong."}},
		{long, []string{long.Title, long.Text, long.Do, long.Link}},
	} {
		r := alerttest.NewReceiver(t)
		if err := open(r.URL).Send(t.Context(), c.m); err != nil {
			t.Fatal(err)
		}
		if got, err := read(r.Bodies()[0]); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%v\ngot  %q\nwant %q", err, got, c.want)
		}
	}
}

// TestReadRefuses holds the test's own reader to the card's rules.
func TestReadRefuses(t *testing.T) {
	for _, card := range []string{
		`{"type":"AdaptiveCard","version":"1.9"}`, `{"type":"AdaptiveCard","text":"x"}`, `{"type":"AdaptiveCard","body":[{"type":"Other"}]}`,
		`{"type":"AdaptiveCard","body":[{"type":"RichTextBlock","inlines":[{"type":"TextRun","text":"x","color":"red"}]}]}`,
	} {
		if _, err := read(`{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","content":` + card + `}]}`); err == nil {
			t.Errorf("%s was read", card)
		}
	}
}
