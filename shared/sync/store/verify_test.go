package store_test

import (
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// TestDriftIsReplacedWhereItWasComparedAgain checks which drift a share takes
// off: that of its own roots and places, and no other.
func TestDriftIsReplacedWhereItWasComparedAgain(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	drift := func(root uint64, place string) store.Drift {
		return store.Drift{Root: root, Place: place, ObjectID: "o", Kind: "missing", Records: 1}
	}
	end := func(s store.Share) {
		t.Helper()
		if _, err := b.Comparisons.BeginShare(ctx, "returns"); err != nil {
			t.Fatal(err)
		}
		if ok, err := b.Comparisons.EndShare(ctx, "returns", s); err != nil || !ok {
			t.Fatal(ok, err)
		}
	}
	open := func(want ...string) {
		t.Helper()
		list, err := b.Comparisons.DriftOpen(ctx, "returns", 100)
		var got []string
		for _, d := range list {
			got = append(got, d.Place+"/"+string(rune('0'+d.Root)))
		}
		if err != nil || strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("open is %v, want %v, %v", got, want, err)
		}
	}
	both := []string{"ledger", "index"}
	end(store.Share{Range: source.Range{Upto: 5}, Places: both, Roots: 5, Drift: []store.Drift{drift(0, "index"), drift(2, "ledger"), drift(5, "index")}})
	end(store.Share{Range: source.Range{After: 5, Upto: source.MaxRoot}, Places: both, Roots: 3, Last: true, Drift: []store.Drift{drift(6, "ledger"), drift(9, "index")}})
	open("index/0", "ledger/2", "index/5", "ledger/6", "index/9")
	s, err := b.Comparisons.VerifyState(ctx, "returns")
	if err != nil || s.Drift != 5 || s.LastRoots != 8 || s.After != 0 || s.RoundFinishedAt == nil || s.RoundStartedAt != nil {
		t.Errorf("%+v, %v", s, err)
	}
	// The next round has other shares, and the ledger alone is compared.
	end(store.Share{Range: source.Range{Upto: 6}, Places: both[:1], Roots: 6})
	open("index/0", "index/5", "index/9")
	end(store.Share{Range: source.Range{After: 6, Upto: source.MaxRoot}, Places: both, Roots: 3, Last: true})
	open("index/0", "index/5")
	end(store.Share{Range: source.Range{Upto: 5}, Places: both, Roots: 5, Drift: []store.Drift{drift(5, "index")}, More: 70})
	open("index/5", "ledger/5")
	if s, err = b.Comparisons.VerifyState(ctx, "returns"); err != nil || s.Drift != 71 || s.RoundRoots != 5 || s.After != 5 {
		t.Errorf("%+v, %v", s, err)
	}
}
