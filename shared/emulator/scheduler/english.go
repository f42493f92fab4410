package scheduler

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// The App Engine schedules that Google documents for Cloud Scheduler:
//
//	every N minutes|mins|hours                       end to start
//	every N minutes from 10:00 to 14:00              within a day
//	every N hours synchronized                       from midnight on
//	every day 00:00, every monday,tue 09:00
//	1st,third mon,wed of march,sep 17:00             ordinals of weekdays
//	1,15 of month 07:30, 1 of jan,april 00:00        days of months
var (
	intervalForm = regexp.MustCompile(`^every ([0-9]{1,4}) (minutes?|mins?|hours?)(?: (synchronized)| from (\d{1,2}:\d\d) to (\d{1,2}:\d\d))?$`)
	weekdayForm  = regexp.MustCompile(`^([a-z0-9,]+) ([a-z,]+)(?: of ([a-z,]+))? (\d{1,2}:\d\d)$`)
	monthdayForm = regexp.MustCompile(`^([0-9,]+) of ([a-z,]+) (\d{1,2}:\d\d)$`)
)

// parseEnglish reads an App Engine schedule; known is false where the text is none.
func parseEnglish(text string, location *time.Location) (parsed cron.Schedule, known bool, err error) {
	text = strings.Join(strings.Fields(strings.ToLower(strings.ReplaceAll(text, ", ", ","))), " ")
	if m := intervalForm.FindStringSubmatch(text); m != nil {
		parsed, err = intervalOf(m, location)
		return parsed, true, err
	}
	if m := monthdayForm.FindStringSubmatch(text); m != nil {
		c := calendar{location: location}
		for item := range strings.SplitSeq(m[1], ",") {
			day, err := strconv.Atoi(item)
			if err != nil || day < 1 || day > 31 {
				return nil, true, fmt.Errorf("%q is no day of a month", item)
			}
			c.days = append(c.days, day)
		}
		err = c.finish(m[2], m[3])
		return c, true, err
	}
	if m := weekdayForm.FindStringSubmatch(text); m != nil {
		c := calendar{location: location}
		if m[1] != "every" {
			if c.ordinals, err = named(m[1], ordinals); err != nil {
				return nil, true, err
			}
		}
		if m[2] != "day" {
			if c.weekdays, err = named(m[2], weekdays); err != nil {
				return nil, true, err
			}
		}
		err = c.finish(m[3], m[4])
		return c, true, err
	}
	return nil, strings.HasPrefix(text, "every "), fmt.Errorf("the words are not understood")
}

// intervalOf reads the parts of an interval.
func intervalOf(m []string, location *time.Location) (cron.Schedule, error) {
	n, err := strconv.Atoi(m[1])
	if err != nil || n == 0 {
		return nil, fmt.Errorf("%q is no interval", m[1])
	}
	step := time.Duration(n) * time.Minute
	if strings.HasPrefix(m[2], "hour") {
		step = time.Duration(n) * time.Hour
	}
	d := daily{location: location, step: step, to: 24*time.Hour - time.Minute}
	switch {
	case m[3] == "" && m[4] == "":
		return interval(step), nil
	case m[3] != "":
		return d, nil
	}
	if d.from, err = clockOf(m[4]); err != nil {
		return nil, err
	}
	if d.to, err = clockOf(m[5]); err != nil {
		return nil, err
	}
	if d.to < d.from {
		d.to += 24 * time.Hour // past midnight
	}
	return d, nil
}

// clockOf reads a time of day.
func clockOf(text string) (time.Duration, error) {
	at, err := time.Parse("15:04", text)
	if err != nil {
		return 0, fmt.Errorf("%q is no time of day", text)
	}
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute, nil
}

// daily ticks in steps from a time of each day to another one, both included.
type daily struct {
	location       *time.Location
	from, to, step time.Duration
}

// Next is part of cron.Schedule.
func (d daily) Next(after time.Time) time.Time {
	after = after.In(d.location)
	for day := -1; day <= 2; day++ {
		for at := d.from; at <= d.to; at += d.step {
			if tick := timeOn(after, day, at); tick.After(after) {
				return tick
			}
		}
	}
	return time.Time{}
}

// timeOn returns a time of the day that lies some days after a time.
func timeOn(of time.Time, days int, at time.Duration) time.Time {
	y, m, d := of.Date()
	return time.Date(y, m, d+days, 0, int(at/time.Minute), 0, 0, of.Location())
}

// calendar ticks once on each day that fits: of some months, by its number or by its
// weekday and which of these in its month it is. An empty list allows all.
type calendar struct {
	location                         *time.Location
	months, days, weekdays, ordinals []int
	at                               time.Duration
}

// finish reads what every calendar has: its months and its time of day.
func (c *calendar) finish(monthNames, at string) (err error) {
	if monthNames != "" && monthNames != "month" {
		if c.months, err = named(monthNames, months); err != nil {
			return err
		}
	}
	c.at, err = clockOf(at)
	return err
}

// farthest is how many days ahead a tick is looked for: the 29th of February may be
// eight years away.
const farthest = 9 * 366

// Next is part of cron.Schedule.
func (c calendar) Next(after time.Time) time.Time {
	after = after.In(c.location)
	for day := range farthest {
		tick := timeOn(after, day, c.at)
		if tick.After(after) && c.fits(tick) {
			return tick
		}
	}
	return time.Time{}
}

// fits reports whether a day is among those of the calendar.
func (c calendar) fits(day time.Time) bool {
	allows := func(list []int, n int) bool { return len(list) == 0 || slices.Contains(list, n) }
	return allows(c.months, int(day.Month())) && allows(c.days, day.Day()) &&
		allows(c.weekdays, int(day.Weekday())) && allows(c.ordinals, (day.Day()-1)/7+1)
}

// The names of numbers.
var (
	ordinals = map[string]int{"1st": 1, "first": 1, "2nd": 2, "second": 2, "3rd": 3, "third": 3, "4th": 4, "fourth": 4, "5th": 5, "fifth": 5}
	weekdays = namesFrom(0, "sunday monday tuesday wednesday thursday friday saturday")
	months   = namesFrom(1, "january february march april may june july august september october november december")
)

// namesFrom numbers names, of which the first three letters suffice.
func namesFrom(first int, text string) map[string]int {
	out := map[string]int{}
	for i, name := range strings.Fields(text) {
		out[name], out[name[:3]] = first+i, first+i
	}
	return out
}

// named reads a list of names.
func named(text string, names map[string]int) ([]int, error) {
	var list []int
	for item := range strings.SplitSeq(text, ",") {
		n, ok := names[item]
		if !ok {
			return nil, fmt.Errorf("%q is not understood", item)
		}
		list = append(list, n)
	}
	return list, nil
}
