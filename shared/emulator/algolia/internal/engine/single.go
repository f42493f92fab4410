package engine

// singles is how well each record matches a query of one word: the best of its
// places, packed, inverted so that 0 means no match. Such queries match most
// records of all (somebody has typed one letter), and need no list of places
// because there is no distance between words.
type singles []uint64

// single matches the only word of a query.
func (m *matcher) single(mask bitmap) (bitmap, singles) {
	best, set := make(singles, len(m.index.docs)), newBitmap(len(m.index.docs))
	ranks := make([]uint32, len(m.index.byPath))
	for i, a := range m.index.byPath {
		ranks[i] = uint32(a.rank) << 16
	}
	m.visit(m.words[0], func(e expansion, p posting) {
		if !mask.has(p.slot) {
			return
		}
		attribute := ranks[p.path]
		if !m.index.byPath[p.path].unordered {
			attribute |= uint32(p.pos)
		}
		key := uint64(e.typos)<<48 | uint64(attribute)<<1
		if e.prefix || e.typos > 0 {
			key |= 1
		}
		best[p.slot] = max(best[p.slot], ^key)
		set.set(p.slot)
	})
	return set, best
}

// at returns the relevance of a record that matches.
func (s singles) at(slot uint32) relevance {
	key := ^s[slot]
	return relevance{typos: uint32(key >> 48), attribute: uint32(key >> 1), inexact: uint32(key & 1)}
}
