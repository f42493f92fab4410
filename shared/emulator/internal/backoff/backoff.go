// Package backoff is the retry arithmetic that Cloud Tasks and Cloud Scheduler
// share: an interval that doubles a number of times, then grows by the last
// doubled step, and never leaves [Min, Max].
package backoff

import "time"

// Policy is one retry schedule, as the protos' RetryConfig describes it.
type Policy struct {
	// Min is the wait before the first retry.
	Min time.Duration
	// Max is the longest wait.
	Max time.Duration
	// Doublings is how often the wait doubles before it grows linearly by
	// Min * 2^Doublings.
	Doublings int
}

// Delay returns the wait before retry number n, counted from 1. With Min 10 s,
// Max 300 s and 3 doublings: 10, 20, 40, 80, 160, 240, 300, 300 ... (the
// example of the protos).
func (p Policy) Delay(n int) time.Duration {
	if n < 1 || p.Min <= 0 {
		return min(max(p.Min, 0), p.Max)
	}
	step, doublings := p.Min, min(n-1, p.Doublings)
	for range doublings {
		if step >= p.Max/2+1 {
			return p.Max
		}
		step *= 2
	}
	factor := time.Duration(n - doublings)
	if step > p.Max/factor {
		return p.Max
	}
	return min(step*factor, p.Max)
}

// Limit says when retrying ends.
type Limit struct {
	// Attempts is the number of attempts including the first; negative is
	// unlimited.
	Attempts int
	// Duration is counted from the first attempt; zero is unlimited.
	Duration time.Duration
}

// Reached reports whether no further attempt is made after the given number
// of attempts and time since the first one began. Where both limits are set
// both must be met; where one is unlimited the other decides alone.
func (l Limit) Reached(attempts int, elapsed time.Duration) bool {
	if l.Attempts < 0 && l.Duration <= 0 {
		return false
	}
	return attempts >= l.Attempts && elapsed >= l.Duration
}
