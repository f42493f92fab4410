// Package httpcall makes calls to other services: it repeats what may succeed
// later, reads answers up to a bound, gives every failure a kind of package
// fault, and keeps secrets out of errors.
//
// A vendor's client that makes its own requests is repeated with Policy.Repeat:
//
//	err := policy.Repeat(ctx, func(ctx context.Context) error {
//		return classified(client.CreateTask(ctx, request))
//	})
//
// Plain HTTP goes through Client: Do repeats a request until the answer is a
// success, Once sends one request and returns the answer whatever its status is.
package httpcall

import (
	"context"
	"math/rand/v2"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Clock is the source of time and chance. The zero Clock waits in real time,
// draws from math/rand, and does not know the time of day.
type Clock struct {
	// Now returns the time by which a Retry-After that is a date is read; nil
	// ignores dates.
	Now func() time.Time
	// Sleep waits d, or returns the context's error when that ends first.
	Sleep func(ctx context.Context, d time.Duration) error
	// Random returns a duration from 0 up to, but not including, n.
	Random func(n time.Duration) time.Duration
}

// now returns the time of day, the zero time where nobody knows it.
func (c Clock) now() time.Time {
	if c.Now == nil {
		return time.Time{}
	}
	return c.Now()
}

// sleep waits d or until the context ends.
func (c Clock) sleep(ctx context.Context, d time.Duration) error {
	if c.Sleep != nil {
		return c.Sleep(ctx, d)
	}
	return clock.Sleep(ctx, d)
}

// random returns a duration below n.
func (c Clock) random(n time.Duration) time.Duration {
	if c.Random != nil {
		return c.Random(n)
	}
	return rand.N(n)
}

// Policy says how often a call is repeated, and how long it may take. The zero
// Policy makes one attempt.
type Policy struct {
	Attempts int           // at most; less than 1 is 1
	First    time.Duration // pause after the first attempt; it doubles after every further one
	Most     time.Duration // longest pause of ours; 0 is First
	// Attempt bounds one attempt and Total all of them with their pauses; 0 leaves
	// the bound to the context.
	Attempt time.Duration
	Total   time.Duration
	Clock   Clock
}

// Repeat calls try until it succeeds, fails with an error that waiting cannot
// cure, or attempts or time are used up, and returns the last error of try. Only
// errors of kind fault.Retry and fault.Throttled are repeated. Between attempts
// it waits a random half to whole of the back-off, because many callers meet one
// outage at once, and at least as long as the error asks (fault.AfterOf). A
// pause that would outlast the context or Total is not begun.
func (p Policy) Repeat(ctx context.Context, try func(context.Context) error) error {
	if p.Total > 0 {
		limited, cancel := context.WithTimeout(ctx, p.Total)
		defer cancel()
		ctx = limited
	}
	for attempt := 1; ; attempt++ {
		err := p.once(ctx, try)
		if err == nil || attempt >= p.Attempts || !passing(err) {
			return err
		}
		wait := max(p.Pause(attempt), fault.AfterOf(err))
		if outlasts(ctx, wait) || p.Clock.sleep(ctx, wait) != nil {
			return err
		}
	}
}

// once makes one attempt within its time.
func (p Policy) once(ctx context.Context, try func(context.Context) error) error {
	if p.Attempt > 0 {
		limited, cancel := context.WithTimeout(ctx, p.Attempt)
		defer cancel()
		ctx = limited
	}
	return try(ctx)
}

// passing reports whether the same call may succeed in a moment. An error
// without a kind is not repeated: nobody knows what a second call would do.
func passing(err error) bool {
	kind := fault.KindOf(err)
	return kind == fault.Retry || kind == fault.Throttled
}

// Pause returns the back-off after an attempt, with its random part: from half
// of First<<(attempt-1) to the whole of it, and at most Most.
func (p Policy) Pause(attempt int) time.Duration {
	most := max(p.Most, p.First)
	wait := p.First
	for range attempt - 1 {
		if wait >= most/2 {
			wait = most
			break
		}
		wait *= 2
	}
	return wait/2 + p.Clock.random(wait/2+1)
}

// outlasts reports whether a pause ends at or after the context's deadline. A
// child of the context keeps the earlier of both ends, so its deadline answers
// without the time of day.
func outlasts(ctx context.Context, wait time.Duration) bool {
	end, bounded := ctx.Deadline()
	if !bounded {
		return false
	}
	child, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	childEnd, _ := child.Deadline()
	return childEnd.Equal(end)
}
