package source

// Range is the roots whose ids lie in (After, Upto].
type Range struct {
	After uint64 `json:"after"`
	Upto  uint64 `json:"upto"`
}

// MaxRoot is the highest root id: the largest number of a signed BIGINT.
const MaxRoot = 1<<63 - 1

// Every is the range of all roots. Ids begin at 1, as AUTO_INCREMENT's do.
var Every = Range{Upto: MaxRoot}

// Whole reports whether no root is left out.
func (r Range) Whole() bool { return r == Every }

// Holds reports whether a root lies in the range.
func (r Range) Holds(root uint64) bool { return root > r.After && root <= r.Upto }
