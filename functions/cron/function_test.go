package cron

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestOccurrence distinguishes ticks: retries of one are the same, and what is not
// a tick of the past or present never stands for one.
func TestOccurrence(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	cases := map[string]struct {
		header string
		want   string // empty: a key of its own
	}{
		"the scheduler's":        {"2026-11-20T12:00:00Z", "2026-11-20T12:00:00Z"},
		"the same, another zone": {"2026-11-20T17:30:00+05:30", "2026-11-20T12:00:00Z"},
		"with a fraction":        {"2026-11-20T11:45:00.250Z", "2026-11-20T11:45:00.25Z"},
		"a clock slightly ahead": {"2026-11-20T12:00:59Z", "2026-11-20T12:00:59Z"},
		"forced: the next tick":  {"2026-11-20T12:15:00Z", ""},
		"none":                   {"", ""},
		"nonsense":               {"soon", ""},
	}
	for name, c := range cases {
		h := http.Header{}
		h.Set("X-CloudScheduler-ScheduleTime", c.header)
		got, again := occurrence(h, now), occurrence(h, now.Add(time.Second))
		if c.want != "" && (got != c.want || again != c.want) {
			t.Errorf("%s: %q and %q, want %q", name, got, again, c.want)
		}
		if c.want == "" && (got == again || !strings.HasPrefix(got, "manual-")) {
			t.Errorf("%s: %q and %q, want two keys of their own", name, got, again)
		}
	}
}

// FuzzOccurrence holds every header to a key that fits its column.
func FuzzOccurrence(f *testing.F) {
	f.Add("2026-11-20T12:00:00Z")
	f.Add("9999-12-31T23:59:59.999999999+14:00")
	f.Fuzz(func(t *testing.T, header string) {
		h := http.Header{"X-Cloudscheduler-Scheduletime": {header}}
		if key := occurrence(h, time.Unix(1<<40, 0)); key == "" || len(key) > 128 {
			t.Errorf("%q gives the key %q", header, key)
		}
	})
}
