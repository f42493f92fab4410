package report

import (
	"fmt"
	"time"
)

// Date is a day of the calendar, without a zone: the days since 1970-01-01.
type Date int64

// secondsOfDay is a day's length; zones are fixed distances, so all days are alike.
const secondsOfDay = 24 * 60 * 60

// ParseDate reads YYYY-MM-DD.
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0, fmt.Errorf("date %q: write it as YYYY-MM-DD", text)
	}
	return Date(floorDiv(t.Unix(), secondsOfDay)), nil
}

// String returns YYYY-MM-DD.
func (d Date) String() string { return d.UTC().Format(time.DateOnly) }

// UTC returns midnight of the date in UTC.
func (d Date) UTC() time.Time { return time.Unix(int64(d)*secondsOfDay, 0).UTC() }

// Zone is a fixed distance from UTC in minutes, east positive. Summer time is never
// applied, as in schedules.
type Zone int

// DefaultZone is the zone of a type that no schedule has started yet: UTC-07:00.
const DefaultZone Zone = -7 * 60

// Today returns the date of a moment in the zone.
func (z Zone) Today(t time.Time) Date {
	return Date(floorDiv(t.Unix()+int64(z)*60, secondsOfDay))
}

// Begin returns the moment at which a date begins in the zone.
func (z Zone) Begin(d Date) time.Time {
	return d.UTC().Add(-time.Duration(z) * time.Minute)
}

// floorDiv divides towards minus infinity.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
