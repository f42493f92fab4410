// Package rehearsaltest starts the product for tests of other packages.
package rehearsaltest

import (
	"context"
	"testing"

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

// Filled is Start with the sample's tables, and its returns if there are any.
func Filled(ctx context.Context, t testing.TB, o rehearsal.Options, g sample.GenerateOptions) *rehearsal.Stack {
	t.Helper()
	s := Start(ctx, t, o)
	if err := sample.Migrate(ctx, s.DB); err != nil {
		t.Fatal(err)
	}
	if g.Rows == 0 {
		return s
	}
	if _, err := sample.Generate(ctx, s.DB, g); err != nil {
		t.Fatal(err)
	}
	return s
}
