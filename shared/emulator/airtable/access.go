package airtable

import (
	"crypto/subtle"
	"net/http"
	"strings"
	"sync"
	"time"
)

// tokenRate is how many requests of one token are answered in any second.
const tokenRate = 50

// admit checks a request's token and the rates of its base and token.
func (s *Server) admit(r *http.Request) error {
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer || token == "" {
		return refuse(http.StatusUnauthorized, "AUTHENTICATION_REQUIRED", "Authentication required")
	}
	if subtle.ConstantTimeCompare([]byte(token), []byte(s.options.Token)) != 1 {
		return refuse(http.StatusUnauthorized, "UNAUTHORIZED", "Invalid authentication token")
	}
	if s.options.Rate < 0 {
		return nil
	}
	rate := s.options.Rate
	id := r.PathValue("base")
	if id != "" && s.faults.Strikes("", r.URL.Path, quotaKind) != nil {
		rate = 2
	}
	now := s.options.Now()
	if !s.gates.pass("token", tokenRate, now, 0) || id != "" && !s.gates.pass(id, rate, now, s.options.Penalty) {
		return tooMany{}
	}
	return nil
}

// gates count requests over a sliding second. They are safe for concurrent use.
type gates struct {
	mu    sync.Mutex
	gates map[string]*gate
}

// gate is the count of a base or token.
type gate struct {
	passed []time.Time // the requests of the last second
	shut   time.Time   // until when each request is refused
	peak   int
	total  int
}

func newGates() *gates { return &gates{gates: map[string]*gate{}} }

// pass counts a request. False means that it is one too many, or that the penalty for
// an earlier one is not over.
func (g *gates) pass(name string, rate int, now time.Time, penalty time.Duration) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	one := g.gates[name]
	if one == nil {
		one = &gate{}
		g.gates[name] = one
	}
	one.total++
	keep := 0
	for keep < len(one.passed) && now.Sub(one.passed[keep]) >= time.Second {
		keep++
	}
	one.passed = append(one.passed[keep:], now)
	one.peak = max(one.peak, len(one.passed))
	if now.Before(one.shut) {
		return false
	}
	if len(one.passed) > rate {
		one.shut = now.Add(max(penalty, 0))
		return false
	}
	return true
}

// peaks returns the most requests in any second, by base.
func (g *gates) peaks() map[string]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := map[string]int{}
	for name, one := range g.gates {
		if name != "token" {
			out[name] = one.peak
		}
	}
	return out
}
