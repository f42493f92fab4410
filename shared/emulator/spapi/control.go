package spapi

import (
	"maps"
	"net/http"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/control"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/mishap"
)

// Faults are the failures to play; see the package comment.
type Faults = mishap.Faults

// Fault is one of them.
type Fault = mishap.Fault

// FaultKind is the kind of a Fault.
type FaultKind = mishap.Kind

// SetFaults replaces the failures to play.
func (s *Server) SetFaults(f Faults) error { return s.faults.Replace(f) }

// Stats are the counters of a Server since it was made.
type Stats struct {
	Requests map[string]map[string]int `json:"requests"` // by operation and status
	Faults   map[mishap.Kind]int       `json:"faults"`   // played, by kind
	Reports  map[string]int            `json:"reports"`  // by state
	Ordered  map[string]int            `json:"ordered"`  // reports by type
	Fetched  int                       `json:"fetched"`  // reports whose document was read
}

// Stats returns the counters.
func (s *Server) Stats() Stats {
	out := Stats{Requests: map[string]map[string]int{}, Faults: s.faults.Counts(), Reports: map[string]int{}, Ordered: map[string]int{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	for operation, byStatus := range s.requests {
		out.Requests[operation] = maps.Clone(byStatus)
	}
	for _, one := range s.order {
		status, _, _ := s.state(one, s.options.Now())
		out.Reports[status]++
		out.Ordered[one.order.ReportType]++
		if one.fetched {
			out.Fetched++
		}
	}
	return out
}

// control mounts the paths of the emulator itself.
func (s *Server) control() {
	door := control.Door[Faults]{
		Faults: s.faults.Faults, SetFaults: s.faults.Replace, Stats: func() any { return s.Stats() }, Keys: http.NotFoundHandler(),
	}
	s.mux.Handle("/_emulator/", http.StripPrefix("/_emulator", door.Handler()))
}
