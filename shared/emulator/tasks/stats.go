package tasks

import (
	"maps"
	"net/http"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/control"
)

// Stats counts what happened since the server was made, except for Pending and
// Running, which are of the moment.
type Stats struct {
	Created      int `json:"created"`
	Deduplicated int `json:"deduplicated"` // CreateTask calls refused for their name
	Dispatched   int `json:"dispatched"`   // attempts, without injected duplicates
	Succeeded    int `json:"succeeded"`    // tasks that ended with 2xx
	Failed       int `json:"failed"`       // attempts that did not
	Retried      int `json:"retried"`      // attempts planned after a failure
	Exhausted    int `json:"exhausted"`    // tasks given up
	Deleted      int `json:"deleted"`      // tasks deleted or purged
	Pending      int `json:"pending"`      // tasks waiting or running
	Running      int `json:"running"`      // attempts in flight
	// Faults counts the injected ones by their name in the JSON of Faults.
	Faults map[string]int `json:"faults,omitempty"`
}

func (s *Stats) fault(name string) {
	if s.Faults == nil {
		s.Faults = map[string]int{}
	}
	s.Faults[name]++
}

// Stats returns a copy of the counters.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := s.stats
	stats.Faults = maps.Clone(stats.Faults)
	for _, q := range s.queues {
		stats.Pending += len(q.tasks)
	}
	return stats
}

// Faults returns the faults that are on.
func (s *Server) Faults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// IdentityToken returns the token that a delivery as a service account would carry,
// for calls by hand.
func (s *Server) IdentityToken(account, audience string) (string, error) {
	return s.signer.Token(account, audience)
}

// Control serves GET and PUT /faults (the JSON of Faults; a PUT replaces all),
// GET /stats and GET /tokens/jwks (the key of the OIDC tokens).
func (s *Server) Control() http.Handler {
	return control.Door[Faults]{
		Faults:    s.Faults,
		SetFaults: s.SetFaults,
		Stats:     func() any { return s.Stats() },
		Keys:      s.signer,
	}.Handler()
}
