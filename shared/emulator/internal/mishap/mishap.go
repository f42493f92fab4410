// Package mishap plays failures of an HTTP service: rate limits, server errors,
// silence, reset connections and pages of HTML, by rules that a seed makes
// repeatable. The same seed, rules and sequence of requests give the same failures.
//
// A service adds kinds of its own, such as the refusal of a record, and asks Strikes
// where they apply.
package mishap

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"sync"
)

// Kind names a way to fail.
type Kind string

// The ways that every service has. "Applied" kinds fail after the request took
// effect: the client never gets the answer.
const (
	RateLimit      Kind = "rateLimit"      // 429, with Retry-After when RetryAfter is set
	ServerError    Kind = "serverError"    // Status, 503 without one
	Timeout        Kind = "timeout"        // no answer until the client gives up
	TimeoutApplied Kind = "timeoutApplied" // the same, after the request took effect
	Reset          Kind = "reset"          // the connection is reset
	ResetApplied   Kind = "resetApplied"   // the same, after the request took effect
	HTML           Kind = "html"           // 200 with a page of HTML in the answer's place
	Slow           Kind = "slow"           // the answer comes DelayMS later
)

// common are the kinds that Serve plays.
var common = []Kind{RateLimit, ServerError, Timeout, TimeoutApplied, Reset, ResetApplied, HTML, Slow}

// Fault is one way to fail and how often. The zero Probability means always, the
// zero Max without limit.
type Fault struct {
	Kind        Kind    `json:"kind"`
	Probability float64 `json:"probability,omitempty"` // in (0, 1]
	Max         int     `json:"max,omitempty"`         // times it happens at most
	Route       string  `json:"route,omitempty"`       // only this call; empty: each
	RetryAfter  int     `json:"retryAfter,omitempty"`  // RateLimit: seconds
	Status      int     `json:"status,omitempty"`      // ServerError
	DelayMS     int     `json:"delayMs,omitempty"`     // Slow: milliseconds
	Pattern     string  `json:"pattern,omitempty"`     // the service's own kinds: whom it strikes, a regular expression
}

// Faults are the failures to play, in order of precedence.
type Faults struct {
	Seed  *int64  `json:"seed,omitempty"` // restarts the decisions; without it the service's seed does
	Rules []Fault `json:"rules"`
}

// Plan decides which request fails. It is safe for concurrent use.
type Plan struct {
	own  []Kind // the service's kinds
	seed int64
	done <-chan struct{} // the service's end

	mu     sync.Mutex
	faults Faults
	rules  []*rule
	random *rand.Rand
	counts map[Kind]int
}

type rule struct {
	Fault
	pattern *regexp.Regexp
	fired   int
}

// New returns a plan without faults for a service with kinds of its own. Silent
// requests end with done.
func New(seed int64, done <-chan struct{}, own ...Kind) *Plan {
	p := &Plan{own: own, seed: seed, done: done, counts: map[Kind]int{}}
	p.random = rand.New(rand.NewPCG(uint64(seed), 0))
	return p
}

// Faults returns the faults in force.
func (p *Plan) Faults() Faults {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Faults{Seed: p.faults.Seed, Rules: append([]Fault{}, p.faults.Rules...)}
}

// Counts returns how often each kind was played.
func (p *Plan) Counts() map[Kind]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.counts)
}

// Replace puts other faults in force; faults that could never happen as written are
// refused.
func (p *Plan) Replace(f Faults) error {
	rules := make([]*rule, 0, len(f.Rules))
	for n, fault := range f.Rules {
		r, err := p.compile(fault)
		if err != nil {
			return fmt.Errorf("rule %d: %w", n, err)
		}
		rules = append(rules, r)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	seed := p.seed
	if f.Seed != nil {
		seed = *f.Seed
	}
	p.faults, p.rules = f, rules
	p.random = rand.New(rand.NewPCG(uint64(seed), 0))
	return nil
}

// compile checks a fault.
func (p *Plan) compile(f Fault) (*rule, error) {
	known := append(slices.Clone(common), p.own...)
	switch {
	case !slices.Contains(known, f.Kind):
		return nil, fmt.Errorf("unknown kind %q, expected one of %v", f.Kind, known)
	case !(f.Probability >= 0 && f.Probability <= 1):
		return nil, fmt.Errorf("probability %v is not between 0 and 1", f.Probability)
	case f.Status != 0 && (f.Status < 300 || f.Status > 599):
		return nil, fmt.Errorf("status %d is no failure", f.Status)
	case f.Max < 0 || f.DelayMS < 0 || f.RetryAfter < 0:
		return nil, fmt.Errorf("max, delayMs and retryAfter must not be negative")
	}
	pattern, err := regexp.Compile(f.Pattern)
	return &rule{Fault: f, pattern: pattern}, err
}

// Strikes returns the fault of one of the kinds that happens to a subject now, nil
// for none. Route is the call that is answered.
func (p *Plan) Strikes(route, subject string, kinds ...Kind) *Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.rules {
		if !slices.Contains(kinds, r.Kind) || r.Route != "" && r.Route != route || !r.pattern.MatchString(subject) {
			continue
		}
		if p.fires(r) {
			return &r.Fault
		}
	}
	return nil
}

// fires decides whether a rule whose condition is met happens now. The caller holds
// the lock.
func (p *Plan) fires(r *rule) bool {
	if r.Max > 0 && r.fired >= r.Max {
		return false
	}
	if r.Probability > 0 && p.random.Float64() >= r.Probability {
		return false
	}
	r.fired++
	p.counts[r.Kind]++
	return true
}
