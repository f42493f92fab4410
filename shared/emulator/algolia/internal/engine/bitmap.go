package engine

import "math/bits"

// bitmap is a set of slots.
type bitmap []uint64

func newBitmap(slots int) bitmap { return make(bitmap, (slots+63)/64) }

func (b bitmap) has(slot uint32) bool { return b[slot>>6]&(1<<(slot&63)) != 0 }

func (b bitmap) set(slot uint32)   { b[slot>>6] |= 1 << (slot & 63) }
func (b bitmap) unset(slot uint32) { b[slot>>6] &^= 1 << (slot & 63) }

// grown returns b with room for slots.
func (b bitmap) grown(slots int) bitmap {
	for len(b)*64 < slots {
		b = append(b, 0)
	}
	return b
}

func (b bitmap) clone() bitmap { return append(bitmap(nil), b...) }

func (b bitmap) and(o bitmap) {
	for i := range b {
		b[i] &= o[i]
	}
}

func (b bitmap) or(o bitmap) {
	for i := range b {
		b[i] |= o[i]
	}
}

func (b bitmap) count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// each calls fn with every slot of the set in rising order.
func (b bitmap) each(fn func(slot uint32)) {
	for i, w := range b {
		for ; w != 0; w &= w - 1 {
			fn(uint32(i*64 + bits.TrailingZeros64(w)))
		}
	}
}

// eachDown calls fn with every slot of the set in falling order. Newer records
// stand higher and are what most rankings put first, so that a list of the best
// fills up soonest.
func (b bitmap) eachDown(fn func(slot uint32)) {
	for i := len(b) - 1; i >= 0; i-- {
		for w := b[i]; w != 0; {
			top := bits.Len64(w) - 1
			w &^= 1 << top
			fn(uint32(i*64 + top))
		}
	}
}
