package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// Clock is how times are shown to people, in UTC.
const Clock = "2006-01-02 15:04:05"

// Moment prints a time in UTC, and a dash for none.
func Moment(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format(Clock)
}

// Age prints a duration in its two largest units.
func Age(d time.Duration) string { return judge.Age(d) }

// OneLine removes from a text what would break a line.
func OneLine(s string) string { return judge.OneLine(s) }

// OrDash returns a text on one line, and a dash for none.
func OrDash(s string) string { return cmp.Or(OneLine(s), "-") }

// OrNone returns a reason on one line, or a phrase for none.
func OrNone(s string) string { return judge.OrNone(s) }

// JSON writes a value for programs.
func JSON(to io.Writer, v any) error {
	if r, ok := to.(*Recorder); ok {
		r.value = v
		return nil
	}
	e := json.NewEncoder(to)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// Stage says in words how far a run is.
func Stage(r run.Run) string {
	switch {
	case r.ID == 0:
		return "waiting for the window function"
	case r.State == run.Windowing:
		return "listing the changes"
	}
	return fmt.Sprintf("%d of %d pages, %d records", r.PagesDone, r.PagesTotal, r.Counts.Found)
}
