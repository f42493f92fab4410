package input

import (
	"strings"
	"time"
)

// layouts are the forms of dates that callers send. Seconds may have fractions.
var (
	strictLayouts = []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05Z"}
	layouts       = []string{
		"2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00", "2006-01-02T15:04:05", "2006-01-02 15:04:05",
		"2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02", "2006/01/02 15:04:05", "2006/01/02",
		"01/02/2006 15:04:05", "01/02/2006 15:04:05 Z07:00", "01/02/2006 15:04", "01/02/2006", time.RFC1123,
	}
)

// Date reads a date and time in UTC, in whole microseconds. A date without a zone is in
// UTC; one with an offset is converted. strict takes the two forms of tree-create alone.
func Date(text string, strict bool) (time.Time, bool) {
	text = strings.TrimSpace(text)
	forms := layouts
	if strict {
		forms = strictLayouts
	}
	for _, layout := range forms {
		at, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		at = at.UTC().Truncate(time.Microsecond)
		return at, at.Year() >= 1900 && at.Year() <= 9999
	}
	return time.Time{}, false
}
