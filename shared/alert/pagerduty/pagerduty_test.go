package pagerduty_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/alerttest"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/pagerduty"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// key is a routing key: 32 characters. It holds the secret that no error may show.
var key = alerttest.Secret + strings.Repeat("0", 32-len(alerttest.Secret))

// open opens a channel.
func open(address string) alert.Channel {
	return pagerduty.New(pagerduty.Integration{RoutingKey: key, URL: address}, "", time.Now)
}

func TestChannel(t *testing.T) { alerttest.Run(t, open) }

// events is a double of the Events API, version 2: it checks each event and keeps the
// incidents by their deduplication keys.
type events struct {
	open map[string]event // incidents that are not resolved
	log  []string         // each step: the action and the key
}

// event is the part of an event that incidents keep.
type event struct {
	RoutingKey string `json:"routing_key"`
	Action     string `json:"event_action"`
	DedupKey   string `json:"dedup_key"`
	Client     string
	Payload    *struct {
		Summary, Source, Severity, Component, Class string
		Timestamp                                   *time.Time
		Details                                     map[string]string `json:"custom_details"`
	}
	Links []struct{ Href, Text string }
}

// problems says what is wrong with an event, in the API's manner.
func (e event) problems() (list []string) {
	demand := func(ok bool, problem string) {
		if !ok {
			list = append(list, problem)
		}
	}
	demand(len(e.RoutingKey) == 32, "Length of 'routing_key' is incorrect (should be 32 characters)")
	demand(slices.Contains([]string{"trigger", "acknowledge", "resolve"}, e.Action), "'event_action' is invalid")
	demand(e.DedupKey != "" && len(e.DedupKey) <= 255, "'dedup_key' is missing or longer than 255 characters")
	if e.Action == "trigger" {
		demand(e.Payload != nil && e.Payload.Summary != "" && len(e.Payload.Summary) <= 1024, "'payload.summary' is missing or blank")
		demand(e.Payload != nil && e.Payload.Source != "", "'payload.source' is missing or blank")
		demand(e.Payload != nil && slices.Contains([]string{"critical", "error", "warning", "info"}, e.Payload.Severity), "'payload.severity' is invalid")
	}
	return list
}

// ServeHTTP takes an event.
func (e *events) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 512<<10+1))
	var got event
	problems := []string{"JSON is no object of at most 512 KB"}
	if json.Unmarshal(body, &got) == nil && len(body) <= 512<<10 {
		problems = got.problems()
	}
	if r.Method != http.MethodPost || len(problems) > 0 {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "invalid event", "message": "Event object is invalid", "errors": problems})
		return
	}
	e.log = append(e.log, got.Action+" "+got.DedupKey)
	switch got.Action {
	case "trigger":
		e.open[got.DedupKey] = got
	case "resolve":
		delete(e.open, got.DedupKey)
	}
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"success","message":"Event processed","dedup_key":"`+got.DedupKey+`"}`)
}

// api starts a double.
func api(t *testing.T) (*events, string) {
	e := &events{open: map[string]event{}}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	return e, server.URL
}

// TestIncident has one incident a cause, which the recovery resolves: also when a message
// arrives twice, when news replaced the alert, and with another installation's beside it.
func TestIncident(t *testing.T) {
	e, address := api(t)
	send := func(installation string, m alert.Message) {
		t.Helper()
		if err := pagerduty.New(pagerduty.Integration{RoutingKey: key, URL: address}, installation, time.Now).Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	first := alerttest.Message()
	renewed, over := first, first
	renewed.AlertID, over.AlertID, over.Event = 8, 8, alert.Ended
	send("", first)
	send("", first)
	send("", renewed)
	send("acme-eu", first)
	if len(e.open) != 2 {
		t.Fatalf("incidents %v", e.open)
	}
	got := e.open["return-sync/behind/returns"]
	if got.Payload == nil || len(got.Links) != 1 {
		t.Fatalf("incident %+v", got)
	}
	if diff := cmp.Diff(map[string]string{"text": first.Text, "do": first.Do}, got.Payload.Details); diff != "" {
		t.Error(diff)
	}
	p := got.Payload
	if p.Summary != first.Title || p.Severity != "error" || p.Component != "returns" || p.Class != "behind" || !p.Timestamp.Equal(*first.RaisedAt) || got.Links[0].Href != first.Link {
		t.Errorf("incident %+v", *p)
	}
	send("", over)
	send("", over)
	if _, ok := e.open["acme-eu/behind/returns"]; len(e.open) != 1 || !ok {
		t.Errorf("incidents after the recovery %v", e.open)
	}
}

// TestSeverity follows the cause.
func TestSeverity(t *testing.T) {
	for cause, want := range map[alert.Cause]string{alert.Offline: "error", alert.RunFailed: "warning", "reports/report-failed": "error"} {
		e, address := api(t)
		m := alerttest.Message()
		m.Cause, m.Link = cause, "javascript:alert(1)"
		if err := open(address).Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		for _, got := range e.open {
			if got.Payload.Severity != want || len(got.Links) != 0 {
				t.Errorf("%s: %+v", cause, got)
			}
		}
	}
}

// TestTestLeavesNothing opens an incident and resolves it.
func TestTestLeavesNothing(t *testing.T) {
	e, address := api(t)
	if err := open(address).Send(t.Context(), alert.TestMessage("https://docs.test")); err != nil {
		t.Fatal(err)
	}
	if want := []string{"trigger return-sync/test", "resolve return-sync/test"}; !slices.Equal(e.log, want) || len(e.open) != 0 {
		t.Errorf("%q, want %q", e.log, want)
	}
}

// TestWrongKey keeps the message for the time when the key is right; a refused event is
// given up.
func TestWrongKey(t *testing.T) {
	_, address := api(t)
	err := pagerduty.New(pagerduty.Integration{RoutingKey: "short", URL: address}, "", time.Now).Send(t.Context(), alerttest.Message())
	if fault.KindOf(err) != fault.Retry || !strings.Contains(err.Error(), "PAGERDUTY_ROUTING_KEY") {
		t.Errorf("a wrong key: %v", err)
	}
	empty := alerttest.Message()
	empty.Title = ""
	if err = open(address).Send(t.Context(), empty); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a refused event: %v", err)
	}
}
