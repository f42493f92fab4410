package algolia

import (
	"maps"
	"strconv"
	"sync"
)

// counters count what the server was asked. Safe for concurrent use.
type counters struct {
	mu       sync.Mutex
	requests map[string]map[string]int // route -> status -> times
	actions  map[string]int
	largest  int
}

func newCounters() *counters {
	return &counters{requests: map[string]map[string]int{}, actions: map[string]int{}}
}

// request counts an answer; status 0 stands for none.
func (s *counters) request(route string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.requests[route] == nil {
		s.requests[route] = map[string]int{}
	}
	s.requests[route][strconv.Itoa(status)]++
}

// operations counts accepted operations, as they would be billed: each record of
// a batch is one, whether it changes anything or not.
func (s *counters) operations(writes []write) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.largest = max(s.largest, len(writes))
	for _, w := range writes {
		s.actions[w.action]++
	}
}

// Stats are the counters of a Server since it was made.
type Stats struct {
	Requests     map[string]map[string]int `json:"requests"`     // by route ("POST /1/...") and status; "0": no answer
	Operations   map[string]int            `json:"operations"`   // accepted, by action
	Faults       map[FaultKind]int         `json:"faults"`       // played, by kind
	Records      map[string]map[string]int `json:"records"`      // by application and index
	LargestBatch int                       `json:"largestBatch"` // operations in the largest accepted batch
}

// Stats returns the counters.
func (s *Server) Stats() Stats {
	out := Stats{Requests: map[string]map[string]int{}, Records: map[string]map[string]int{}}
	s.stats.mu.Lock()
	for route, byStatus := range s.stats.requests {
		out.Requests[route] = maps.Clone(byStatus)
	}
	out.Operations, out.LargestBatch = maps.Clone(s.stats.actions), s.stats.largest
	s.stats.mu.Unlock()
	s.faults.mu.Lock()
	out.Faults = maps.Clone(s.faults.counts)
	s.faults.mu.Unlock()
	s.mu.Lock()
	apps := maps.Clone(s.apps)
	s.mu.Unlock()
	for id, app := range apps {
		out.Records[id] = map[string]int{}
		for _, i := range app.list() {
			out.Records[id][i.name] = i.engine.Len()
		}
	}
	return out
}

// getStats answers the counters.
func getStats(c *call) (*answer, error) { return ok(c.server.Stats()) }
