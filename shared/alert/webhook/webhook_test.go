package webhook_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/alerttest"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/webhook"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// now is the tests' time.
var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// open opens a channel.
func open(address string) alert.Channel {
	return webhook.New(address, func() time.Time { return now })
}

func TestChannel(t *testing.T) { alerttest.Run(t, open) }

// TestBody is what programs read.
func TestBody(t *testing.T) {
	r := alerttest.NewReceiver(t)
	if err := open(r.URL).Send(t.Context(), alerttest.Message()); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(r.Bodies()[0]), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"alertId": 7.0, "event": "raised", "cause": "behind", "entity": "returns", "title": `returns: <!channel> & "more"`,
		"text": "one & two <b>three</b>", "do": "returnsync status", "link": "https://docs.test/a?b=1&c=2#alert", "raisedAt": "2026-11-20T12:00:00Z",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestAnySuccessIsTaken takes every 2xx, and a date for how long to wait.
func TestAnySuccessIsTaken(t *testing.T) {
	for _, status := range []int{200, 201, 202, 204} {
		r := alerttest.NewReceiver(t, alerttest.Answer{Status: status})
		if err := open(r.URL).Send(t.Context(), alerttest.Message()); err != nil {
			t.Errorf("%d: %v", status, err)
		}
	}
	r := alerttest.NewReceiver(t, alerttest.Answer{Status: 429, RetryAfter: "Fri, 20 Nov 2026 12:01:30 GMT"})
	if err := open(r.URL).Send(t.Context(), alerttest.Message()); fault.AfterOf(err) != 90*time.Second {
		t.Errorf("a date: %v after %v", err, fault.AfterOf(err))
	}
}
