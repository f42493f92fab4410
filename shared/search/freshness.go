package search

import (
	"context"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Freshness says how fresh the index is without costing a search a query: what
// was read is kept for seconds, read by one reader at a time, and a search waits
// for the reader only where nothing is known, or nothing recent.
//
// What is read is also which index is live, so a search has no answer before the
// first read has succeeded. While the database is away the last known state
// stands, marked stale, for a bounded time: a rebuild that this instance does not
// see may make another index live meanwhile.
type Freshness struct {
	// Read reads as-of, nil before the first sync.
	Read func(context.Context) (*time.Time, error)
	// StaleAfter is how old as-of may be: two periods of the schedule.
	StaleAfter time.Duration
	// Suspect, if set, is read with as-of and reports whether the index is known to
	// be wrong, or what is known of it is too old.
	Suspect func(context.Context) (bool, error)
	// Trust is how long after the last successful read its result is used.
	Trust time.Duration
	// Failed, if set, hears of a read that failed.
	Failed func(error)

	mu     sync.Mutex
	asOf   *time.Time
	wrong  bool          // as Suspect says
	readAt time.Time     // of the last successful read; zero before the first
	away   bool          // the last read failed
	until  time.Time     // when to read again
	busy   chan struct{} // closed when the reader at work is done; nil without one
}

// How long as-of is kept, and how long a reader may take.
const (
	keepAsOf    = 3 * time.Second
	maxAge      = 5 * time.Second // beyond keepAsOf: then a caller waits for the read
	readTimeout = 2 * time.Second
)

// At returns how fresh the index is at now, or an error of kind fault.Retry where
// it is not known which index is live.
func (f *Freshness) At(ctx context.Context, now time.Time) (Truth, error) {
	f.mu.Lock()
	wait := !f.known(now) || now.Sub(f.until) > maxAge
	if !now.Before(f.until) && f.busy == nil {
		f.busy = make(chan struct{})
		go f.read(context.WithoutCancel(ctx), now)
	}
	busy := f.busy
	f.mu.Unlock()
	if wait && busy != nil {
		select {
		case <-busy:
		case <-ctx.Done():
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.known(now) {
		return Truth{}, fault.New(fault.Retry, "index-unknown",
			"which index is live is not known, because the state database cannot be read; try again").WithAfter(keepAsOf)
	}
	return Truth{AsOf: f.asOf, Stale: f.away || f.wrong || f.asOf == nil || now.Sub(*f.asOf) > f.StaleAfter, sure: !f.away}, nil
}

// known reports whether a read has succeeded that may still be used.
func (f *Freshness) known(now time.Time) bool {
	return !f.readAt.IsZero() && now.Sub(f.readAt) <= f.Trust
}

// read reads as-of and keeps it.
func (f *Freshness) read(ctx context.Context, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	asOf, err := f.Read(ctx)
	wrong, problem := false, err
	if err == nil && f.Suspect != nil {
		// Answers are marked stale where nothing is known of the index.
		if wrong, problem = f.Suspect(ctx); problem != nil {
			wrong = true
		}
	}
	if problem != nil && f.Failed != nil {
		f.Failed(problem)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.away = err != nil; !f.away {
		f.asOf, f.wrong, f.readAt = asOf, wrong, now
	}
	f.until = now.Add(keepAsOf)
	close(f.busy)
	f.busy = nil
}
