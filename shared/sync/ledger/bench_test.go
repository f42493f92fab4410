package ledger

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The allowed allocations: one for the packed value; of a journal one for the list of a
// root, plus the map's own growth.
const (
	allocsAPack  = 1
	allocsAnAdd  = 1
	allocsAnItem = 2 // of Unpack: the id, and its part of the list
)

// three is a typical root.
var three = []Entry{{ID: "R681-1589", Hash: (Hasher{}).Of([]byte("a"))}, {ID: "R681-1590", Hash: (Hasher{}).Of([]byte("b"))}, {ID: "R681-1591", Parked: true}}

func TestPackingAllocatesLittle(t *testing.T) {
	packed := PackVersion(7, three)
	j, keyed := Journal{}, HasherOf([]byte("key"))
	for name, c := range map[string]struct {
		step func()
		most float64
	}{
		"PackVersion": {func() { _ = PackVersion(7, three) }, allocsAPack},
		"Unpack":      {func() { _, _ = Unpack(packed) }, allocsAnItem * 3},
		"Of":          {func() { _ = keyed.Of(packed) }, 1},
		"Of, no key":  {func() { _ = (Hasher{}).Of(packed) }, 0},
		"Journal.Add": {func() { delete(j, 5); j.Add(5, "R681-1589") }, allocsAnAdd},
	} {
		if n := testing.AllocsPerRun(100, c.step); n > c.most {
			t.Errorf("%s: %v allocations; want at most %v", name, n, c.most)
		}
	}
}

func TestVersionsArePacked(t *testing.T) {
	for _, version := range []uint64{0, 1, 1 << 63} {
		got, entries, err := UnpackVersion(PackVersion(version, three))
		if err != nil || got != version || cmp.Diff(three, entries) != "" {
			t.Errorf("version %d became %d, %v, %v", version, got, entries, err)
		}
	}
	if plain := PackVersion(0, three); plain[0] != 1 {
		t.Errorf("entries without a version have format %d; want 1", plain[0])
	}
	for n := 1; n < 9; n++ {
		if _, _, err := UnpackVersion(PackVersion(9, nil)[:n]); err == nil {
			t.Errorf("%d bytes of a version were taken", n)
		}
	}
	if _, err := Unpack([]byte{3}); err == nil {
		t.Error("an unknown format was taken")
	}
}

// FuzzUnpackVersion checks that every readable value is written back unchanged.
func FuzzUnpackVersion(f *testing.F) {
	f.Add(PackVersion(7, three))
	f.Add(PackVersion(0, three))
	f.Add([]byte{2, 0, 0})
	f.Fuzz(func(t *testing.T, packed []byte) {
		version, entries, err := UnpackVersion(packed)
		if err != nil {
			return
		}
		again, same, err := UnpackVersion(PackVersion(version, entries))
		if err != nil || again != version || cmp.Diff(entries, same) != "" {
			t.Fatalf("%x: %d %v became %d %v, %v", packed, version, entries, again, same, err)
		}
	})
}

func BenchmarkPack(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = PackVersion(7, three)
	}
}

func BenchmarkUnpack(b *testing.B) {
	packed := PackVersion(7, three)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = Unpack(packed)
	}
}

// BenchmarkHash hashes a record of the usual size with a key and without.
func BenchmarkHash(b *testing.B) {
	content := bytes.Repeat([]byte("x"), 1200)
	for name, h := range map[string]Hasher{"keyed": HasherOf([]byte("key")), "without a key": {}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = h.Of(content)
			}
		})
	}
}
