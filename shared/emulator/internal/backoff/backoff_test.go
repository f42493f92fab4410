package backoff

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDelay(t *testing.T) {
	tests := []struct {
		name   string
		policy Policy
		want   []float64 // seconds before retries 1, 2, ...
	}{
		{"the protos' example", Policy{10 * time.Second, 300 * time.Second, 3}, []float64{10, 20, 40, 80, 160, 240, 300, 300}},
		{"defaults of Cloud Tasks", Policy{100 * time.Millisecond, time.Hour, 16}, []float64{.1, .2, .4, .8, 1.6}},
		{"no doublings grow by the minimum", Policy{time.Second, 5 * time.Second, 0}, []float64{1, 2, 3, 4, 5, 5}},
		{"one doubling", Policy{time.Second, 7 * time.Second, 1}, []float64{1, 2, 4, 6, 7}},
		{"constant", Policy{time.Second, time.Second, 5}, []float64{1, 1, 1}},
		{"no minimum", Policy{0, time.Hour, 5}, []float64{0, 0}},
	}
	for _, test := range tests {
		var got []float64
		for n := range test.want {
			got = append(got, test.policy.Delay(n+1).Seconds())
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func FuzzDelay(f *testing.F) {
	f.Add(int64(time.Second), int64(time.Hour), 3, 7)
	f.Add(int64(1), int64(math.MaxInt64), 100, math.MaxInt32)
	f.Fuzz(func(t *testing.T, low, high int64, doublings, n int) {
		if low < 0 || high < low || doublings < 0 || n < 1 || n > math.MaxInt32 {
			return
		}
		policy := Policy{time.Duration(low), time.Duration(high), doublings}
		this, next := policy.Delay(n), policy.Delay(n+1)
		if this < policy.Min || this > policy.Max || next < this {
			t.Errorf("%+v: retry %d after %v, the next after %v", policy, n, this, next)
		}
	})
}

func TestReached(t *testing.T) {
	tests := []struct {
		name     string
		limit    Limit
		attempts int
		elapsed  time.Duration
		want     bool
	}{
		{"attempts left", Limit{3, 0}, 2, time.Hour, false},
		{"attempts used up", Limit{3, 0}, 3, 0, true},
		{"both: time left", Limit{3, time.Minute}, 9, time.Minute - 1, false},
		{"both: attempts left", Limit{3, time.Minute}, 2, time.Hour, false},
		{"both met", Limit{3, time.Minute}, 3, time.Minute, true},
		{"time alone, left", Limit{-1, time.Minute}, 99, time.Second, false},
		{"time alone, met", Limit{-1, time.Minute}, 1, time.Minute, true},
		{"no limit", Limit{-1, 0}, math.MaxInt, math.MaxInt64, false},
	}
	for _, test := range tests {
		if got := test.limit.Reached(test.attempts, test.elapsed); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}
