// Package owner decides which root a record belongs to.
//
// A record may pass from one root to another, and then two pages, perhaps of two runs,
// work at one id: the old root's page would delete what the new root's page saved.
//
// Most definitions make such a passage impossible by their ids: an id whose first number
// is its root's id, such as R12-5 of root 12, belongs to no other root by this rule. All
// other ids are shared. The store keeps the root that last had a row for a shared id,
// its owner, which is written before a push. A page deletes an id only if neither its
// owner nor the root that it names, as far as they are others, has a row for it.
package owner

import (
	"slices"
	"strconv"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// Shared reports whether a root's record with an id may belong to another root too.
func Shared(root uint64, id string) bool {
	n, ok := firstNumber(id)
	return !ok || n != root
}

// firstNumber returns the first number in an id, false without one. Two texts of one
// number, such as 07 and 7, must not name one root, so a leading zero is none.
func firstNumber(id string) (uint64, bool) {
	start := 0
	for start < len(id) && (id[start] < '0' || id[start] > '9') {
		start++
	}
	end := start
	for end < len(id) && id[end] >= '0' && id[end] <= '9' {
		end++
	}
	if start == end || id[start] == '0' && end-start > 1 {
		return 0, false
	}
	n, err := strconv.ParseUint(id[start:end], 10, 64)
	return n, err == nil
}

// Roots maps shared ids to the roots that last had rows for them.
type Roots map[string]uint64

// Of returns the owners that rows give their shared ids.
func Of(rows source.Rows) Roots {
	own := Roots{}
	for i := range rows.Records {
		if r := &rows.Records[i]; Shared(r.Root, r.ID) {
			own[r.ID] = r.Root
		}
	}
	return own
}

// heirsOf returns the roots that may have a row for a dropped id: its owner, and the root
// that the id names.
func heirsOf(id string, root uint64, owners Roots) []uint64 {
	var heirs []uint64
	if owner, ok := owners[id]; ok && owner != root {
		heirs = append(heirs, owner)
	}
	if n, ok := firstNumber(id); ok && n != root && !slices.Contains(heirs, n) {
		heirs = append(heirs, n)
	}
	return heirs
}

// Numbers returns the numbers in an id: roots that it may name.
func Numbers(id string) []uint64 {
	var list []uint64
	for _, part := range strings.FieldsFunc(id, func(r rune) bool { return r < '0' || r > '9' }) {
		if n, err := strconv.ParseUint(part, 10, 64); err == nil {
			list = append(list, n)
		}
	}
	return list
}
