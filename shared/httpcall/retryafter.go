package httpcall

import (
	"net/http"
	"strings"
	"time"
)

// MaxRetryAfter bounds how long a server can make a caller wait.
const MaxRetryAfter = time.Hour

// RetryAfter reads a Retry-After header (RFC 9110, 10.2.3): whole seconds, or a
// date, which is read by now. Anything else, the past, and a date where now is
// the zero time are 0, no opinion. The result is at most MaxRetryAfter.
func RetryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if seconds, ok := digits(header); ok {
		return seconds
	}
	at, err := http.ParseTime(header)
	if err != nil || now.IsZero() {
		return 0
	}
	return min(max(at.Sub(now), 0), MaxRetryAfter)
}

// digits reads whole seconds of any length without overflow.
func digits(s string) (time.Duration, bool) {
	wait := time.Duration(0)
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		wait = min(10*wait+time.Duration(c-'0')*time.Second, MaxRetryAfter)
	}
	return wait, s != ""
}
