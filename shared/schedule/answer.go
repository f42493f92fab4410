package schedule

import "time"

// Answer is a row as the command line and the console show it.
type Answer struct {
	Row
	// Version is the version that an edit names as the one it builds on.
	Version string `json:"version"`
	// State is rejected, disabled, pending (not in force yet) or on.
	State string `json:"state"`
	// Says is the Spec in force, in a sentence; empty for none.
	Says string `json:"says"`
	// Next is the time of the next start; nil for never.
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
		a.Message = err.Error() // not reconciled yet
	}
	return a
}
