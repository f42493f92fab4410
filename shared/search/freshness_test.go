package search_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

// TestFreshnessReadsSeldom asks from many at once: one reads, all wait for the
// first answer, and nobody waits for a later one.
func TestFreshnessReadsSeldom(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	at := now.Add(-time.Minute)
	var reads atomic.Int32
	slow := make(chan struct{})
	f := &search.Freshness{StaleAfter: 30 * time.Minute, Read: func(context.Context) (*time.Time, error) {
		if reads.Add(1) > 1 {
			<-slow
		}
		return &at, nil
	}}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if got := f.At(t.Context(), now); got.AsOf == nil || got.Stale {
				t.Errorf("%+v", got)
			}
		})
	}
	all.Wait()
	for range 50 {
		if got := f.At(t.Context(), now.Add(5*time.Second)); got.AsOf == nil {
			t.Errorf("%+v", got)
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
	f := &search.Freshness{StaleAfter: time.Hour, Read: func(context.Context) (*time.Time, error) {
		at := now.Add(time.Duration(reads.Add(1)) * time.Second)
		return &at, nil
	}}
	for i, later := range []time.Duration{0, time.Minute} {
		if got, want := f.At(t.Context(), now.Add(later)), now.Add(time.Duration(i+1)*time.Second); got.AsOf == nil || !got.AsOf.Equal(want) {
			t.Errorf("after %v: as of %v, want %v", later, got.AsOf, want)
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
	if got := f.At(ctx, time.Unix(1, 0)); got.AsOf != nil || !got.Stale {
		t.Errorf("%+v", got)
	}
}

// TestFreshnessHearsOfFailures remembers the last known moment and marks it.
func TestFreshnessHearsOfFailures(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	var failed atomic.Int32
	f := &search.Freshness{StaleAfter: time.Minute, Failed: func(error) { failed.Add(1) }, Read: func(context.Context) (*time.Time, error) {
		return nil, errors.New("away")
	}}
	if got := f.At(t.Context(), now); got.AsOf != nil || !got.Stale || failed.Load() != 1 {
		t.Errorf("%+v after %d failures", got, failed.Load())
	}
}
