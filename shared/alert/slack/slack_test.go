package slack_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/alerttest"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/slack"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

func TestChannel(t *testing.T) {
	alerttest.Run(t, func(address string) alert.Channel { return slack.New(address) })
}

// TestOnly200IsTaken takes no other success for one.
func TestOnly200IsTaken(t *testing.T) {
	for _, status := range []int{201, 202, 204} {
		r := alerttest.NewReceiver(t, alerttest.Answer{Status: status})
		if err := slack.New(r.URL).Send(t.Context(), alerttest.Message()); fault.KindOf(err) != fault.Retry || err == nil {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// TestText has no markup but ours: what stands in a message notifies nobody.
func TestText(t *testing.T) {
	r := alerttest.NewReceiver(t)
	c := slack.New(r.URL)
	over := alerttest.Message()
	over.Event = alert.Ended
	for _, m := range []alert.Message{alerttest.Message(), over, alert.TestMessage("")} {
		if err := c.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		":red_circle: *returns: &lt;!channel&gt; &amp; \"more\"*\none &amp; two &lt;b&gt;three&lt;/b&gt;\nreturnsync status\n<https://docs.test/a?b=1&amp;c=2#alert|What this means and what to do>",
		":white_check_mark: *Recovered: returns: &lt;!channel&gt; &amp; \"more\"*\none &amp; two &lt;b&gt;three&lt;/b&gt;",
		":information_source: *Return-sync: test of the alerts*\nIf you can read this, alerts arrive here. Nothing is wrong.",
	}
	for i, body := range r.Bodies() {
		var got struct{ Text string }
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want[i], got.Text); diff != "" {
			t.Error(diff)
		}
	}
}
