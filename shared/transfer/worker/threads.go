package worker

import (
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Threads is how many jobs run at once and how many roots a package has.
type Threads struct {
	Threads int
	Package int
}

// The bounds of Threads and of an override.
const (
	MaxThreads  = 30
	MaxPackage  = 200
	MaxOverride = 10800 * time.Second
)

// Check judges the numbers.
func (t Threads) Check() error {
	switch {
	case t.Threads < 1 || t.Threads > MaxThreads:
		return fault.New(fault.Invalid, "bad-threads", "threads is %d: want 1 to %d", t.Threads, MaxThreads).WithParam("threads")
	case t.Package < 1 || t.Package > MaxPackage:
		return fault.New(fault.Invalid, "bad-package", "packageSize is %d: want 1 to %d", t.Package, MaxPackage).WithParam("packageSize")
	}
	return nil
}

// override is what a person set for a time.
type override struct {
	mu      sync.Mutex
	threads Threads
	until   time.Time
}

// Override sets other numbers for a time. The next package runs with them.
func (w *Worker) Override(t Threads, d time.Duration) error {
	if err := t.Check(); err != nil {
		return err
	}
	if d < time.Second || d > MaxOverride {
		return fault.New(fault.Invalid, "bad-time", "activeSeconds is %d: want 1 to %d", int(d.Seconds()), int(MaxOverride.Seconds())).WithParam("activeSeconds")
	}
	w.override.mu.Lock()
	defer w.override.mu.Unlock()
	w.override.threads, w.override.until = t, w.Now().Add(d)
	return nil
}

// Overridden returns what a person set and until when; false if that time is over.
func (w *Worker) Overridden() (Threads, time.Time, bool) {
	w.override.mu.Lock()
	defer w.override.mu.Unlock()
	return w.override.threads, w.override.until, w.Now().Before(w.override.until)
}

// ThreadsNow returns the numbers of the next package.
func (w *Worker) ThreadsNow() Threads {
	if t, _, active := w.Overridden(); active {
		return t
	}
	return w.Settings.Threads
}
