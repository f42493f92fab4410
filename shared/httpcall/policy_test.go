package httpcall_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
)

// whole draws the longest pause, so that waits can be compared.
func whole(n time.Duration) time.Duration { return n - 1 }

// failing returns a call that fails with errs in turn and then succeeds.
func failing(errs ...error) (try func(context.Context) error, calls *int) {
	calls = new(int)
	return func(context.Context) error {
		*calls++
		if *calls <= len(errs) {
			return errs[*calls-1]
		}
		return nil
	}, calls
}

var (
	away       = fault.New(fault.Retry, "away", "away")
	slow       = fault.New(fault.Throttled, "slow", "slow down").WithAfter(3 * time.Second)
	wrong      = fault.New(fault.Invalid, "wrong", "wrong")
	errUnknown = errors.New("nobody classified this")
)

func TestRepeat(t *testing.T) {
	cases := map[string]struct {
		policy httpcall.Policy
		errs   []error
		calls  int
		waits  []time.Duration
		ok     bool
	}{
		"success":                  {httpcall.Policy{Attempts: 5}, nil, 1, nil, true},
		"zero policy":              {httpcall.Policy{}, []error{away}, 1, nil, false},
		"away for a moment":        {httpcall.Policy{Attempts: 5, First: 100, Most: 1000}, []error{away, away, away}, 4, []time.Duration{100, 200, 400}, true},
		"pauses are bounded":       {httpcall.Policy{Attempts: 9, First: 100, Most: 250}, []error{away, away, away, away}, 5, []time.Duration{100, 200, 250, 250}, true},
		"no bound keeps the first": {httpcall.Policy{Attempts: 9, First: 100}, []error{away, away}, 3, []time.Duration{100, 100}, true},
		"attempts end":             {httpcall.Policy{Attempts: 3, First: 100, Most: 1000}, []error{away, away, away}, 3, []time.Duration{100, 200}, false},
		"the server's wish":        {httpcall.Policy{Attempts: 3, First: 100, Most: 1000}, []error{slow, away}, 3, []time.Duration{3 * time.Second, 200}, true},
		"a longer pause of ours":   {httpcall.Policy{Attempts: 3, First: time.Hour, Most: time.Hour}, []error{slow}, 2, []time.Duration{time.Hour}, true},
		"waiting cannot cure":      {httpcall.Policy{Attempts: 3}, []error{wrong}, 1, nil, false},
		"an error without a kind":  {httpcall.Policy{Attempts: 3}, []error{errUnknown}, 1, nil, false},
		"joined errors":            {httpcall.Policy{Attempts: 3, First: 100}, []error{fault.Join(wrong, away)}, 2, []time.Duration{100}, true},
		"total is too short":       {httpcall.Policy{Attempts: 9, First: time.Second, Most: time.Minute, Total: 5 * time.Second}, []error{away, away, away, away}, 3, []time.Duration{1e9, 2e9}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var waits []time.Duration
				c.policy.Clock.Random = whole
				c.policy.Clock.Sleep = func(_ context.Context, d time.Duration) error {
					waits = append(waits, d)
					time.Sleep(d)
					return nil
				}
				try, calls := failing(c.errs...)
				err := c.policy.Repeat(t.Context(), try)
				if (err == nil) != c.ok || *calls != c.calls {
					t.Errorf("%d calls, %v; want %d, success %v", *calls, err, c.calls, c.ok)
				}
				if diff := cmp.Diff(c.waits, waits); diff != "" {
					t.Errorf("waits (-want +have):\n%s", diff)
				}
			})
		})
	}
}

// TestRepeatWithinTheContext ends with the context, in a pause or before one.
func TestRepeatWithinTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		try, calls := failing(slow, slow, slow)
		if err := (httpcall.Policy{Attempts: 9}).Repeat(ctx, try); !errors.Is(err, error(slow)) || *calls != 2 || time.Since(began) != 3*time.Second {
			t.Errorf("%d calls in %v, %v", *calls, time.Since(began), err)
		}
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		try, calls = failing(slow, slow)
		if err := (httpcall.Policy{Attempts: 9}).Repeat(ctx, try); !errors.Is(err, error(slow)) || *calls != 1 {
			t.Errorf("%d calls, %v", *calls, err)
		}
	})
}

// TestEachAttemptHasItsTime bounds attempts that never end by themselves.
func TestEachAttemptHasItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, calls := time.Now(), 0
		policy := httpcall.Policy{Attempts: 3, First: time.Second, Most: time.Second, Attempt: 2 * time.Second, Clock: httpcall.Clock{Random: whole}}
		err := policy.Repeat(t.Context(), func(ctx context.Context) error {
			calls++
			<-ctx.Done()
			return fault.Wrap(ctx.Err(), fault.Retry, "away", "away")
		})
		if calls != 3 || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 8*time.Second {
			t.Errorf("%d calls in %v, %v", calls, time.Since(began), err)
		}
	})
}

// FuzzPause stays between half of First and Most, whatever is asked.
func FuzzPause(f *testing.F) {
	f.Add(int64(200*time.Millisecond), int64(10*time.Second), 7)
	f.Add(int64(1), int64(math.MaxInt64), 70)
	f.Add(int64(math.MaxInt64), int64(math.MaxInt64), 3)
	f.Add(int64(0), int64(0), 1)
	f.Fuzz(func(t *testing.T, first, most int64, attempt int) {
		if first < 0 || most < 0 || attempt < 1 {
			t.Skip()
		}
		p := httpcall.Policy{First: time.Duration(first), Most: time.Duration(most)}
		if got := p.Pause(attempt); got < p.First/2 || got > max(p.First, p.Most) {
			t.Errorf("%+v attempt %d: %v", p, attempt, got)
		}
	})
}
