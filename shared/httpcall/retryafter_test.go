package httpcall_test

import (
	"net/http"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func TestRetryAfter(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": 0, "30": 30 * time.Second, " 30 ": 30 * time.Second, "0": 0, "-1": 0, "1.5": 0, "soon": 0, "0030": 30 * time.Second,
		"3600": time.Hour, "3601": httpcall.MaxRetryAfter, "9223372036854775807": httpcall.MaxRetryAfter, "99999999999999999999999999": httpcall.MaxRetryAfter,
		"Fri, 20 Nov 2026 12:01:30 GMT":    90 * time.Second,
		"Friday, 20-Nov-26 12:01:30 GMT":   90 * time.Second, // RFC 850
		"Fri Nov 20 12:01:30 2026":         90 * time.Second, // asctime
		"Fri, 20 Nov 2026 11:59:59 GMT":    0,
		"Sun, 20 Nov 2050 12:00:00 GMT":    httpcall.MaxRetryAfter,
		"Fri, 20 Nov 2026 12:01:30 +05:30": 0, // no HTTP date
		"2026-11-20T12:01:30Z":             0,
	} {
		if got := httpcall.RetryAfter(header, noon); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
	if got := httpcall.RetryAfter("Fri, 20 Nov 2026 12:01:30 GMT", time.Time{}); got != 0 {
		t.Errorf("a date without the time of day: %v", got)
	}
}

// FuzzRetryAfter holds every header to the bounds, and a date to what it says.
func FuzzRetryAfter(f *testing.F) {
	for _, header := range []string{"", "30", "-1", "9999999999999999999", "Fri, 20 Nov 2026 12:01:30 GMT", "Fri, 20 Nov 9999 12:01:30 GMT", "\x00", "１２"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		after := httpcall.RetryAfter(header, noon)
		if after < 0 || after > httpcall.MaxRetryAfter {
			t.Errorf("%q: %v", header, after)
		}
		if at, err := http.ParseTime(header); err == nil && at.After(noon) && at.Before(noon.Add(httpcall.MaxRetryAfter)) && after != at.Sub(noon) {
			t.Errorf("%q: %v, want %v", header, after, at.Sub(noon))
		}
	})
}
