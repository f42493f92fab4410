package mysql

import (
	"maps"
	"math/bits"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// numberSet puts roots in order that the server cannot: it holds a bit for each of 64
// neighbours. The numbers of keys are given one after the other, so a million of them
// take a megabyte at most. Scattered numbers that a server has as texts take some 50 bytes
// each; entities check refuses such a column.
type numberSet map[uint64]uint64

// neighbours is the number of roots in one entry of a set.
const neighbours = 64

// add adds roots in any order. It returns no error.
func (s numberSet) add(ids []uint64) error {
	for _, id := range ids {
		s[id/neighbours] |= 1 << (id % neighbours)
	}
	return nil
}

// each calls fn with the roots in batches, in order and each once.
func (s numberSet) each(fn func([]uint64) error) error {
	ids := make([]uint64, 0, sqldb.ChunkSize)
	for _, entry := range slices.Sorted(maps.Keys(s)) {
		if len(ids)+neighbours > cap(ids) {
			if err := fn(ids); err != nil {
				return err
			}
			ids = ids[:0]
		}
		for rest := s[entry]; rest != 0; rest &= rest - 1 {
			ids = append(ids, entry*neighbours+uint64(bits.TrailingZeros64(rest)))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return fn(ids)
}
