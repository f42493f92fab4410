package store

import "slices"

// among names the rows of some roots in a statement.
type among struct {
	condition string // on root_id
	roots     []uint64
	ends      []uint64 // of the range, if it is one
}

// maxSpread is how many times as many ids as are asked for a range may hold.
const maxSpread = 2

// rootsOf names the rows of roots, which lie in order. Where they lie close
// together, as a first sync's and a backfill's do, they are named by a range: it
// is planned at once, where every value of a list is looked at several times (500
// roots that are not there: 0.2 against 0.8 ms; that are there: 0.8 against 2). A
// range may hold other roots too; see has.
func rootsOf(roots []uint64) among {
	if len(roots) < 2 || !slices.IsSorted(roots) {
		return eachOf(roots)
	}
	first, last := roots[0], roots[len(roots)-1]
	if last-first >= maxSpread*uint64(len(roots)) {
		return eachOf(roots)
	}
	return among{condition: "root_id BETWEEN ? AND ?", roots: roots, ends: []uint64{first, last}}
}

// eachOf names the rows of roots one by one, in any order.
func eachOf(roots []uint64) among {
	return among{condition: "root_id IN (" + marks(len(roots)) + ")", roots: roots}
}

// args returns the condition's arguments behind others.
func (a among) args(before ...any) []any {
	if a.ends != nil {
		return withIDs(a.ends, before...)
	}
	return withIDs(a.roots, before...)
}

// has reports whether a row that the condition found was asked for.
func (a among) has(root uint64) bool {
	if a.ends == nil {
		return true
	}
	_, found := slices.BinarySearch(a.roots, root)
	return found
}
