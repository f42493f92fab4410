package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal/rehearsaltest"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// stack starts the whole product with so many returns, syncs them, and returns it
// with the deps of a command line that works on it. The returns are older than a
// window's overlap. Most of such a test's time is waiting for queues, so the test runs
// beside others.
func stack(t *testing.T, returns int, o rehearsal.Options) (*rehearsal.Stack, deps) {
	t.Helper()
	t.Parallel()
	o.ChildLog, o.BufferPoolMB = logged{t}, 256
	s := rehearsaltest.Filled(t.Context(), t, o, sample.GenerateOptions{Rows: returns, Seed: 3, Now: time.Now().Add(-3 * time.Hour)})
	synced(t, s)
	d := surroundings(t, s.Environment())
	d.poll = 50 * time.Millisecond
	return s, d
}

// logged passes what the functions say on to the test.
type logged struct{ t *testing.T }

// Write implements io.Writer.
func (l logged) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// synced syncs returns once.
func synced(t *testing.T, s *rehearsal.Stack) run.Run {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	r, err := s.Sync(ctx, "returns", nil)
	if err != nil || r.State != run.Synced {
		t.Fatalf("%v, %v: %s", r.State, err, r.LastError)
	}
	return r
}

// sound demands that the index holds what the database holds.
func sound(t *testing.T, s *rehearsal.Stack) {
	t.Helper()
	d, err := s.Entity("returns")
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Compare(t.Context(), d)
	if err != nil || r.Differences() != 0 {
		t.Fatalf("%v, %v", r, err)
	}
}
