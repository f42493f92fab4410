// Package clock compares this machine's clock with others and locks work while they
// differ too much. Sleep waits by this machine's clock.
//
// A reading is what the other clocks said. A clock that does not answer is unknown, which
// is not drift: the guard keeps what it knew. The diagram of the guard:
//
//	          a clock is off by more than the bound
//	open ------------------------------------------> locked
//	     <------------------------------------------
//	          every clock that answers is within the bound; or the lock's end
package clock

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Source is another clock.
type Source interface {
	// Offset returns how far the other clock is ahead of this machine's.
	Offset(ctx context.Context) (time.Duration, error)
}

// Sources are the clocks that are compared. Times is asked first; nil sources are not
// asked.
type Sources struct {
	Times  []Source // servers of time, of which the first answer counts
	Online Source
	Studio Source
}

// Reading is what the clocks said, as absolute differences; nil for unknown.
type Reading struct {
	NTP, Online, Studio *time.Duration
	Problems            []string // clocks that did not answer, for people
}

// Known reports whether any clock answered.
func (r Reading) Known() bool { return r.NTP != nil || r.Online != nil || r.Studio != nil }

// Worst returns the largest difference.
func (r Reading) Worst() (d time.Duration) {
	for _, one := range []*time.Duration{r.NTP, r.Online, r.Studio} {
		if one != nil {
			d = max(d, *one)
		}
	}
	return d
}

// Read asks the clocks.
func (s Sources) Read(ctx context.Context) Reading {
	var r Reading
	ask := func(name string, list ...Source) *time.Duration {
		var problems error
		for _, one := range list {
			if one == nil {
				continue
			}
			d, err := one.Offset(ctx)
			if err == nil {
				d = d.Abs()
				return &d
			}
			problems = errors.Join(problems, err)
		}
		if problems != nil {
			r.Problems = append(r.Problems, name+": "+problems.Error())
		}
		return nil
	}
	r.NTP = ask("ntp", s.Times...)
	r.Online = ask("online", s.Online)
	r.Studio = ask("studio", s.Studio)
	return r
}

// Guard locks work while a clock is off. It is safe for concurrent use.
type Guard struct {
	Sources Sources
	Bound   time.Duration // a larger difference locks
	Every   time.Duration // between two readings
	Recheck time.Duration // between two readings while work is locked
	Lock    time.Duration // the lock's end without a new reading
	Now     func() time.Time
	Log     *slog.Logger

	mu    sync.Mutex
	state State
}

// State is what a guard knows.
type State struct {
	LastCheck   time.Time // zero: never
	LockedUntil time.Time // zero: open
	Reading     Reading   // the last one in which a clock answered
	Problems    []string  // of the last reading
}

// The times of a guard that names none.
const (
	DefaultEvery   = 30 * time.Minute
	DefaultRecheck = time.Minute
	DefaultLock    = 30*time.Minute + 5*time.Second
)

// Judge returns the state after a reading. It is pure.
func (s State) Judge(r Reading, bound, lock time.Duration, now time.Time) State {
	s.LastCheck, s.Problems = now, r.Problems
	switch {
	case !r.Known():
	case r.Worst() > bound:
		s.Reading, s.LockedUntil = r, now.Add(lock)
	default:
		s.Reading, s.LockedUntil = r, time.Time{}
	}
	return s
}

// due reports whether the clocks have to be read.
func (s State) due(every, recheck time.Duration, now time.Time) bool {
	if s.LockedUntil.After(now) {
		every = recheck
	}
	return s.LastCheck.IsZero() || now.Sub(s.LastCheck) >= every || now.Before(s.LastCheck)
}

// Allow reports whether work is permitted, and reads the clocks when that is due.
func (g *Guard) Allow(ctx context.Context) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.Now()
	if g.state.due(g.Every, g.Recheck, now) {
		before := g.state
		g.state = before.Judge(g.Sources.Read(ctx), g.Bound, g.Lock, now)
		g.report(ctx, before, g.state, now)
	}
	return !g.state.LockedUntil.After(now)
}

// report logs what changed: a lock once, its end once, and clocks that do not answer.
func (g *Guard) report(ctx context.Context, before, after State, now time.Time) {
	was, is := before.LockedUntil.After(now), after.LockedUntil.After(now)
	switch {
	case is && !was:
		g.Log.ErrorContext(ctx, "the clocks differ too much: work is locked", "difference", after.Reading.Worst(), "bound", g.Bound)
	case was && !is:
		g.Log.InfoContext(ctx, "the clocks agree again: work goes on")
	}
	if len(after.Problems) > 0 {
		g.Log.WarnContext(ctx, "clocks do not answer, which does not count as drift", "clocks", after.Problems)
	}
}

// Reset forgets the lock and the last reading, so that the next Allow reads the clocks.
func (g *Guard) Reset() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.state.LastCheck, g.state.LockedUntil = time.Time{}, time.Time{}
}

// State returns what the guard knows.
func (g *Guard) State() State {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state
}
