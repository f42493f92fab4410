package scheduler

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// schedule says when a job ticks.
type schedule struct {
	cron.Schedule
	// crontab reports whether the schedule-time header is promised.
	crontab bool
}

// interval ticks at the multiples of a duration since the Unix epoch.
type interval time.Duration

// Next is part of cron.Schedule.
func (i interval) Next(after time.Time) time.Time {
	step := int64(i)
	return time.Unix(0, (after.UnixNano()/step+1)*step).UTC()
}

var fields = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// parseSchedule reads a job's schedule, which must tick at least once after
// now.
func parseSchedule(text, zone string, now time.Time) (schedule, error) {
	location, err := parseZone(zone)
	if err != nil {
		return schedule{}, err
	}
	text = strings.TrimSpace(text)
	parsed, known, err := parseEnglish(text, location)
	if !known {
		parsed, err = parseCrontab(text, location)
	}
	if err != nil {
		return schedule{}, fmt.Errorf(`job.schedule %q: expected five crontab fields such as "*/15 * * * *", or words such as "every 5 minutes" or "every monday 09:00": %w`, text, err)
	}
	if parsed.Next(now).IsZero() {
		return schedule{}, fmt.Errorf("job.schedule %q never comes true", text)
	}
	return schedule{parsed, !known}, nil
}

// fieldForm is one entry of a field's list: all, a value or a range, and a step of the
// first and the last.
var fieldForm = regexp.MustCompile(`^(\*|[0-9]{1,2}-[0-9]{1,2}|[A-Za-z]{3}-[A-Za-z]{3})(/[0-9]{1,2})?$|^([0-9]{1,2}|[A-Za-z]{3})$`)

// parseCrontab reads five fields of crontab as Cloud Scheduler's grammar has them, which
// knows less than the parser behind.
func parseCrontab(text string, location *time.Location) (cron.Schedule, error) {
	split := strings.Fields(text)
	if len(split) != 5 {
		return nil, fmt.Errorf("%d fields", len(split))
	}
	for _, field := range split {
		for entry := range strings.SplitSeq(field, ",") {
			if !fieldForm.MatchString(entry) {
				return nil, fmt.Errorf("%q is none of *, N, N-M, */S and N-M/S", entry)
			}
		}
	}
	weekdays, err := withoutSeven(split[4])
	if err != nil {
		return nil, err
	}
	split[4] = weekdays
	parsed, err := fields.Parse(strings.Join(split, " "))
	if err != nil {
		return nil, err
	}
	if crontab, ok := parsed.(*cron.SpecSchedule); ok {
		crontab.Location = location
	}
	return parsed, nil
}

// withoutSeven returns a field of weekdays in which Sunday is 0 alone and not 7 too.
func withoutSeven(field string) (string, error) {
	var out []string
	for entry := range strings.SplitSeq(field, ",") {
		span, step, stepped := strings.Cut(entry, "/")
		low, high, ranged := strings.Cut(span, "-")
		if low != "7" && high != "7" {
			out = append(out, entry)
			continue
		}
		from, err := strconv.Atoi(low)
		if err != nil || from > 7 || ranged && high != "7" {
			return "", fmt.Errorf("%q is no range of weekdays", entry)
		}
		by := 1
		if stepped {
			if by, err = strconv.Atoi(step); err != nil || by == 0 {
				return "", fmt.Errorf("%q has no step", entry)
			}
		}
		for day := from; day <= 7 && (ranged || day == from); day += by {
			out = append(out, strconv.Itoa(day%7))
		}
	}
	return strings.Join(out, ","), nil
}

func parseZone(zone string) (*time.Location, error) {
	if zone == "" || strings.EqualFold(zone, "utc") {
		return time.UTC, nil
	}
	location, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" {
		return nil, fmt.Errorf("job.time_zone %q is not a name of the tz database such as Asia/Kolkata", zone)
	}
	return location, nil
}
