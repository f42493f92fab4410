package tasks

import (
	"net/http"
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

// Stats returns a copy of the counters.
func (s *Server) Stats() Stats {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	stats := s.stats
	stats.Faults = s.Struck()
	for _, q := range s.queues {
		stats.Pending += len(q.tasks)
	}
	return stats
}

// Control serves GET and PUT /faults (the JSON of Faults; a PUT replaces all),
// GET /stats and GET /tokens/jwks (the key of the OIDC tokens).
func (s *Server) Control() http.Handler {
	return s.Page(func() any { return s.Stats() })
}
