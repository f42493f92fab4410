package algolia

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
)

// FaultKind names a way to fail.
type FaultKind string

// The ways to fail. "Applied" kinds fail after the write was accepted: it will
// be published although the client never gets the answer.
const (
	RateLimit      FaultKind = "rateLimit"      // 429, with Retry-After when RetryAfter is set
	ServerError    FaultKind = "serverError"    // Status, 503 without one
	Timeout        FaultKind = "timeout"        // no answer until the client gives up
	TimeoutApplied FaultKind = "timeoutApplied" // the same, after the write
	Reset          FaultKind = "reset"          // the connection is reset
	ResetApplied   FaultKind = "resetApplied"   // the same, after the write
	RefuseNamed    FaultKind = "refuseNamed"    // 400 for the batch, naming the matching record
	RefuseUnnamed  FaultKind = "refuseUnnamed"  // 400 for the batch, naming nobody
	SlowPublish    FaultKind = "slowPublish"    // the task stays pending DelayMS longer; without it, until the faults are replaced
)

// Fault is one way to fail and how often. The zero Probability means always, the
// zero Max without limit.
type Fault struct {
	Kind        FaultKind `json:"kind"`
	Probability float64   `json:"probability,omitempty"` // in (0, 1]
	Max         int       `json:"max,omitempty"`         // times it happens at most
	Scope       string    `json:"scope,omitempty"`       // writes (default), reads or all
	Route       string    `json:"route,omitempty"`       // only this call, e.g. "POST /1/indexes/{index}/batch"
	RetryAfter  int       `json:"retryAfter,omitempty"`  // RateLimit: seconds
	Status      int       `json:"status,omitempty"`      // ServerError
	DelayMS     int       `json:"delayMs,omitempty"`     // SlowPublish: milliseconds
	IDs         []string  `json:"ids,omitempty"`         // Refuse kinds: objectIDs that are refused
	Pattern     string    `json:"pattern,omitempty"`     // Refuse kinds: or a regular expression for them
}

// Faults are the failures to play, in order of precedence. The same seed, faults
// and sequence of requests give the same failures.
type Faults struct {
	Seed  *int64  `json:"seed,omitempty"` // restarts the decisions; without it Options.Seed does
	Rules []Fault `json:"rules"`
}

// check refuses faults that could never happen as written.
func (f Faults) check() error {
	kinds := []FaultKind{RateLimit, ServerError, Timeout, TimeoutApplied, Reset, ResetApplied, RefuseNamed, RefuseUnnamed, SlowPublish}
	for n, rule := range f.Rules {
		switch {
		case !slices.Contains(kinds, rule.Kind):
			return fmt.Errorf("rule %d: unknown kind %q, expected one of %v", n, rule.Kind, kinds)
		case rule.Probability < 0 || rule.Probability > 1:
			return fmt.Errorf("rule %d: probability %v is not between 0 and 1", n, rule.Probability)
		case !slices.Contains([]string{"", "writes", "reads", "all"}, rule.Scope):
			return fmt.Errorf("rule %d: unknown scope %q, expected writes, reads or all", n, rule.Scope)
		case rule.Status != 0 && (rule.Status < 300 || rule.Status > 599):
			return fmt.Errorf("rule %d: status %d is no failure", n, rule.Status)
		}
		if _, err := regexp.Compile(rule.Pattern); err != nil {
			return fmt.Errorf("rule %d: %w", n, err)
		}
	}
	return nil
}

// getFaults and putFaults show and replace the failures at run time.
func getFaults(c *call) (*answer, error) {
	p := c.server.faults
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.faults
	if f.Rules == nil {
		f.Rules = []Fault{}
	}
	return ok(f)
}

func putFaults(c *call) (*answer, error) {
	var f Faults
	if err := json.Unmarshal(c.body, &f); err != nil {
		return nil, badRequest(err)
	}
	if err := c.server.faults.replace(f); err != nil {
		return nil, badRequest(err)
	}
	return getFaults(c)
}
