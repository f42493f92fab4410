package server

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// Go's own percentage lets the heap grow to twice what lives. That is cheapest, and kept as
// long as the heap stays below usualHeap bytes. Where more lives, as with many pages at
// once, garbage is collected more often: at leastPercent at the most often. A limit of
// memory (GOMEMLIMIT) has no such floor: once more lives than the limit, the process does
// little else than collect.
const (
	usualHeap    = 18 << 20
	usualPercent = 100
	leastPercent = 30
)

// percentOf returns the percentage of garbage for bytes that live.
func percentOf(live uint64) int {
	if 2*live <= usualHeap {
		return usualPercent
	}
	return max(leastPercent, int(100*usualHeap/live)-100)
}

// pacer is garbage at once, so that each collection of garbage runs its finalizer.
type pacer struct {
	live [1]metrics.Sample
	set  func(percent int)
}

// pace calls set with the percentage of garbage after every collection.
func pace(set func(percent int)) {
	p := &pacer{set: set}
	p.live[0].Name = "/gc/heap/live:bytes"
	runtime.SetFinalizer(p, (*pacer).collected)
}

// collected sets the percentage and waits for the next collection.
func (p *pacer) collected() {
	metrics.Read(p.live[:])
	p.set(percentOf(p.live[0].Value.Uint64()))
	runtime.SetFinalizer(p, (*pacer).collected)
}

// setPercent has Go collect garbage at a percentage.
func setPercent(percent int) { debug.SetGCPercent(percent) }
