package spapi

import "time"

// limits are the buckets that Amazon documents, and that of the sales and traffic
// report since April 2026: once in 15 minutes, which is 96 a day.
var limits = map[string]Limit{
	"createReport":      {Rate: 0.0167, Burst: 15},
	"getReport":         {Rate: 2, Burst: 15},
	"getReports":        {Rate: 0.0222, Burst: 10},
	"getReportDocument": {Rate: 0.0167, Burst: 15},
	"cancelReport":      {Rate: 0.0222, Burst: 10},

	"GET_SALES_AND_TRAFFIC_REPORT": {Rate: 1.0 / 900, Burst: 1},
}

// bucket is a token bucket in use.
type bucket struct {
	tokens float64
	at     time.Time
}

// limit returns the limit of an operation or report type; a Rate of 0 is none.
func (s *Server) limit(name string) Limit {
	if l, replaced := s.options.Limits[name]; replaced {
		return l
	}
	return limits[name]
}

// take takes a token of an operation or report type. False means that there is none.
func (s *Server) take(name string) bool {
	limit := s.limit(name)
	if s.options.Unlimited || limit.Rate == 0 {
		return true
	}
	now := s.options.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[name]
	if b == nil {
		b = &bucket{tokens: limit.Burst, at: now}
		s.buckets[name] = b
	}
	b.tokens = min(limit.Burst, b.tokens+limit.Rate*now.Sub(b.at).Seconds())
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
