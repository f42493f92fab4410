package airtable

import (
	"bufio"
	"maps"
	"net"
	"net/http"
	"strconv"
	"sync"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/mishap"
)

// counters count answers. They are safe for concurrent use.
type counters struct {
	mu       sync.Mutex
	requests map[string]map[string]int
}

func newCounters() *counters { return &counters{requests: map[string]map[string]int{}} }

// request counts an answer; status 0 stands for none.
func (c *counters) request(route string, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.requests[route] == nil {
		c.requests[route] = map[string]int{}
	}
	c.requests[route][strconv.Itoa(status)]++
}

// Stats are the counters of a Server since it was made.
type Stats struct {
	Requests map[string]map[string]int `json:"requests"` // by route and status; "0": no answer
	Limited  int                       `json:"limited"`  // answers with 429, faults included
	Peak     map[string]int            `json:"peak"`     // most requests in any second, by base
	Faults   map[mishap.Kind]int       `json:"faults"`   // played, by kind
	Records  map[string]map[string]int `json:"records"`  // by base and table
}

// Stats returns the counters.
func (s *Server) Stats() Stats {
	out := Stats{Requests: map[string]map[string]int{}, Peak: s.gates.peaks(), Faults: s.faults.Counts(), Records: map[string]map[string]int{}}
	s.stats.mu.Lock()
	for route, byStatus := range s.stats.requests {
		out.Requests[route] = maps.Clone(byStatus)
		out.Limited += byStatus["429"]
	}
	s.stats.mu.Unlock()
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, b := range s.bases {
		out.Records[b.id] = map[string]int{}
		for _, t := range b.tables {
			out.Records[b.id][t.name] = len(t.order)
		}
	}
	return out
}

// counting notes an answer's status.
type counting struct {
	http.ResponseWriter
	status int
}

// WriteHeader is part of http.ResponseWriter.
func (c *counting) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

// Write is part of http.ResponseWriter.
func (c *counting) Write(p []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	return c.ResponseWriter.Write(p)
}

// Hijack is part of http.Hijacker, for connections that are reset.
func (c *counting) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if hijacker, ok := c.ResponseWriter.(http.Hijacker); ok {
		return hijacker.Hijack()
	}
	return nil, nil, http.ErrNotSupported
}
