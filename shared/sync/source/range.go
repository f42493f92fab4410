package source

import "math"

// Range is the roots whose ids lie in (After, Upto]. A range with After 0 begins at the
// first id of all and holds root 0 too: no range begins right behind root 0.
type Range struct {
	After uint64 `json:"after,string"` // as text: programs may read numbers as floats, which end at 2^53
	Upto  uint64 `json:"upto,string"`
}

// MaxRoot is the highest root id: the largest number of an unsigned BIGINT.
const MaxRoot = math.MaxUint64

// Every is the range of all roots, the one domain of all steps: 0 to MaxRoot.
var Every = Range{Upto: MaxRoot}

// Whole reports whether no root is left out.
func (r Range) Whole() bool { return r == Every }

// Holds reports whether a root lies in the range.
func (r Range) Holds(root uint64) bool { return (root > r.After || r.After == 0) && root <= r.Upto }

// Bounds returns the values for a condition "id > after AND id <= upto". The first is -1
// for a range that begins at root 0, which no unsigned number expresses.
func (r Range) Bounds() (after, upto any) {
	if r.After == 0 {
		return -1, r.Upto
	}
	return r.After, r.Upto
}
