package ledger

import "testing"

// The allocations that are allowed: one for the packed value; of a journal one for
// the list of a root, besides the map's own growth.
const (
	allocsAPack  = 1
	allocsAnAdd  = 1
	allocsAnItem = 2 // of Unpack: the id, and its part of the list
)

// three is a root as most are.
var three = []Entry{{ID: "R681-1589", Hash: HashOf([]byte("a"))}, {ID: "R681-1590", Hash: HashOf([]byte("b"))}, {ID: "R681-1591", Parked: true}}

func TestPackingAllocatesLittle(t *testing.T) {
	packed := Pack(three)
	j := Journal{}
	for name, c := range map[string]struct {
		step func()
		most float64
	}{
		"Pack":        {func() { _ = Pack(three) }, allocsAPack},
		"Unpack":      {func() { _, _ = Unpack(packed) }, allocsAnItem * 3},
		"HashOf":      {func() { _ = HashOf(packed) }, 0},
		"Journal.Add": {func() { delete(j, 5); j.Add(5, "R681-1589") }, allocsAnAdd},
	} {
		if n := testing.AllocsPerRun(100, c.step); n > c.most {
			t.Errorf("%s: %v allocations; want at most %v", name, n, c.most)
		}
	}
}

func BenchmarkPack(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = Pack(three)
	}
}

func BenchmarkUnpack(b *testing.B) {
	packed := Pack(three)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = Unpack(packed)
	}
}
