package flow

import "hash/maphash"

// keySet remembers keys by 64-bit hashes in 8 to 24 bytes a key, so that a document of
// millions of rows fits. Two of a million keys share a hash with a chance of 1 in 36
// million; the later row is then parked by name.
type keySet struct {
	seed  maphash.Seed
	slots []uint64
	used  int
}

// newKeySet returns an empty set.
func newKeySet() *keySet {
	return &keySet{seed: maphash.MakeSeed(), slots: make([]uint64, 1<<10)}
}

// add adds a key; false means that it is in the set already.
func (s *keySet) add(key string) bool {
	if s.used*4 >= len(s.slots)*3 {
		old := s.slots
		s.slots = make([]uint64, 2*len(old))
		for _, h := range old {
			if h != 0 {
				s.put(h)
			}
		}
	}
	h := maphash.String(s.seed, key)
	if h == 0 { // marks a free slot
		h = 1
	}
	if !s.put(h) {
		return false
	}
	s.used++
	return true
}

// put puts a hash into its slot; false means that it is there.
func (s *keySet) put(h uint64) bool {
	mask := uint64(len(s.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		switch s.slots[i] {
		case 0:
			s.slots[i] = h
			return true
		case h:
			return false
		}
	}
}
