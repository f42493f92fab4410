package mishap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"
)

func plan(t *testing.T, rules ...Fault) *Plan {
	t.Helper()
	p := New(1, make(chan struct{}), "odd")
	if err := p.Replace(Faults{Rules: rules}); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRefusedRules(t *testing.T) {
	for want, fault := range map[string]Fault{
		"unknown kind":     {Kind: "gremlin"},
		"probability":      {Kind: Reset, Probability: 1.5},
		"no failure":       {Kind: ServerError, Status: 200},
		"negative":         {Kind: Slow, DelayMS: -1},
		"missing closing ": {Kind: "odd", Pattern: "("},
	} {
		p := plan(t, Fault{Kind: Reset})
		err := p.Replace(Faults{Rules: []Fault{{Kind: "odd"}, fault}})
		if err == nil || !strings.Contains(err.Error(), "rule 1: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", fault, err, want)
		}
		if got := p.Faults().Rules; len(got) != 1 || got[0].Kind != Reset {
			t.Errorf("refused rules replaced those in force: %+v", got)
		}
	}
}

func TestStrikes(t *testing.T) {
	p := plan(t, Fault{Kind: "odd", Pattern: "^a", Route: "list", Max: 2})
	for _, test := range []struct {
		route, subject string
		want           bool
	}{{"list", "b", false}, {"get", "a", false}, {"list", "a", true}, {"list", "ab", true}, {"list", "a", false}} {
		if got := p.Strikes(test.route, test.subject, "odd") != nil; got != test.want {
			t.Errorf("%s %s: %v, want %v", test.route, test.subject, got, test.want)
		}
	}
	if p.Counts()["odd"] != 2 {
		t.Errorf("counted %v", p.Counts())
	}
}

func TestSeedRepeats(t *testing.T) {
	draw := func(seed int64) string {
		p := New(0, nil, "odd")
		if err := p.Replace(Faults{Seed: &seed, Rules: []Fault{{Kind: "odd", Probability: 0.5}}}); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		for range 64 {
			fmt.Fprint(&out, p.Strikes("", "", "odd") != nil, " ")
		}
		return out.String()
	}
	first, again, other := draw(7), draw(7), draw(8)
	if first != again || first == other || !strings.Contains(first, "true") || !strings.Contains(first, "false") {
		t.Error("a seed does not decide")
	}
}

func TestServe(t *testing.T) {
	tests := []struct {
		fault   Fault
		status  int // 0: no answer
		applied bool
	}{
		{Fault{Kind: RateLimit, RetryAfter: 3}, 429, false},
		{Fault{Kind: ServerError}, 503, false},
		{Fault{Kind: ServerError, Status: 500}, 500, false},
		{Fault{Kind: HTML}, 200, false},
		{Fault{Kind: Slow, DelayMS: 1}, 201, true},
		{Fault{Kind: Reset}, 0, false},
		{Fault{Kind: ResetApplied}, 0, true},
		{Fault{Kind: Timeout}, 0, false},
		{Fault{Kind: TimeoutApplied}, 0, true},
	}
	for _, test := range tests {
		t.Run(string(test.fault.Kind), func(t *testing.T) {
			p, applied := plan(t, test.fault), make(chan struct{}, 1)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				p.Serve(w, r, "x", func(w http.ResponseWriter, status int) { w.WriteHeader(status) }, func(w http.ResponseWriter, _ *http.Request) {
					applied <- struct{}{}
					w.WriteHeader(201)
				})
			}))
			defer server.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			if strings.HasPrefix(string(test.fault.Kind), "timeout") {
				ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
				defer cancel()
			}
			request, _ := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
			response, err := http.DefaultClient.Do(request)
			status, body := 0, ""
			if err == nil {
				text, _ := io.ReadAll(response.Body)
				response.Body.Close()
				status, body = response.StatusCode, string(text)
			}
			if status != test.status || strings.HasPrefix(body, "<!DOCTYPE") != (test.fault.Kind == HTML) {
				t.Errorf("status %d, %v, body %q", status, err, body)
			}
			if strings.HasPrefix(string(test.fault.Kind), "reset") && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the client saw %v, want a reset", err)
			}
			if test.applied {
				<-applied // the request took effect, if not yet then soon
			} else if len(applied) != 0 {
				t.Error("the request took effect")
			}
		})
	}
}
