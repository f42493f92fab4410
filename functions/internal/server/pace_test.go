package server

import (
	"runtime"
	"sync/atomic"
	"testing"
)

// TestPercentOf keeps Go's percentage for little that lives, the heap at its size for
// more, and a floor for much.
func TestPercentOf(t *testing.T) {
	for live, want := range map[uint64]int{0: 100, 1 << 20: 100, 9 << 20: 100, 10 << 20: 80, 12 << 20: 50, 15 << 20: 30, 1 << 40: 30} {
		if got := percentOf(live); got != want {
			t.Errorf("%d bytes live: %d %%; want %d", live, got, want)
		}
	}
}

// TestThePaceFollowsWhatLives holds much memory and gives it back.
func TestThePaceFollowsWhatLives(t *testing.T) {
	var last atomic.Int64
	pace(func(percent int) { last.Store(int64(percent)) })
	until := func(want int64) {
		for last.Load() != want {
			runtime.GC()
		}
	}
	much := make([]byte, 4*usualHeap)
	until(leastPercent)
	runtime.KeepAlive(much)
	until(usualPercent)
}
