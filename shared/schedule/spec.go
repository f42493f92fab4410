package schedule

import (
	"encoding/json"
	"fmt"
	"time"
)

// Spec is the request of a good row, in one spelling: rows that mean the same have
// equal Specs, so a save that changes nothing is no change. Fields that a frequency
// does not use are zero.
type Spec struct {
	ID       int64        `json:"id"`
	Name     string       `json:"name"`
	Kind     string       `json:"kind"`
	Target   string       `json:"target"`
	Run      Run          `json:"run"`
	Minutes  int          `json:"minutes"`        // of the day; of an Interval its length
	Offset   int          `json:"offset"`         // minutes east of UTC
	ZoneName string       `json:"zone,omitempty"` // an IANA name, whose clocks count then
	Weekday  time.Weekday `json:"weekday"`        // in the zone
	Disabled bool         `json:"disabled"`
}

// Text returns the Spec as Row.Applied holds it.
func (s Spec) Text() string {
	text, err := json.Marshal(s)
	if err != nil { // strings and numbers always have a JSON form
		panic(err)
	}
	return string(text)
}

// String says the Spec in a sentence for people, logs and jobs.
func (s Spec) String() string {
	text := fmt.Sprintf("%q starts %s %s %s", s.Name, s.Kind, s.Target, s.when())
	if s.Disabled {
		text += ", disabled"
	}
	return text
}

// when says how often and when.
func (s Spec) when() string {
	clock := fmt.Sprintf("%02d:%02d", s.Minutes/60, s.Minutes%60)
	switch s.Run {
	case Interval:
		return "every " + clock + " hours"
	case Weekly:
		return fmt.Sprintf("weekly on %v at %s %s", s.Weekday, clock, s.Zone())
	}
	return "daily at " + clock + " " + s.Zone()
}

// Zone says the zone as UTC-07:00, or by its name.
func (s Spec) Zone() string {
	if s.ZoneName != "" {
		return s.ZoneName
	}
	sign, m := '+', s.Offset
	if m < 0 {
		sign, m = '-', -m
	}
	return fmt.Sprintf("UTC%c%02d:%02d", sign, m/60, m%60)
}

// restarts reports whether the starts of s are counted anew after old: when the
// schedule was enabled again, so that missed starts stay missed, and when the plan
// is another. An Interval of another length is still counted from the last start.
// The target is no part of the plan.
func (s Spec) restarts(old Spec) bool {
	if old.Disabled && !s.Disabled || old.Run != s.Run {
		return true
	}
	return s.Run != Interval && (old.Minutes != s.Minutes || old.Offset != s.Offset || old.ZoneName != s.ZoneName || old.Weekday != s.Weekday)
}
