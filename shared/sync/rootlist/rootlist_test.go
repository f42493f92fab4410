package rootlist_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
)

func TestCondition(t *testing.T) {
	const one = "id IN (?)"
	for name, c := range map[string]struct {
		list      rootlist.List
		condition string
		args      []any
	}{
		"one":               {rootlist.Of([]uint64{7}), one, []any{"e", uint64(7)}},
		"close together":    {rootlist.Of([]uint64{7, 8, 12}), "id BETWEEN ? AND ?", []any{"e", uint64(7), uint64(12)}},
		"too far apart":     {rootlist.Of([]uint64{7, 8, 13}), "id IN (?,?,?)", []any{"e", uint64(7), uint64(8), uint64(13)}},
		"not in order":      {rootlist.Of([]uint64{8, 7}), "id IN (?,?)", []any{"e", uint64(8), uint64(7)}},
		"the ends of all":   {rootlist.Of([]uint64{0, math.MaxUint64}), "id IN (?,?)", []any{"e", uint64(0), uint64(math.MaxUint64)}},
		"each, as for lock": {rootlist.Each([]uint64{7, 8}), "id IN (?,?)", []any{"e", uint64(7), uint64(8)}},
	} {
		if got := c.list.Condition("id"); got != c.condition {
			t.Errorf("%s: %s; want %s", name, got, c.condition)
		}
		if diff := cmp.Diff(c.args, c.list.Args("e")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestHas separates the roots of a range from the other ids in it.
func TestHas(t *testing.T) {
	list := rootlist.Of([]uint64{3, 5, 6})
	for root, want := range map[uint64]bool{3: true, 4: false, 5: true, 6: true} {
		if list.Has(root) != want {
			t.Errorf("%d: %v", root, !want)
		}
	}
	if !rootlist.Each([]uint64{3, 5}).Has(5) {
		t.Error("what was named one by one is not known")
	}
}
