// Package rehearsaltest starts the product for tests of other packages.
package rehearsaltest

import (
	"context"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
)

// Start starts the product, which the test's end closes. ctx bounds the start.
func Start(ctx context.Context, t testing.TB, o rehearsal.Options) *rehearsal.Stack {
	t.Helper()
	s, err := rehearsal.Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Filled is Start with the sample's tables, and its returns if there are any. Ticks begin
// afterwards: the window of an earlier one would end behind the returns' changes, which no
// later window reads. With Options.HoldTicks the caller begins them.
func Filled(ctx context.Context, t testing.TB, o rehearsal.Options, g sample.GenerateOptions) *rehearsal.Stack {
	t.Helper()
	held := o.HoldTicks
	o.HoldTicks = true
	s := Start(ctx, t, o)
	err := sample.Migrate(ctx, s.DB)
	if err == nil && g.Rows > 0 {
		_, err = sample.Generate(ctx, s.DB, g)
	}
	if err == nil && !held {
		err = s.BeginTicks(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Settle has every waiting task delivered until no run is under way. Without a pause a slow
// machine would have each task delivered thousands of times at once.
func Settle(t testing.TB, s *rehearsal.Stack) {
	t.Helper()
	for ; ; time.Sleep(100 * time.Millisecond) {
		var open int
		if err := s.DB.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM sync_run WHERE closed_at IS NULL").Scan(&open); err != nil {
			t.Fatal(err)
		}
		if open == 0 {
			return
		}
		if err := s.DeliverNow(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
