package schedule

import (
	"fmt"
	"time"
)

// State is the history that the starts of a Spec depend on. The zero time means
// never.
type State struct {
	Anchor    time.Time // since when the Spec counts
	LastFired time.Time // the last occurrence that was started
}

// base is where an Interval is counted from.
func (st State) base() time.Time {
	if st.LastFired.After(st.Anchor) {
		return st.LastFired
	}
	return st.Anchor
}

// Minutes of a day and a week, and what day the epoch was.
const (
	day        = 24 * 60
	week       = 7 * day
	epochDay   = time.Thursday
	daysOfWeek = 7
)

// grid returns where the occurrences lie: period minutes apart, one of them at
// phase minutes after the epoch. A zone is a fixed distance, so that days are
// all alike.
func (s Spec) grid(st State) (phase, period int64) {
	switch s.Run {
	case Interval:
		return minutesOf(st.base()), int64(s.Minutes)
	case Weekly:
		return int64(s.Weekday-epochDay)*day + int64(s.Minutes-s.Offset), week
	}
	return int64(s.Minutes - s.Offset), day
}

// minutesOf returns the whole minutes from the epoch to t.
func minutesOf(t time.Time) int64 { return floorDiv(t.Unix(), 60) }

// timeOf is the inverse of minutesOf.
func timeOf(minutes int64) time.Time { return time.Unix(minutes*60, 0).UTC() }

// floorDiv divides towards minus infinity.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// mod is the remainder of floorDiv.
func mod(a, b int64) int64 { return a - floorDiv(a, b)*b }

// newest returns the last occurrence that is not after t.
func (s Spec) newest(st State, t time.Time) time.Time {
	if l := s.clock(); l != nil {
		return s.newestBy(l, t, 0)
	}
	phase, period := s.grid(st)
	at := minutesOf(t)
	return timeOf(at - mod(at-phase, period))
}

// Due returns the newest occurrence that is not after t, and whether it is to be
// started: it lies behind the anchor and the last start, and for a Daily or
// Weekly schedule on another date of its zone than that.
func (s Spec) Due(st State, t time.Time) (time.Time, bool) {
	at := s.newest(st, t)
	return at, !s.Disabled && s.open(st, at)
}

// open reports whether an occurrence is still to come by the state.
func (s Spec) open(st State, at time.Time) bool {
	if !at.After(st.Anchor) || !at.After(st.LastFired) {
		return false
	}
	return s.Run == Interval || st.LastFired.IsZero() || s.date(at) > s.date(st.LastFired)
}

// date numbers the dates of the zone.
func (s Spec) date(t time.Time) int64 {
	if l := s.clock(); l != nil {
		return dateBy(l, t)
	}
	return floorDiv(minutesOf(t)+int64(s.Offset), day)
}

// Next returns the first start after t, the zero time for a disabled schedule.
func (s Spec) Next(st State, t time.Time) time.Time {
	if s.Disabled {
		return time.Time{}
	}
	after := t
	if st.Anchor.After(after) {
		after = st.Anchor
	}
	for later := 1; ; later++ {
		if at := s.later(st, after, later); s.open(st, at) {
			return at
		}
	}
}

// later returns the occurrence that comes so many after the newest one.
func (s Spec) later(st State, t time.Time, later int) time.Time {
	if l := s.clock(); l != nil {
		return s.newestBy(l, t, later)
	}
	_, period := s.grid(st)
	return s.newest(st, t).Add(time.Duration(int64(later)*period) * time.Minute)
}

// Cron returns the five fields, in UTC, of a job that triggers a check at every
// occurrence from now on. Days are given in UTC as well, which may be the zone's day before
// or after. A job of an Interval runs as seldom as cron allows: every 30
// minutes for one of 90, and so does one of a zone with a name: clocks change by whole
// hours, and in one zone by half of one.
func (s Spec) Cron(st State) string {
	phase, _ := s.grid(st)
	if l := s.clock(); l != nil {
		const half = 30
		return every(mod(minutesOf(s.at(2026, time.January, 1, l)), half), half, 59) + " * * * *"
	}
	minute, hour := mod(phase, 60), mod(floorDiv(phase, 60), 24)
	switch s.Run {
	case Interval:
		return intervalCron(phase, int64(s.Minutes))
	case Weekly:
		return fmt.Sprintf("%d %d * * %d", minute, hour, mod(floorDiv(phase, day)+int64(epochDay), daysOfWeek))
	}
	return fmt.Sprintf("%d %d * * *", minute, hour)
}

// intervalCron returns the thinnest grid of cron's that holds phase and every
// multiple of period after it.
func intervalCron(phase, period int64) string {
	if step := gcd(period, 60); step < 60 {
		return every(mod(phase, step), step, 59) + " * * * *"
	}
	step := gcd(period/60, 24)
	return fmt.Sprintf("%d %s * * *", mod(phase, 60), every(mod(floorDiv(phase, 60), step), step, 23))
}

// every writes a field that steps through first, first+step ... up to last.
func every(first, step, last int64) string {
	if step == 1 {
		return "*"
	}
	return fmt.Sprintf("%d-%d/%d", first, last, step)
}

// gcd returns the greatest common divisor.
func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
