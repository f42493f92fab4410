// Package rootlist names the rows of some roots in a statement.
//
// Where the roots lie close together, as those of a first sync's and a backfill's
// pages do, a range names them: it is planned at once, while every value of a long
// list is read, sorted and looked for. A page of 500 roots of the ledger takes
// MariaDB 10.11 0.2 ms so against 0.8 where none of them is there, 0.8 against 2
// where all are.
package rootlist

import (
	"slices"
	"strings"
)

// maxSpread is how many times as many ids as are asked for a range may hold.
const maxSpread = 2

// List names the rows of roots.
type List struct {
	ids  []uint64
	ends []uint64 // of the range, if it is one
}

// Of names the rows of roots by what is quickest. If they are in order, that may
// be a range, which holds others as well; see Has.
func Of(ids []uint64) List {
	if len(ids) < 2 || !slices.IsSorted(ids) {
		return Each(ids)
	}
	first, last := ids[0], ids[len(ids)-1]
	if last-first >= maxSpread*uint64(len(ids)) {
		return Each(ids)
	}
	return List{ids: ids, ends: []uint64{first, last}}
}

// Each names the rows of roots one by one: for locks, and roots in any order.
func Each(ids []uint64) List { return List{ids: ids} }

// Condition returns the condition on a column, with a placeholder for each of Args.
// There must be at least one root.
func (l List) Condition(column string) string {
	if l.ends != nil {
		return column + " BETWEEN ? AND ?"
	}
	return column + " IN (" + strings.TrimSuffix(strings.Repeat("?,", len(l.ids)), ",") + ")"
}

// Args returns the condition's arguments behind those of what stands before it.
func (l List) Args(before ...any) []any {
	ids := l.ids
	if l.ends != nil {
		ids = l.ends
	}
	args := make([]any, 0, len(before)+len(ids))
	args = append(args, before...)
	for _, id := range ids {
		args = append(args, id)
	}
	return args
}

// Has reports whether a row that the condition holds for is one of the roots'.
func (l List) Has(root uint64) bool {
	if l.ends == nil {
		return true
	}
	_, found := slices.BinarySearch(l.ids, root)
	return found
}
