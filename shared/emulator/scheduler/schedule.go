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

var (
	fields  = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	english = regexp.MustCompile(`(?i)^every\s+([0-9]{1,4})\s+(min|mins|minute|minutes|hour|hours)$`)
)

// parseSchedule reads a job's schedule, which must tick at least once after
// now.
func parseSchedule(text, zone string, now time.Time) (schedule, error) {
	location, err := parseZone(zone)
	if err != nil {
		return schedule{}, err
	}
	text = strings.TrimSpace(text)
	if match := english.FindStringSubmatch(text); match != nil {
		return parseEnglish(text, match)
	}
	if text == "" || strings.ContainsAny(text, "@=") { // robfig's descriptors and TZ= prefix are not Cloud Scheduler's
		return schedule{}, badSchedule(text, "")
	}
	parsed, err := fields.Parse(text)
	if err != nil {
		return schedule{}, badSchedule(text, ": "+err.Error())
	}
	if crontab, ok := parsed.(*cron.SpecSchedule); ok {
		crontab.Location = location
	}
	if parsed.Next(now).IsZero() {
		return schedule{}, fmt.Errorf("job.schedule %q never comes true", text)
	}
	return schedule{parsed, true}, nil
}

func badSchedule(text, why string) error {
	return fmt.Errorf(`job.schedule %q: expected five crontab fields such as "*/15 * * * *", or "every 5 minutes"%s`, text, why)
}

func parseEnglish(text string, match []string) (schedule, error) {
	n, err := strconv.Atoi(match[1])
	if err != nil || n == 0 {
		return schedule{}, badSchedule(text, "")
	}
	unit := time.Minute
	if strings.HasPrefix(strings.ToLower(match[2]), "hour") {
		unit = time.Hour
	}
	return schedule{interval(time.Duration(n) * unit), false}, nil
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
