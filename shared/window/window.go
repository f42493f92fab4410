// Package window holds the arithmetic on time that a sync stands on.
//
// A window is a half-open range [From, To) of the source database's clock, in
// UTC. Successive windows overlap on purpose: a transaction that is open while
// a window is read commits later with an older stamp, behind the window's end
// (ON UPDATE CURRENT_TIMESTAMP stamps when the statement runs, not at commit).
// The next window reaches back by the overlap and finds it, so the overlap must
// exceed the longest transaction. Rows that are seen again and have not changed
// cost a read, not a write: the ledger knows them.
//
// Nothing here reads a clock; every function is given its times.
package window

import (
	"fmt"
	"time"
)

// Window is the half-open range [From, To), both in UTC.
type Window struct {
	From time.Time
	To   time.Time
}

// Next returns the window that follows a watermark. The watermark is the end of
// the last run that closed with every record accounted for, or nil before the
// first; first is where history begins. now is the source database's clock.
//
// A clock that was set back yields a window that begins before both the
// watermark and now, so that rows stamped by the new clock are not missed.
func Next(watermark *time.Time, first, now time.Time, overlap time.Duration) Window {
	to := now.UTC()
	if watermark == nil {
		return Window{From: earlier(first.UTC(), to), To: to}
	}
	from := earlier(watermark.UTC(), to).Add(-overlap)
	return Window{From: from, To: to}
}

// earlier returns the smaller of two times.
func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Contains reports whether t lies in [From, To).
func (w Window) Contains(t time.Time) bool {
	return !t.Before(w.From) && t.Before(w.To)
}

// Empty reports whether no time lies in the window.
func (w Window) Empty() bool { return !w.From.Before(w.To) }

// Length is the time between the ends, zero for an empty window.
func (w Window) Length() time.Duration {
	if w.Empty() {
		return 0
	}
	return w.To.Sub(w.From)
}

// String prints the window in ISO 8601, for logs.
func (w Window) String() string {
	return fmt.Sprintf("[%s, %s)", w.From.Format(time.RFC3339Nano), w.To.Format(time.RFC3339Nano))
}
