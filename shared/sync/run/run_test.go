package run

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSourcesKnowEveryPair(t *testing.T) {
	states := []State{Windowing, Processing, Synced, Failed, Interrupted}
	allowed := map[[2]State]bool{
		{Windowing, Processing}: true, {Windowing, Synced}: true,
		{Windowing, Failed}: true, {Windowing, Interrupted}: true,
		{Processing, Synced}: true, {Processing, Failed}: true, {Processing, Interrupted}: true,
	}
	for _, from := range states {
		for _, to := range states {
			if got := slices.Contains(Sources(to), from); got != allowed[[2]State{from, to}] {
				t.Errorf("%s -> %s: allowed %v", from, to, got)
			}
		}
	}
}

func TestSourcesAndFinal(t *testing.T) {
	if diff := cmp.Diff([]State{Processing, Windowing}, Sources(Synced)); diff != "" {
		t.Error(diff)
	}
	for state, want := range map[State]bool{Windowing: false, Processing: false, Synced: true, Failed: true, Interrupted: true} {
		if state.Final() != want {
			t.Errorf("%s.Final() = %v", state, !want)
		}
	}
}

// TestBalancedNeedsEveryTerm breaks each term of the sum by one.
func TestBalancedNeedsEveryTerm(t *testing.T) {
	good := Counts{Found: 10, Saved: 4, Deleted: 3, Unchanged: 2, Parked: 1, Operations: 99}
	if !good.Balanced() {
		t.Fatal("10 = 4+3+2+1")
	}
	for _, off := range []Counts{{Found: 1}, {Saved: 1}, {Deleted: 1}, {Unchanged: 1}, {Parked: 1}} {
		if sum := good.Add(off); sum.Balanced() {
			t.Errorf("balanced although it is not: %v", sum)
		}
	}
}

func TestSettled(t *testing.T) {
	r := Run{State: Processing, PagesTotal: 3, PagesDone: 2}
	if r.Settled() {
		t.Error("a page is missing")
	}
	r.PagesFailed = 1
	if !r.Settled() {
		t.Error("every page has ended")
	}
	r.State = Windowing
	if r.Settled() {
		t.Error("pages are still being cut")
	}
}
