package scheduler

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/kit"
)

func TestParseSchedule(t *testing.T) {
	tests := []struct {
		text, zone string
		want       []string // the first ticks after 2026-11-21T04:00Z
		crontab    bool
	}{
		{"*/15 * * * *", "", []string{"2026-11-21T04:15:00Z", "2026-11-21T04:30:00Z"}, true},
		{" 0 9 * * MON ", "Asia/Kolkata", []string{"2026-11-23T03:30:00Z", "2026-11-30T03:30:00Z"}, true},
		{"30 1 * * *", "utc", []string{"2026-11-22T01:30:00Z", "2026-11-23T01:30:00Z"}, true},
		{"every 5 minutes", "", []string{"2026-11-21T04:05:00Z", "2026-11-21T04:10:00Z"}, false},
		{"every 1 mins", "", []string{"2026-11-21T04:01:00Z", "2026-11-21T04:02:00Z"}, false},
		{"Every 2 hours", "", []string{"2026-11-21T06:00:00Z", "2026-11-21T08:00:00Z"}, false},
	}
	for _, test := range tests {
		now := kit.NewClock().Now()
		parsed, err := parseSchedule(test.text, test.zone, now)
		if err != nil {
			t.Errorf("%q: %v", test.text, err)
			continue
		}
		first := parsed.Next(now)
		got := []string{first.UTC().Format(time.RFC3339), parsed.Next(first).UTC().Format(time.RFC3339)}
		if diff := cmp.Diff(test.want, got); diff != "" || parsed.crontab != test.crontab {
			t.Errorf("%q in %q, crontab %v (-want +got):\n%s", test.text, test.zone, parsed.crontab, diff)
		}
	}
}

func TestParseScheduleRefuses(t *testing.T) {
	for _, text := range []string{"", "* * * *", "* * * * * *", "@daily", "@every 5m", "TZ=UTC", "CRON_TZ=UTC * * * * *", "61 * * * *", "0 0 30 2 *", "every 0 minutes", "every minute"} {
		if _, err := parseSchedule(text, "", kit.NewClock().Now()); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	for _, zone := range []string{"Local", "India", "../etc", "UTC+1"} {
		if _, err := parseSchedule("* * * * *", zone, kit.NewClock().Now()); err == nil {
			t.Errorf("zone %q was taken", zone)
		}
	}
}

func FuzzParseSchedule(f *testing.F) {
	f.Add("*/15 * * * *", "Asia/Kolkata")
	f.Add("every 5 minutes", "")
	f.Add("TZ=", "utc")
	f.Fuzz(func(t *testing.T, text, zone string) {
		now := kit.NewClock().Now()
		parsed, err := parseSchedule(text, zone, now)
		if err != nil {
			return
		}
		first := parsed.Next(now)
		if !first.After(now) || !parsed.Next(first).After(first) {
			t.Errorf("%q in %q does not move on from %v", text, zone, now)
		}
	})
}
