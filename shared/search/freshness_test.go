package search_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

// TestFreshnessReadsSeldom asks from many at once: one reads, all wait for the
// first answer, and nobody waits for a later one.
func TestFreshnessReadsSeldom(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	at := now.Add(-time.Minute)
	var reads atomic.Int32
	slow := make(chan struct{})
	f := &search.Freshness{StaleAfter: 30 * time.Minute, Trust: time.Hour, Read: func(context.Context) (*time.Time, error) {
		if reads.Add(1) > 1 {
			<-slow
		}
		return &at, nil
	}}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if got, err := f.At(t.Context(), now); err != nil || got.AsOf == nil || got.Stale {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	all.Wait()
	for range 50 {
		if got, err := f.At(t.Context(), now.Add(5*time.Second)); err != nil || got.AsOf == nil {
			t.Errorf("%+v, %v", got, err)
		}
	}
	close(slow)
	if n := reads.Load(); n > 2 {
		t.Errorf("%d reads", n)
	}
}

// TestFreshnessWaitsAfterALongTime asks when what is known is so old that it says
// nothing: another index may be live since.
func TestFreshnessWaitsAfterALongTime(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	var reads atomic.Int32
	f := &search.Freshness{StaleAfter: time.Hour, Trust: time.Hour, Read: func(context.Context) (*time.Time, error) {
		at := now.Add(time.Duration(reads.Add(1)) * time.Second)
		return &at, nil
	}}
	for i, later := range []time.Duration{0, time.Minute} {
		want := now.Add(time.Duration(i+1) * time.Second)
		if got, err := f.At(t.Context(), now.Add(later)); err != nil || got.AsOf == nil || !got.AsOf.Equal(want) {
			t.Errorf("after %v: as of %v, want %v, %v", later, got.AsOf, want, err)
		}
	}
}

// TestFreshnessGivesUpWaiting asks with a context that ends before the database
// answers for the first time.
func TestFreshnessGivesUpWaiting(t *testing.T) {
	done := make(chan struct{})
	defer close(done)
	f := &search.Freshness{StaleAfter: time.Minute, Read: func(ctx context.Context) (*time.Time, error) {
		select {
		case <-done:
		case <-ctx.Done():
		}
		return nil, errors.New("away")
	}}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := f.At(ctx, time.Unix(1, 0)); fault.CodeOf(err) != "index-unknown" || ctx.Err() == nil {
		t.Errorf("%v", err)
	}
}

// TestFreshnessOfFailures walks through reads that succeed and fail, some time
// apart: an answer before the first success, or too long after the last, is an
// error of a kind that callers try again.
func TestFreshnessOfFailures(t *testing.T) {
	start := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	type step struct {
		after time.Duration // the step before
		fails bool          // the read of this step, where one is due
		want  string        // a code, or how the truth is
	}
	const unknown, stale, fresh = "index-unknown", "stale", "fresh"
	for name, steps := range map[string][]step{
		"never":                                  {{0, true, unknown}, {time.Second, true, unknown}, {time.Hour, true, unknown}, {1000 * time.Hour, true, unknown}},
		"back at once":                           {{0, true, unknown}, {4 * time.Second, false, fresh}},
		"back later":                             {{0, true, unknown}, {time.Hour, false, fresh}, {time.Second, false, fresh}},
		"no read while it keeps":                 {{0, true, unknown}, {2 * time.Second, false, unknown}, {time.Second, false, fresh}},
		"away within the bound":                  {{0, false, fresh}, {9 * time.Minute, true, stale}, {time.Minute, true, stale}},
		"away beyond the bound":                  {{0, false, fresh}, {10*time.Minute + time.Second, true, unknown}, {time.Minute, false, fresh}},
		"the bound counts from the last success": {{0, false, fresh}, {9 * time.Minute, false, fresh}, {9 * time.Minute, true, stale}, {time.Minute + time.Second, true, unknown}},
		"an instance without work for an hour":   {{0, false, fresh}, {time.Hour, false, fresh}, {time.Hour, true, unknown}},
	} {
		t.Run(name, func(t *testing.T) {
			now, fails, failed := start, false, 0
			f := &search.Freshness{StaleAfter: 2 * time.Hour, Trust: 10 * time.Minute, Failed: func(error) { failed++ }}
			f.Read = func(context.Context) (*time.Time, error) {
				if fails {
					return nil, errors.New("away")
				}
				return &start, nil
			}
			for i, s := range steps {
				now, fails = now.Add(s.after), s.fails
				truth, err := f.At(t.Context(), now)
				got := fresh
				switch {
				case err != nil:
					got = fault.CodeOf(err)
					if !fault.Retryable(err) || fault.AfterOf(err) <= 0 || truth != (search.Truth{}) {
						t.Errorf("step %d: %+v, %v", i, truth, err)
					}
				case truth.Stale:
					got = stale
				}
				if got != s.want || truth.NeverSynced() {
					t.Errorf("step %d: %s, want %s: %+v, %v", i, got, s.want, truth, err)
				}
			}
			if steps[0].fails && failed == 0 {
				t.Error("nobody hears of the failure")
			}
		})
	}
}

// TestNeverSynced is certain of it only where the database says so now.
func TestNeverSynced(t *testing.T) {
	now, fails := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), false
	f := &search.Freshness{StaleAfter: time.Hour, Trust: time.Hour, Read: func(context.Context) (*time.Time, error) {
		if fails {
			return nil, errors.New("away")
		}
		return nil, nil
	}}
	if truth, err := f.At(t.Context(), now); err != nil || !truth.NeverSynced() || !truth.Stale {
		t.Errorf("%+v, %v", truth, err)
	}
	fails = true
	if truth, err := f.At(t.Context(), now.Add(time.Minute)); err != nil || truth.NeverSynced() || !truth.Stale {
		t.Errorf("away: %+v, %v", truth, err)
	}
}
