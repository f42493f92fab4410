package search

import (
	"context"
	"sync"
	"time"
)

// Freshness tells how fresh the index is without costing a search a query: what
// was read is kept for seconds, read by one reader at a time, and a search waits
// for the reader only before the first answer. While the database is away the
// last known moment stands, marked stale.
type Freshness struct {
	// Read reads as-of, nil before the first sync.
	Read func(context.Context) (*time.Time, error)
	// StaleAfter is how old as-of may be: two periods of the schedule.
	StaleAfter time.Duration
	// Suspect, if set, is read with as-of and reports whether the index is known to
	// be wrong, or what is known of it is too old.
	Suspect func(context.Context) (bool, error)
	// Failed, if set, hears of a read that failed.
	Failed func(error)

	mu    sync.Mutex
	asOf  *time.Time
	wrong bool          // as Suspect says
	away  bool          // the last read failed
	until time.Time     // when to read again
	busy  chan struct{} // closed when the reader at work is done; nil without one
}

// How long as-of is kept, and how long a reader may take.
const (
	keepAsOf    = 3 * time.Second
	maxAge      = 5 * time.Second // beyond keepAsOf: then a caller waits for the read
	readTimeout = 2 * time.Second
)

// At returns how fresh the index is at now.
func (f *Freshness) At(ctx context.Context, now time.Time) Truth {
	f.mu.Lock()
	unknown := now.Sub(f.until) > maxAge // never read, or so long ago that it says nothing
	if !now.Before(f.until) && f.busy == nil {
		f.busy = make(chan struct{})
		go f.read(context.WithoutCancel(ctx), now)
	}
	busy := f.busy
	f.mu.Unlock()
	if unknown && busy != nil {
		select {
		case <-busy:
		case <-ctx.Done():
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return Truth{AsOf: f.asOf, Stale: f.away || f.wrong || f.asOf == nil || now.Sub(*f.asOf) > f.StaleAfter}
}

// read reads as-of and keeps it.
func (f *Freshness) read(ctx context.Context, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	asOf, err := f.Read(ctx)
	wrong := false
	if err == nil && f.Suspect != nil {
		wrong, err = f.Suspect(ctx)
	}
	if err != nil && f.Failed != nil {
		f.Failed(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.away = err != nil; !f.away {
		f.asOf, f.wrong = asOf, wrong
	}
	f.until = now.Add(keepAsOf)
	close(f.busy)
	f.busy = nil
}
