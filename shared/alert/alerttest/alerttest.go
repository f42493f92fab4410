// Package alerttest is what every channel of alerts is held to, and a receiver
// for tests that stands where one of them leads.
package alerttest

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Answer is how a receiver answers one message.
type Answer struct {
	Status     int
	RetryAfter string
	Location   string
}

// Receiver takes messages and keeps them. It is safe for concurrent use.
type Receiver struct {
	// URL is where messages are posted to. A part of it is a secret.
	URL    string
	mu     sync.Mutex
	script []Answer
	bodies []string
	tried  int
}

// Secret is the part of a receiver's address that nobody may show.
const Secret = "T0SECRET-B0SECRET"

// NewReceiver returns a receiver that answers by the script, then always 200.
func NewReceiver(t testing.TB, script ...Answer) *Receiver {
	r := &Receiver{script: script}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.URL = server.URL + "/services/" + Secret
	return r
}

// ServeHTTP takes a message.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tried++
	answer := Answer{Status: http.StatusOK}
	if len(r.script) > 0 {
		answer, r.script = r.script[0], r.script[1:]
	}
	if answer.RetryAfter != "" {
		w.Header().Set("Retry-After", answer.RetryAfter)
	}
	if answer.Location != "" {
		w.Header().Set("Location", answer.Location)
	}
	w.WriteHeader(answer.Status)
	if answer.Status >= http.StatusBadRequest {
		_, _ = w.Write(body) // as services do: what they answer must not be shown
	}
	if answer.Status == http.StatusOK && req.Method == http.MethodPost && req.URL.Path == "/services/"+Secret {
		r.bodies = append(r.bodies, string(body))
		_, _ = w.Write([]byte("ok"))
	}
}

// Script sets the next answers.
func (r *Receiver) Script(script ...Answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.script = script
}

// Bodies returns the messages that were taken.
func (r *Receiver) Bodies() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.bodies...)
}

// Tried returns how often somebody tried to leave a message.
func (r *Receiver) Tried() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tried
}

// Message is a message with what is awkward to carry.
func Message() alert.Message {
	raised := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	return alert.Message{
		AlertID: 7, Event: alert.Raised, Cause: alert.Behind, Entity: "returns", Title: `returns: <!channel> & "more"`,
		Text: "one & two <b>three</b>", Do: "returnsync status", Link: "https://docs.test/a?b=1&c=2#alert", RaisedAt: &raised,
	}
}

// Place is a double of the place where a channel leads. Its answers follow a script of
// Answer, in its own protocol.
type Place interface {
	Address() string
	Tried() int // how often somebody tried to leave a message
	Taken() int // messages that were taken
}

// Address implements Place.
func (r *Receiver) Address() string { return r.URL }

// Taken implements Place.
func (r *Receiver) Taken() int { return len(r.Bodies()) }

// Suite is what a channel is tested with.
type Suite struct {
	// Open returns a channel that leads to an address.
	Open func(address string) alert.Channel
	// Place returns a double, which answers by the script, then always takes a message.
	Place func(t testing.TB, script ...Answer) Place
	// Nobody is an address where nobody answers.
	Nobody string
	// Timeless says that the protocol cannot ask to wait for a time.
	Timeless bool
}

// Run holds a channel over HTTP to what alert.Channel promises. open returns a channel
// that leads to an address.
func Run(t *testing.T, open func(address string) alert.Channel) {
	Suite{
		Open: open, Nobody: "http://127.0.0.1:1/services/" + Secret,
		Place: func(t testing.TB, script ...Answer) Place { return NewReceiver(t, script...) },
	}.Run(t)
}

// Run holds a channel to what alert.Channel promises.
func (s Suite) Run(t *testing.T) {
	for name, c := range map[string]struct {
		answer Answer
		kind   fault.Kind
		after  time.Duration
	}{
		"throttled":                {Answer{Status: 429, RetryAfter: "30"}, fault.Throttled, 30 * time.Second},
		"throttled without a time": {Answer{Status: 429}, fault.Throttled, 0},
		"throttled with nonsense":  {Answer{Status: 429, RetryAfter: "soon"}, fault.Throttled, 0},
		"an outage":                {Answer{Status: 500}, fault.Retry, 0},
		"a gateway's outage":       {Answer{Status: 503}, fault.Retry, 0},
		"the message is refused":   {Answer{Status: 400}, fault.Invalid, 0},
		"the message is too large": {Answer{Status: 413}, fault.Invalid, 0},
		"the address was revoked":  {Answer{Status: 404}, fault.Retry, 0},
		"the address is forbidden": {Answer{Status: 403}, fault.Retry, 0},
		"led elsewhere":            {Answer{Status: 302, Location: "/taken"}, fault.Retry, 0},
		"led elsewhere for good":   {Answer{Status: 308, Location: "/taken"}, fault.Retry, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if s.Timeless {
				c.after = 0
			}
			r := s.Place(t, c.answer)
			err := s.Open(r.Address()).Send(t.Context(), Message())
			if err == nil || fault.KindOf(err) != c.kind || fault.AfterOf(err) != c.after {
				t.Errorf("Send = %v (kind %d, after %v), want kind %d after %v", err, fault.KindOf(err), fault.AfterOf(err), c.kind, c.after)
			}
			if r.Tried() != 1 {
				t.Errorf("tried %d times; a channel leaves repeating to its caller", r.Tried())
			}
			keepsItsSecret(t, err)
		})
	}
	t.Run("taken", func(t *testing.T) {
		r := s.Place(t)
		if err := s.Open(r.Address()).Send(t.Context(), Message()); err != nil || r.Taken() != 1 {
			t.Errorf("Send = %v, taken %d", err, r.Taken())
		}
	})
	t.Run("nobody answers", func(t *testing.T) {
		err := s.Open(s.Nobody).Send(t.Context(), Message())
		if fault.KindOf(err) != fault.Retry {
			t.Errorf("Send = %v", err)
		}
		keepsItsSecret(t, err)
	})
	t.Run("the caller gives up", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := s.Open(s.Place(t).Address()).Send(ctx, Message())
		if fault.KindOf(err) != fault.Retry {
			t.Errorf("Send = %v", err)
		}
		keepsItsSecret(t, err)
	})
}

// keepsItsSecret looks for the secret in an error.
func keepsItsSecret(t *testing.T, err error) {
	t.Helper()
	coded := base64.StdEncoding.EncodeToString([]byte(Secret))
	if err == nil || strings.Contains(err.Error(), Secret) || strings.Contains(err.Error(), coded) || strings.Contains(err.Error(), "/services/") {
		t.Errorf("the error shows a secret: %v", err)
	}
}
