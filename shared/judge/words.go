package judge

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Age prints a duration in its two largest units, rounded down.
func Age(d time.Duration) string {
	d = max(d, 0)
	minutes, hours := int(d.Minutes()), int(d.Hours())
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", minutes, int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%02dm", hours, minutes%60)
	}
	return fmt.Sprintf("%dd%02dh", hours/24, hours%24)
}

// OneLine removes line breaks and control characters of terminals from a text of another
// program.
func OneLine(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)), " ")
}

// clock is the format of times for people, in UTC.
const clock = "2006-01-02 15:04:05 UTC"

// OrNone returns a reason on one line, or a phrase for an empty one.
func OrNone(s string) string {
	if s == "" {
		return "no reason was kept"
	}
	return OneLine(s)
}
