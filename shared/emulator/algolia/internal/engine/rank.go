package engine

import (
	"cmp"
	"container/heap"
	"slices"
	"strings"
)

// ranked is a record with what it is ordered by. key sums up the textual
// criteria that come first.
type ranked struct {
	slot     uint32
	key      uint64
	promoted bool // by a rule
	relevance
}

// criterion compares two records; negative puts a first.
type criterion func(a, b *ranked) int

// sortCriterion reads asc(path) and desc(path).
func sortCriterion(text string) (path string, descending, ok bool) {
	for _, direction := range []string{"asc(", "desc("} {
		if rest, found := strings.CutPrefix(text, direction); found && strings.HasSuffix(rest, ")") {
			return strings.TrimSpace(rest[:len(rest)-1]), direction == "desc(", true
		}
	}
	return "", false, false
}

// part is one textual criterion inside a key.
type part struct {
	bits  int
	value func(r relevance) uint32
}

// textual says how many bits of a key each textual criterion takes, and its
// value: the smaller the better. Together they fit in 64 bits.
var textual = map[string]part{
	"typo":      {6, func(r relevance) uint32 { return r.typos }},
	"words":     {4, func(r relevance) uint32 { return r.missing }},
	"filters":   {16, func(r relevance) uint32 { return 1<<16 - 1 - min(r.filters, 1<<16-1) }},
	"proximity": {7, func(r relevance) uint32 { return r.proximity }},
	"attribute": {26, func(r relevance) uint32 { return r.attribute }},
	"exact":     {4, func(r relevance) uint32 { return r.inexact }},
}

// pack writes criteria into one number that sorts as they do.
func pack(r relevance, parts []part) uint64 {
	key := uint64(0)
	for _, c := range parts {
		key = key<<c.bits | uint64(min(c.value(r), 1<<c.bits-1))
	}
	return key
}

// before returns the comparison that the ranking setting asks for, and the
// textual criteria it leads with, which it expects packed in the key. Without a
// text they decide nothing and are left out. Ties go to the greater objectID.
func (x *Index) before(withText bool) (keyed []part, less criterion) {
	var criteria []criterion
	for _, name := range x.settings.ranking {
		if path, descending, ok := sortCriterion(name); ok {
			column := x.sorts[path]
			criteria = append(criteria, func(a, b *ranked) int {
				return column.at(a.slot).compare(column.at(b.slot), descending)
			})
			continue
		}
		c := textual[name]
		if c.bits == 0 || !withText && name != "filters" {
			continue
		}
		if criteria == nil {
			keyed = append(keyed, c)
			continue
		}
		one := []part{c}
		criteria = append(criteria, func(a, b *ranked) int {
			return cmp.Compare(pack(a.relevance, one), pack(b.relevance, one))
		})
	}
	return keyed, func(a, b *ranked) int {
		if a.key != b.key {
			return cmp.Compare(a.key, b.key)
		}
		for _, c := range criteria {
			if order := c(a, b); order != 0 {
				return order
			}
		}
		return compareIDs(x.docs[b.slot].id, x.docs[a.slot].id)
	}
}

// compareIDs orders objectIDs: whole numbers by their value, before all others, which
// are ordered as texts.
func compareIDs(a, b string) int {
	switch digits := whole(a); {
	case digits != whole(b) && digits:
		return -1
	case digits != whole(b):
		return 1
	case digits && len(a) != len(b):
		return cmp.Compare(len(a), len(b))
	}
	return strings.Compare(a, b)
}

// whole reports whether an objectID is a whole number as JSON writes it.
func whole(id string) bool {
	if id == "" || id[0] == '0' && len(id) > 1 {
		return false
	}
	for i := range len(id) {
		if id[i] < '0' || id[i] > '9' {
			return false
		}
	}
	return true
}

// top keeps the first n records of an order without sorting the rest: the worst
// of those kept stands at the root of a heap.
type top struct {
	n      int
	before criterion
	kept   []ranked
	next   ranked // the one being offered; here so that it need not be allocated
}

// Len is part of heap.Interface.
func (t *top) Len() int { return len(t.kept) }

// Less puts the worst record at the root.
func (t *top) Less(i, j int) bool { return t.before(&t.kept[i], &t.kept[j]) > 0 }

// Swap is part of heap.Interface.
func (t *top) Swap(i, j int) { t.kept[i], t.kept[j] = t.kept[j], t.kept[i] }

// Push is never called: offer appends by itself.
func (t *top) Push(any) {}

// Pop is never called: what was kept stays.
func (t *top) Pop() any { return nil }

func (t *top) offer(r ranked) {
	if t.n <= 0 {
		return
	}
	if len(t.kept) < t.n {
		t.kept = append(t.kept, r)
		if len(t.kept) == t.n {
			heap.Init(t)
		}
		return
	}
	t.next = r
	if t.before(&t.next, &t.kept[0]) < 0 {
		t.kept[0] = r
		heap.Fix(t, 0)
	}
}

// sorted returns what was kept, best first.
func (t *top) sorted() []ranked {
	slices.SortFunc(t.kept, func(a, b ranked) int { return t.before(&a, &b) })
	return t.kept
}
