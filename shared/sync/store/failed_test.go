package store_test

import (
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// TestAFailedStatementIsNoLostPage lets the database refuse the very statement
// that asks whether the page is still the caller's. It touches no row then, and
// that must not be taken for a page that somebody else has: a task that is
// dropped so never comes again.
func TestAFailedStatementIsNoLostPage(t *testing.T) {
	b := newBench(t)
	p := b.take(b.listed(1), 1)
	outOfRange := run.Counts{Found: -1, Saved: -1}
	_, err := b.Pages.Finish(t.Context(), p, store.Outcome{Counts: outOfRange})
	wantKind(t, err, fault.Retry)
	b.finish(p, 1)
}
