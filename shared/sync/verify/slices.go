package verify

import (
	"encoding/binary"
	"math/bits"
)

// sum is the number of some records and the sum of their hashes, which does not depend
// on their order. The sum is as wide as a hash.
type sum struct {
	count uint64
	lanes [4]uint64
}

// add adds a record.
func (s *sum) add(d digest) {
	var carry uint64
	for i := range s.lanes {
		s.lanes[i], carry = bits.Add64(s.lanes[i], binary.LittleEndian.Uint64(d[8*i:]), carry)
	}
	s.count++
}

// merge adds another sum.
func (s *sum) merge(o sum) {
	var carry uint64
	for i := range s.lanes {
		s.lanes[i], carry = bits.Add64(s.lanes[i], o.lanes[i], carry)
	}
	s.count += o.count
}

// slice names a part of an index.
type slice struct {
	account string
	part    uint64 // place >> shift of its table
	stray   bool   // records of the index that do not carry their root
}

// maxSlices is the most slices of a table before it widens them.
const maxSlices = 1 << 15

// firstShift makes a slice 64 roots wide at first.
const firstShift = 6

// table holds sums by slice. Two neighbouring slices merge when there are too many, so
// the table's size does not grow with the index.
type table struct {
	shift uint
	sums  map[slice]sum
}

// newTable returns an empty table.
func newTable() *table { return &table{shift: firstShift, sums: map[slice]sum{}} }

// slice returns the slice of a record.
func (t *table) slice(account string, place uint64) slice {
	return slice{account: account, part: place >> t.shift}
}

// add adds a record. Its digest covers its id, which is one of its fields.
func (t *table) add(s slice, d digest) {
	one := t.sums[s]
	one.add(d)
	t.sums[s] = one
	for len(t.sums) > maxSlices && t.shift < 64 {
		t.widen(t.shift + 1)
	}
}

// widen makes the slices wider.
func (t *table) widen(shift uint) {
	if shift <= t.shift {
		return
	}
	wide := make(map[slice]sum, len(t.sums))
	for s, one := range t.sums {
		s.part >>= shift - t.shift
		both := wide[s]
		both.merge(one)
		wide[s] = both
	}
	t.shift, t.sums = shift, wide
}

// merge adds another table, which must not be used afterwards.
func (t *table) merge(o *table) {
	align(t, o)
	for s, one := range o.sums {
		both := t.sums[s]
		both.merge(one)
		t.sums[s] = both
	}
}

// align makes the slices of two tables equally wide.
func align(a, b *table) {
	a.widen(b.shift)
	b.widen(a.shift)
}

// differing returns the slices in which two tables differ, and the number of slices.
func differing(a, b *table) (dirty map[slice]bool, all int) {
	align(a, b)
	dirty = map[slice]bool{}
	for s, one := range a.sums {
		all++
		if b.sums[s] != one {
			dirty[s] = true
		}
	}
	for s := range b.sums {
		if _, ok := a.sums[s]; !ok {
			all++
			dirty[s] = true
		}
	}
	return dirty, all
}
