package engine

import (
	"math"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/jsonscan"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/word"
)

// attribute is what the settings say about one dotted path, worked out once.
type attribute struct {
	path      string
	id        uint16
	search    bool
	rank      int
	unordered bool
	facet     *facetColumn
	group     *facetColumn
	sort      *sortColumn

	slot uint32 // record being inserted
	pos  uint16 // next word position in it
}

// elementGap separates the words of two elements of an array, so that they do
// not count as neighbours.
const elementGap = 8

// maxPosition is the last word position of an attribute that is indexed.
const maxPosition = 10_000

func (x *Index) attributeAt(path []byte) *attribute {
	if a, ok := x.paths[string(path)]; ok {
		return a
	}
	a := &attribute{path: string(path), id: uint16(len(x.byPath))}
	x.paths[a.path] = a
	if len(x.byPath) == math.MaxUint16 {
		return a
	}
	x.byPath = append(x.byPath, a)
	if s, ok := x.settings.searchableAt(a.path); ok {
		a.search, a.rank, a.unordered = true, s.rank, s.unordered
	}
	if f, ok := x.settings.facetingAt(a.path); ok {
		a.facet = newFacetColumn(f, a.path)
		x.facets[a.path] = a.facet
	}
	a.sort = x.sorts[a.path]
	if x.group != nil && x.group.path == a.path {
		a.group = x.group
	}
	return a
}

// inserter indexes one record.
type inserter struct {
	index *Index
	slot  uint32
}

func (in inserter) leaf(path, value []byte) {
	a := in.index.attributeAt(path)
	number, isNumber := jsonscan.Number(value)
	if isNumber {
		in.number(a.path, number)
	}
	if !a.search && a.facet == nil && a.sort == nil && a.group == nil || string(value) == "null" {
		return
	}
	text := value
	if value[0] == '"' {
		text = []byte(jsonscan.Text(value))
	}
	if a.facet != nil {
		a.facet.add(in.slot, string(text))
	}
	if a.group != nil {
		a.group.add(in.slot, string(text))
	}
	if a.sort != nil {
		a.sort.put(in.slot, toSort(text, number, isNumber))
	}
	if a.search {
		in.words(a, text)
	}
}

func (in inserter) number(path string, v float64) {
	c := in.index.numbers[path]
	if c == nil {
		c = &numberColumn{}
		in.index.numbers[path] = c
	}
	c.add(in.slot, v)
}

func toSort(text []byte, number float64, isNumber bool) sortValue {
	switch {
	case isNumber:
		return sortValue{kind: 2, number: number}
	case string(text) == "true":
		return sortValue{kind: 2, number: 1}
	case string(text) == "false":
		return sortValue{kind: 2}
	}
	return sortValue{kind: 1, text: word.Fold(string(text[:min(len(text), maxSortText)]))}
}

func (in inserter) words(a *attribute, text []byte) {
	if a.slot != in.slot || a.pos == 0 {
		a.slot, a.pos = in.slot, 0
	} else {
		a.pos += elementGap
	}
	word.Split(text, in.index.settings.keep, func(s word.Span) {
		if a.pos < maxPosition && len(s.Word) > 0 {
			in.index.terms.add(s.Word, posting{in.slot, a.id, a.pos})
			a.pos++
		}
	})
}
