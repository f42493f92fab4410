package worker

import (
	"context"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
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

// Pace is how many jobs run at once, as configured or as a person set it for a time. All
// processes of an installation have the same, by a note.
type Pace struct {
	Configured Threads
	Notes      transfer.Notes // nil: nobody sets anything
}

// setting is the body of the note.
type setting struct {
	Threads
	Seconds int64
}

// Override sets other numbers for a time. The next package runs with them.
func (p Pace) Override(ctx context.Context, t Threads, d time.Duration) error {
	if err := t.Check(); err != nil {
		return err
	}
	if d < time.Second || d > MaxOverride {
		return fault.New(fault.Invalid, "bad-time", "activeSeconds is %d: want 1 to %d", int(d.Seconds()), int(MaxOverride.Seconds())).WithParam("activeSeconds")
	}
	return transfer.Leave(ctx, p.Notes, transfer.NoteThreads, setting{t, int64(d.Seconds())})
}

// Now returns the numbers of the next package. until is nil unless a person set them.
func (p Pace) Now(ctx context.Context) (t Threads, until *time.Time, err error) {
	if p.Notes == nil {
		return p.Configured, nil, nil
	}
	var set setting
	note, err := transfer.Read(ctx, p.Notes, transfer.NoteThreads, &set)
	end := note.At.Add(time.Duration(set.Seconds) * time.Second)
	if err != nil || !note.Now.Before(end) || set.Check() != nil {
		return p.Configured, nil, err
	}
	return set.Threads, &end, nil
}
