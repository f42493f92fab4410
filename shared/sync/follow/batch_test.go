package follow

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// names names the watches of tests.
func names(watch int) []string { return [][]string{{"a", "a~2"}, {"a"}, {"b"}}[watch] }

func TestOnlyEndedTransactionsAreTaken(t *testing.T) {
	b := newBatch()
	b.add(Event{Roots: map[int][]uint64{0: {3, 1}, 1: {3}}})
	b.add(Event{Roots: map[int][]uint64{2: {9}}, End: "one"})
	b.add(Event{Roots: map[int][]uint64{2: {10}}, Gaps: map[int]string{0: "why"}})
	want := Hint{Roots: map[string][]uint64{"a": {1, 3}, "a~2": {1, 3}, "b": {9}}, Gaps: map[string]string{}, Position: "one"}
	if diff := cmp.Diff(want, b.take(names)); diff != "" {
		t.Errorf("(-want +have):\n%s", diff)
	}
	b.add(Event{End: "two"})
	want = Hint{Roots: map[string][]uint64{"b": {10}}, Gaps: map[string]string{"a": "why", "a~2": "why"}, Position: "two"}
	if diff := cmp.Diff(want, b.take(names)); diff != "" {
		t.Errorf("(-want +have):\n%s", diff)
	}
}

func TestALargeTransactionIsAGap(t *testing.T) {
	b := newBatch()
	for i := range uint64(mostRoots + 2) {
		b.add(Event{Roots: map[int][]uint64{2: {i / 4}}}) // repeated roots are held once
	}
	b.add(Event{End: "one"})
	if h := b.take(names); len(h.Roots["b"]) != mostRoots/4+1 || len(h.Gaps) > 0 {
		t.Errorf("%d roots, gaps %v", len(h.Roots["b"]), h.Gaps)
	}
	for i := range uint64(mostRoots + 2) {
		b.add(Event{Roots: map[int][]uint64{2: {i}}})
	}
	b.add(Event{Roots: map[int][]uint64{2: {1}}, End: "two"})
	if h := b.take(names); len(h.Roots) > 0 || h.Gaps["b"] == "" {
		t.Errorf("%d roots, gaps %v", len(h.Roots["b"]), h.Gaps)
	}
}

// TestNothingIsLostInABatch adds entries of any kind and demands that each root of an ended
// transaction is taken, as a root or as a gap.
func TestNothingIsLostInABatch(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	b := newBatch()
	open, ended, taken, gaps := map[uint64]bool{}, map[uint64]bool{}, map[uint64]bool{}, false
	for i := range uint64(20_000) {
		e := Event{Roots: map[int][]uint64{2: {i, i % 7}}}
		open[i], open[i%7] = true, true
		if dice.IntN(3) == 0 {
			e.End = "end"
			maps.Copy(ended, open)
			clear(open)
		}
		b.add(e)
		if dice.IntN(50) == 0 {
			h := b.take(names)
			gaps = gaps || len(h.Gaps) > 0
			for _, root := range h.Roots["b"] {
				taken[root] = true
				if !ended[root] {
					t.Fatalf("root %d of an open transaction was taken", root)
				}
			}
			if !slices.IsSorted(h.Roots["b"]) {
				t.Fatal("the roots are not in order")
			}
		}
	}
	for _, root := range b.take(names).Roots["b"] {
		taken[root] = true
	}
	if gaps || len(taken) != len(ended) {
		t.Errorf("%d roots ended and %d were taken; gaps: %v", len(ended), len(taken), gaps)
	}
}
