package schedule

import "time"

// Answer is a row as the command line and the console show it.
type Answer struct {
	Row
	// Version is what an edit names as the content that it builds on.
	Version string `json:"version"`
	// State is rejected, disabled, pending (not in force yet) or on.
	State string `json:"state"`
	// Says is what is in force, in a sentence; empty for nothing.
	Says string `json:"says"`
	// Next is when it starts next; nil for never.
	Next *time.Time `json:"nextAt"`
}

// Answer returns the row as it is shown at a time.
func (r Row) Answer(now time.Time) Answer {
	a := Answer{Row: r, Version: r.Version(), State: "on"}
	if s, ok := r.InForce(); ok {
		a.Says, a.Next = s.String(), pointer(s.Next(r.State(), now))
	}
	want, err := r.Parse()
	switch have, _ := r.applied(); {
	case r.Message != "" || err != nil:
		a.State = "rejected"
	case r.Disabled:
		a.State = "disabled"
	case have != want:
		a.State = "pending"
	}
	if err != nil && r.Message == "" {
		a.Message = err.Error() // nobody has looked at it yet
	}
	return a
}
