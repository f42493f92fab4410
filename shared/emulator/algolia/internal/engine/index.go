// Package engine is one search index in memory: records as compact JSON, an
// inverted index of their words, columns of their facet values, numbers and sort
// values, and the evaluation of a query over these.
//
// A record lives in a slot. Slots only grow: a changed record takes a new slot
// and its old one is marked dead, so every list stays sorted by appending, and
// one changed record costs its own words only. When more slots are dead than
// alive, Rebuilt makes a fresh index.
//
// One goroutine writes (Apply); any number may read meanwhile. A batch is
// inserted piece by piece without being visible and becomes visible at once.
package engine

import (
	"cmp"
	"slices"
	"sync"
)

// Index is one index. Make it with New.
type Index struct {
	mu       sync.RWMutex
	settings *Settings
	docs     []doc
	byID     map[string]uint32
	live     bitmap
	alive    int
	size     int64
	order    uint64

	terms   terms
	byPath  []*attribute
	paths   map[string]*attribute
	facets  map[string]*facetColumn
	numbers map[string]*numberColumn
	sorts   map[string]*sortColumn
	group   *facetColumn // attributeForDistinct
}

// doc is a record. order is when its objectID first appeared; it survives
// updates and is the order of browsing.
type doc struct {
	id    string
	raw   []byte
	order uint64
}

// Change is the new state of one record: compact JSON, nil when it is gone.
type Change struct {
	ID  string
	Raw []byte
}

// New makes an empty index.
func New(settings *Settings) *Index {
	x := &Index{
		settings: settings,
		byID:     map[string]uint32{},
		terms:    newTerms(),
		paths:    map[string]*attribute{},
		facets:   map[string]*facetColumn{},
		numbers:  map[string]*numberColumn{},
		sorts:    map[string]*sortColumn{},
	}
	for _, criterion := range settings.ranking {
		if path, _, ok := sortCriterion(criterion); ok {
			x.sorts[path] = &sortColumn{path: path}
		}
	}
	if settings.distinct != "" {
		x.group = newFacetColumn(faceting{}, settings.distinct)
	}
	return x
}

// Settings returns the settings the index was made with.
func (x *Index) Settings() *Settings { return x.settings }

// Len returns the number of records, Size the bytes of their JSON.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.alive
}

// Size returns the bytes of all records as compact JSON.
func (x *Index) Size() int64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.size
}

// Get returns a record's compact JSON, nil when there is none.
func (x *Index) Get(id string) []byte {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if slot, ok := x.byID[id]; ok {
		return x.docs[slot].raw
	}
	return nil
}

// Worn reports whether dead slots outnumber the living so far that Rebuilt pays.
func (x *Index) Worn() bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.docs)-x.alive > x.alive+10_000
}

// Under returns an index of the same records under settings: x itself when they
// are its own.
func (x *Index) Under(settings *Settings) *Index {
	if x.settings.Same(settings) {
		return x
	}
	return x.Rebuilt(settings)
}

// Rebuilt returns a fresh index of the same records under other settings.
func (x *Index) Rebuilt(settings *Settings) *Index {
	fresh := New(settings)
	x.mu.RLock()
	docs := make([]doc, 0, x.alive)
	for _, slot := range x.byID {
		docs = append(docs, x.docs[slot])
	}
	x.mu.RUnlock()
	slices.SortFunc(docs, func(a, b doc) int { return cmp.Compare(a.order, b.order) })
	changes := make([]Change, len(docs))
	for i, d := range docs {
		changes[i] = Change{d.id, d.raw}
	}
	fresh.Apply(changes)
	for i, d := range docs {
		fresh.docs[i].order = d.order
		fresh.order = d.order
	}
	return fresh
}
