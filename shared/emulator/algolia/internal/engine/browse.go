package engine

import (
	"cmp"
	"encoding/json"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/params"
)

// Browse returns up to n matching records whose order number is above after, in
// order of first appearance, with the number of matches and the order number to
// go on from (0 at the end). A record that changes between two pages keeps its
// place.
func (x *Index) Browse(q *params.Query, after uint64, n int) (hits []json.RawMessage, nbHits int, next uint64) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	set := x.mask(q.Filter)
	if words := x.queryWords(q); len(words) > 0 {
		set, _ = x.newMatcher(q, words).match(set)
	}
	best := &top{n: n + 1, before: func(a, b *ranked) int { return cmp.Compare(x.docs[a.slot].order, x.docs[b.slot].order) }}
	set.each(func(slot uint32) {
		if x.docs[slot].order > after {
			best.offer(ranked{slot: slot})
		}
	})
	page := best.sorted()
	if len(page) > n {
		page = page[:n]
		next = x.docs[page[n-1].slot].order
	}
	shape := shape{index: x, query: q}
	for i := range page {
		hits = append(hits, shape.record(x.docs[page[i].slot].raw))
	}
	return hits, set.count(), next
}
