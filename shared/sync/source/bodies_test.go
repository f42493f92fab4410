package source

import (
	"bytes"
	"fmt"
	"testing"
)

// TestBodiesLieApart keeps bodies of many sizes, some of which outgrow a chunk, drops
// some, and spoils what lies behind each.
func TestBodiesLieApart(t *testing.T) {
	var b Bodies
	defer b.Free()
	var kept, want [][]byte
	for i := range 500 {
		body := bytes.Repeat(fmt.Append(nil, i, ","), 1+(i%7)*(i%11)*(i%13)*20)
		grown := append(b.Room(), body...)
		if i%5 == 0 {
			continue
		}
		kept, want = append(kept, b.Keep(grown)), append(want, body)
	}
	for i := range kept {
		_ = append(kept[i], "spoilt"...)
	}
	for i := range kept {
		if !bytes.Equal(kept[i], want[i]) {
			t.Fatalf("body %d was overwritten by a neighbour's", i)
		}
	}
}

// TestFreedMemoryIsUsedAgain bounds the memory of pages that free their bodies.
func TestFreedMemoryIsUsedAgain(t *testing.T) {
	body := make([]byte, 1500)
	page := func(free bool) func(*testing.B) {
		return func(b *testing.B) {
			for b.Loop() {
				var bodies Bodies
				for range 1000 {
					bodies.Keep(append(bodies.Room(), body...))
				}
				if free {
					bodies.Free()
					bodies.Free() // once more does nothing
				}
			}
		}
	}
	without, with := testing.Benchmark(page(false)).AllocedBytesPerOp(), testing.Benchmark(page(true)).AllocedBytesPerOp()
	if without < 1_500_000 || with > without/4 {
		t.Errorf("a page takes %d bytes, and %d where it frees them", without, with)
	}
}

// TestNoBodies frees rows of a source that keeps no memory.
func TestNoBodies(*testing.T) {
	var none *Bodies
	none.Free()
}
