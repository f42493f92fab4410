package scheduler

import (
	"net/http"
	"time"
)

// Stats counts what happened since the server was made, except for Running,
// which is of the moment.
type Stats struct {
	Ticks     int `json:"ticks"`     // executions begun, by schedule or by Tick
	Attempts  int `json:"attempts"`  // requests, without injected duplicates
	Succeeded int `json:"succeeded"` // attempts answered with 2xx
	Failed    int `json:"failed"`    // attempts that were not
	Retried   int `json:"retried"`   // attempts planned after a failure
	Forced    int `json:"forced"`    // runs by RunJob
	Running   int `json:"running"`   // attempts and injected duplicates that have not ended
	// Faults counts the injected ones by their name in the JSON of Faults.
	Faults map[string]int `json:"faults,omitempty"`
}

// Stats returns a copy of the counters.
func (s *Server) Stats() Stats {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	stats := s.stats
	stats.Faults = s.Struck()
	return stats
}

// Control serves GET and PUT /faults (the JSON of Faults; a PUT replaces all),
// GET /stats, GET /tokens/jwks (the key of the OIDC tokens), and
// POST /tick?job=NAME&at=TIME (RFC 3339, default now), which is [Server.Tick]:
// 204 when the tick succeeded, 502 with the reason when it did not.
func (s *Server) Control() http.Handler {
	mux := s.Page(func() any { return s.Stats() })
	mux.HandleFunc("POST /tick", s.serveTick)
	return mux
}

func (s *Server) serveTick(w http.ResponseWriter, r *http.Request) {
	at := s.Now()
	if text := r.URL.Query().Get("at"); text != "" {
		parsed, err := time.Parse(time.RFC3339, text)
		if err != nil {
			http.Error(w, "at: write a time such as 2026-11-21T04:15:00Z", http.StatusBadRequest)
			return
		}
		at = parsed
	}
	if err := s.Tick(r.Context(), r.URL.Query().Get("job"), at); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
