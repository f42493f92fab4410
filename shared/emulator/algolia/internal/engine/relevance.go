package engine

import (
	"math"
)

// relevance is how well a record matches the text; smaller is better in every
// field.
type relevance struct {
	typos, missing, filters, proximity, attribute, inexact uint32
}

func (m *matcher) relevance(all []spots, slot uint32) relevance {
	r := relevance{attribute: math.MaxUint32}
	for i, s := range all {
		best, exact := uint32(math.MaxUint8), false
		for at := s.heads[slot]; at > 0; at = s.list[at].next {
			spot := s.list[at]
			best = min(best, uint32(spot.typos))
			exact = exact || spot.exact
			r.attribute = min(r.attribute, m.attributeRank(spot))
		}
		if s.heads[slot] == 0 {
			r.missing++
			continue
		}
		r.typos += best
		if !exact {
			r.inexact++
		}
		if i > 0 {
			r.proximity += proximity(all[i-1], s, slot)
		}
	}
	return r
}

func (m *matcher) attributeRank(s spot) uint32 {
	a := m.index.byPath[s.path]
	if a.unordered {
		return uint32(a.rank) << 16
	}
	return uint32(a.rank)<<16 | uint32(s.pos)
}

// maxProximity is the distance of words that are far apart or in different
// attributes.
const maxProximity = 8

// maxCompared bounds the places of a word whose distances are compared, so that
// a record that repeats its words cannot hold up a query.
const maxCompared = 100

// proximity is the least distance between two neighbouring query words, one
// more when they stand in reverse order.
func proximity(a, b spots, slot uint32) uint32 {
	best := uint32(maxProximity)
	i := a.heads[slot]
	for n := 0; i > 0 && n < maxCompared; i, n = a.list[i].next, n+1 {
		j := b.heads[slot]
		for m := 0; j > 0 && m < maxCompared; j, m = b.list[j].next, m+1 {
			if a.list[i].path != b.list[j].path {
				continue
			}
			d := int(b.list[j].pos) - int(a.list[i].pos)
			if d < 0 {
				d = 1 - d
			}
			best = min(best, uint32(max(d, 1)))
		}
	}
	return best
}
