package schedule

import (
	"fmt"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // images have no zones of their own
)

// locations keeps the zones that were loaded, by their names: there are a few hundred.
var locations sync.Map

// location returns the zone of an IANA name.
func location(name string) (*time.Location, error) {
	if known, ok := locations.Load(name); ok {
		return known.(*time.Location), nil
	}
	l, err := time.LoadLocation(name)
	if err != nil || name == "Local" || !strings.Contains(name, "/") && name != "UTC" {
		return nil, fmt.Errorf("zone is %q: write an IANA name such as Asia/Kolkata, or a distance from UTC such as -7 or +05:30", name)
	}
	locations.Store(name, l)
	return l, nil
}

// clock returns the zone of a Spec that names one; nil for a fixed distance. A name that
// this program does not know any more, after an update of the zones, counts as UTC.
func (s Spec) clock() *time.Location {
	if s.ZoneName == "" || s.Run == Interval {
		return nil
	}
	l, err := location(s.ZoneName)
	if err != nil {
		return time.UTC
	}
	return l
}

// at returns when a zone's clocks show the Spec's time on a date. A time that they show
// twice is the first of both; one that they skip is as long after the change as it would
// have been without it.
func (s Spec) at(year int, month time.Month, date int, l *time.Location) time.Time {
	wall := time.Date(year, month, date, s.Minutes/60, s.Minutes%60, 0, 0, time.UTC)
	_, before := wall.Add(-day * time.Minute).In(l).Zone()
	_, after := wall.Add(day * time.Minute).In(l).Zone()
	shows := func(t time.Time) bool {
		_, offset := t.In(l).Zone()
		return t.Add(time.Duration(offset) * time.Second).Equal(wall)
	}
	first := wall.Add(-time.Duration(before) * time.Second)
	if second := wall.Add(-time.Duration(after) * time.Second); !shows(first) && shows(second) {
		return second
	}
	return first
}

// newestBy is newest by the clocks of a zone; step is how many days lie between two
// occurrences, and later moves on by so many steps.
func (s Spec) newestBy(l *time.Location, t time.Time, later int) time.Time {
	step := 1
	here := t.In(l)
	back := 0
	if s.Run == Weekly {
		step = daysOfWeek
		back = int(mod(int64(here.Weekday()-s.Weekday), daysOfWeek))
	}
	on := func(days int) time.Time { return s.at(here.Year(), here.Month(), here.Day()+days, l) }
	days := step - back // a zone can be a day ahead of what the wall shows
	for on(days).After(t) {
		days -= step
	}
	return on(days + later*step)
}

// dateBy numbers the dates of a zone.
func dateBy(l *time.Location, t time.Time) int64 {
	year, month, date := t.In(l).Date()
	return minutesOf(time.Date(year, month, date, 0, 0, 0, 0, time.UTC)) / day
}

// Upcoming returns the next starts after now, as many as asked for, as if each were
// started.
func (s Spec) Upcoming(st State, now time.Time, many int) []time.Time {
	var list []time.Time
	for at := now; len(list) < many; {
		if at = s.Next(st, at); at.IsZero() {
			break
		}
		list, st.LastFired = append(list, at), at
	}
	return list
}

// Preview returns the next starts of a row that is about to be saved as s.
func (r Row) Preview(s Spec, now time.Time, many int) []time.Time {
	st := r.State()
	if was, ok := r.applied(); !ok || s.restarts(was) {
		st.Anchor = now
	}
	return s.Upcoming(st, now, many)
}
