package flow

import (
	"hash/maphash"

	"gitlab.com/eshopbox-team/return-sync/shared/report"
)

// mostKeys is how many keys of a document a process remembers; the others are in our own
// tables, so that a document of any size needs the same memory.
const mostKeys = 100_000

// keys finds rows whose key stands on an earlier row, by 64-bit hashes. Two of a million
// keys share a hash with a chance of 1 in 36 million; the later row is then parked by name.
type keys struct {
	seed maphash.Seed
	set  keySet
	most int // keys of the set
	// more remembers further keys and returns the hashes of those that earlier rows have.
	more func([]report.RowKey) (map[uint64]bool, error)
}

// newKeys returns keys of no rows.
func newKeys(more func([]report.RowKey) (map[uint64]bool, error)) *keys {
	return &keys{maphash.MakeSeed(), keySet{slots: make([]uint64, 1<<10)}, mostKeys, more}
}

// repeated returns which of some rows have the key of an earlier row, by their places.
// Rows with an empty key have none.
func (k *keys) repeated(rows []report.Row) (map[int]bool, error) {
	found, places := map[int]bool{}, map[uint64]int{}
	var further []report.RowKey
	for i, row := range rows {
		if row.Key == "" {
			continue
		}
		h := max(maphash.String(k.seed, row.Key), 1) // 0 marks a free slot
		_, here := places[h]
		switch {
		case here || k.set.has(h):
			found[i] = true
		case k.set.used < k.most:
			k.set.add(h)
		default:
			places[h] = i
			further = append(further, report.RowKey{Hash: h, Row: row.Number})
		}
	}
	if len(further) == 0 {
		return found, nil
	}
	earlier, err := k.more(further)
	for h := range earlier {
		found[places[h]] = true
	}
	return found, err
}

// keySet is hashes in 8 to 24 bytes each.
type keySet struct {
	slots []uint64
	used  int
}

// add adds a hash that the set does not have.
func (s *keySet) add(h uint64) {
	if s.used*4 >= len(s.slots)*3 {
		old := s.slots
		s.slots = make([]uint64, 2*len(old))
		for _, h := range old {
			if h != 0 {
				s.put(h)
			}
		}
	}
	s.put(h)
	s.used++
}

// has reports whether the set has a hash.
func (s *keySet) has(h uint64) bool {
	mask := uint64(len(s.slots) - 1)
	for i := h & mask; s.slots[i] != 0; i = (i + 1) & mask {
		if s.slots[i] == h {
			return true
		}
	}
	return false
}

// put puts a hash into its slot.
func (s *keySet) put(h uint64) {
	mask := uint64(len(s.slots) - 1)
	i := h & mask
	for s.slots[i] != 0 {
		i = (i + 1) & mask
	}
	s.slots[i] = h
}
