package schedule

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Run is how often a schedule starts its target.
type Run string

// The frequencies.
const (
	Daily    Run = "Daily"
	Weekly   Run = "Weekly"
	Interval Run = "Interval"
)

// ParseRun reads a frequency, whatever its case.
func ParseRun(text string) (Run, error) {
	for _, r := range []Run{Daily, Weekly, Interval} {
		if strings.EqualFold(strings.TrimSpace(text), string(r)) {
			return r, nil
		}
	}
	return "", fmt.Errorf("run is %q: write Daily, Weekly or Interval", text)
}

// ParseTime reads a 24-hour HH:MM and returns its minutes.
func ParseTime(text string) (int, error) {
	t := strings.TrimSpace(text)
	hours, minutes, ok := strings.Cut(t, ":")
	h, hoursOK := twoDigits(hours, 23)
	m, minutesOK := twoDigits(minutes, 59)
	if !ok || !hoursOK || !minutesOK {
		return 0, fmt.Errorf("time is %q: write 24-hour HH:MM, from 00:00 to 23:59, such as 07:30", text)
	}
	return h*60 + m, nil
}

// twoDigits reads two digits that are no more than most.
func twoDigits(s string, most int) (int, bool) {
	if len(s) != 2 || s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9' {
		return 0, false
	}
	n := int(s[0]-'0')*10 + int(s[1]-'0')
	return n, n <= most
}

// DefaultTimezone is the zone of a row that names none, in hours.
const DefaultTimezone = -7

// The zones that there are, in minutes.
const (
	minOffset = -12 * 60
	maxOffset = 14 * 60
)

// offsetOf returns a zone in minutes east of UTC.
func offsetOf(hours *float64) (int, error) {
	if hours == nil {
		return DefaultTimezone * 60, nil
	}
	minutes := math.Round(*hours * 60)
	// The column holds two digits behind the point, so 5.33 is no 5 h 20 min.
	if math.Abs(*hours*60-minutes) > 1e-6 {
		return 0, fmt.Errorf("timezone is %v hours, which are no whole minutes: write a distance from UTC such as -7, 5.5 or 5.75", *hours)
	}
	if !(minutes >= minOffset && minutes <= maxOffset) {
		return 0, fmt.Errorf("timezone is %v hours: write a distance from UTC from -12 to 14, such as -7, 5.5 or 5.75", *hours)
	}
	return int(minutes), nil
}

// ParseTimezone reads a zone as people type it, 5.75 or +05:45, and returns its
// hours.
func ParseTimezone(text string) (float64, error) {
	t := strings.TrimSpace(text)
	hours, err := strconv.ParseFloat(t, 64)
	if strings.Contains(t, ":") {
		unsigned := strings.TrimLeft(t, "+-")
		var minutes int
		minutes, err = ParseTime(unsigned)
		hours = float64(minutes) / 60
		if len(t)-len(unsigned) > 1 {
			err = strconv.ErrSyntax
		}
		if strings.HasPrefix(t, "-") {
			hours = -hours
		}
	}
	if err != nil {
		return 0, fmt.Errorf("timezone is %q: write a distance from UTC such as -7, 5.75 or +05:45", text)
	}
	if _, err = offsetOf(&hours); err == nil {
		err = Edit{Timezone: &hours}.Fits()
	}
	return hours, err
}

// ParseZone reads a zone as people type it, a distance from UTC or an IANA name, into an
// edit.
func (e *Edit) ParseZone(text string) error {
	if t := strings.TrimSpace(text); strings.ContainsFunc(t, unicode.IsLetter) {
		e.Zone = t
		_, err := location(t)
		return err
	}
	hours, err := ParseTimezone(text)
	e.Timezone, e.Zone = &hours, ""
	return err
}

// ParseWeekday reads a day's English name or its first three letters, whatever
// the case. None means Monday: unlike the day of a row's creation it is the same
// for a copy of the row.
func ParseWeekday(text string) (time.Weekday, error) {
	t := strings.ToLower(strings.TrimSpace(text))
	if t == "" {
		return time.Monday, nil
	}
	for d := time.Sunday; d <= time.Saturday; d++ {
		name := strings.ToLower(d.String())
		if t == name || t == name[:3] {
			return d, nil
		}
	}
	return 0, fmt.Errorf("weekday is %q: write Monday to Sunday, or leave it empty for Monday", text)
}
