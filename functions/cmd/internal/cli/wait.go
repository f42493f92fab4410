package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"
)

// Wait are the flags of a command that may follow the work that it starts.
type Wait struct {
	Wait    bool
	Timeout time.Duration
}

// Add adds the flags.
func (w *Wait) Add(f *pflag.FlagSet, timeout time.Duration) {
	f.BoolVar(&w.Wait, "wait", false, "follow the work until it has ended")
	f.DurationVar(&w.Timeout, "timeout", timeout, "how long to wait with --wait")
}

// Check refuses a timeout that makes no sense.
func (w Wait) Check() error { return Positive("--timeout", w.Timeout) }

// Positive refuses a duration of a flag that is not more than 0.
func Positive(flag string, d time.Duration) error {
	if d <= 0 {
		return fmt.Errorf("%s is %v; want more than 0", flag, d)
	}
	return nil
}

// Work names work that goes on by itself when a wait for it ends early.
type Work struct {
	Name string // such as: the sync of returns
	Look string // the command that shows how far it is
}

// Await calls look, and again every poll, until look reports the end of the work.
func (s *Session) Await(ctx context.Context, w Work, look func() (ended bool, err error)) error {
	for {
		ended, err := look()
		if ended && err == nil {
			return nil
		}
		if err == nil {
			select {
			case <-ctx.Done():
				err = ctx.Err()
			case <-time.After(s.Poll):
				continue
			}
		}
		switch ctx.Err() {
		case nil:
			return err
		case context.DeadlineExceeded:
			return fmt.Errorf("%s did not end within --timeout; it continues: see %s", w.Name, w.Look)
		}
		return errors.New("the wait was stopped; " + w.Name + " continues: see " + w.Look)
	}
}
