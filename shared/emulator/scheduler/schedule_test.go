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
		{"0 0 * * 7", "", []string{"2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"}, true},
		{"0 0 * * 6-7", "", []string{"2026-11-22T00:00:00Z", "2026-11-28T00:00:00Z"}, true},
		{"0 12 * * 1-7/3", "", []string{"2026-11-22T12:00:00Z", "2026-11-23T12:00:00Z"}, true},
		{"0 0 * * 3,7", "", []string{"2026-11-22T00:00:00Z", "2026-11-25T00:00:00Z"}, true},
		{"0 0 * * sun", "", []string{"2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"}, true},
		{"0-30/10 4 * jan-dec *", "", []string{"2026-11-21T04:10:00Z", "2026-11-21T04:20:00Z"}, true},
		{"0 0 13 * 5", "", []string{"2026-11-27T00:00:00Z", "2026-12-04T00:00:00Z"}, true},
		{"every 5 minutes from 10:00 to 14:00", "", []string{"2026-11-21T10:00:00Z", "2026-11-21T10:05:00Z"}, false},
		{"every 3 hours from 01:00 to 07:00", "", []string{"2026-11-21T07:00:00Z", "2026-11-22T01:00:00Z"}, false},
		{"every 1 hours from 22:00 to 02:00", "", []string{"2026-11-21T22:00:00Z", "2026-11-21T23:00:00Z"}, false},
		{"every 5 hours synchronized", "", []string{"2026-11-21T05:00:00Z", "2026-11-21T10:00:00Z"}, false},
		{"every day 00:00", "Asia/Kolkata", []string{"2026-11-21T18:30:00Z", "2026-11-22T18:30:00Z"}, false},
		{"every monday 09:00", "", []string{"2026-11-23T09:00:00Z", "2026-11-30T09:00:00Z"}, false},
		{"every mon, wed 09:00", "", []string{"2026-11-23T09:00:00Z", "2026-11-25T09:00:00Z"}, false},
		{"2nd,third mon,wed,thu of march 17:00", "", []string{"2027-03-08T17:00:00Z", "2027-03-10T17:00:00Z"}, false},
		{"1st monday of sep,oct,nov 17:00", "", []string{"2027-09-06T17:00:00Z", "2027-10-04T17:00:00Z"}, false},
		{"1 of jan,april,july,oct 00:00", "", []string{"2027-01-01T00:00:00Z", "2027-04-01T00:00:00Z"}, false},
		{"first sunday of month 10:30", "", []string{"2026-12-06T10:30:00Z", "2027-01-03T10:30:00Z"}, false},
		{"31 of month 10:30", "", []string{"2026-12-31T10:30:00Z", "2027-01-31T10:30:00Z"}, false},
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
	for _, text := range []string{"", "* * * *", "* * * * * *", "@daily", "@every 5m", "TZ=UTC", "CRON_TZ=UTC * * * * *", "61 * * * *", "0 0 30 2 *", "every 0 minutes", "every minute", "0 0 ? * *", "0 0 * * ?", "5/10 * * * *", "0 3/2 * * *", "*-5 * * * *", "0 0 * * 8",
		"0 0 * * 7-9", "0 0 * * 7-1", "0 0 * * 7/2", "0 7 * * 1-7/0", "1,,2 * * * *", "* * * * L", "* * 15W * *", "* * * * 1#2", "every 5 seconds", "every day", "every day 25:00", "every moonday 09:00", "6th monday of march 09:00", "32 of march 09:00",
		"30 of feb 09:00", "0 of march 09:00", "every 5 minutes from 10:00", "every 5 minutes from 10:00 to 25:00", "1st of march 09:00", "monday 09:00", "every 5 minutes synchronised"} {
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
