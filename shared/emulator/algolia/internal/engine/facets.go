package engine

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/params"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/word"
)

// FacetCounts are the values of one facet among the matches, in the order to
// show.
type FacetCounts struct {
	Attr   string
	Values []FacetValue
}

// FacetValue is a value with the number of records that hold it. Highlighted is
// set by FacetValues only.
type FacetValue struct {
	Value       string `json:"value"`
	Highlighted string `json:"highlighted"`
	Count       int    `json:"count"`
}

// FacetStats sum up the numbers of a facet among the matches.
type FacetStats struct {
	Attr string  `json:"-"`
	Min  float64 `json:"min"`
	Max  float64 `json:"max"`
	Avg  float64 `json:"avg"`
	Sum  float64 `json:"sum"`
}

func (x *Index) countFacets(q *params.Query, f found, res *Result) {
	for _, column := range x.facetsFor(q.Facets) {
		set := f.set
		if q.AfterDistinct || column.afterDistinct {
			set = f.first
		}
		values := column.count(set)
		if len(values) == 0 {
			continue
		}
		values = firstFacets(values, q.SortFacetsByAlpha, q.MaxValuesPerFacet)
		res.Facets = append(res.Facets, FacetCounts{column.path, values})
		if stats, ok := x.stats(column.path, set); ok {
			res.Stats = append(res.Stats, stats)
		}
	}
}

// facetsFor resolves the facets parameter: "*" means every facet that is not
// filterOnly.
func (x *Index) facetsFor(names []string) []*facetColumn {
	var out []*facetColumn
	for path, column := range x.facets {
		if column.filterOnly {
			continue
		}
		if slices.ContainsFunc(names, func(n string) bool { return n == "*" || n == path }) {
			out = append(out, column)
		}
	}
	slices.SortFunc(out, func(a, b *facetColumn) int { return strings.Compare(a.path, b.path) })
	return out
}

func (c *facetColumn) count(set bitmap) []FacetValue {
	counts := make([]int, len(c.names))
	for i, slot := range c.slots {
		if set.has(slot) {
			counts[c.values[i]]++
		}
	}
	var out []FacetValue
	for id, n := range counts {
		if n > 0 {
			out = append(out, FacetValue{Value: c.names[id], Count: n})
		}
	}
	return out
}

// firstFacets returns the first n values by count, or by name when alpha is set.
func firstFacets(values []FacetValue, alpha bool, n int) []FacetValue {
	if !alpha && len(values) > 4*n && n > 0 {
		counts := make([]int, len(values))
		for i, v := range values {
			counts[i] = v.Count
		}
		slices.Sort(counts)
		least := counts[len(counts)-n] // sorting numbers first is cheaper than sorting all texts
		values = slices.DeleteFunc(values, func(v FacetValue) bool { return v.Count < least })
	}
	slices.SortFunc(values, func(a, b FacetValue) int {
		if !alpha && a.Count != b.Count {
			return cmp.Compare(b.Count, a.Count)
		}
		return strings.Compare(a.Value, b.Value)
	})
	return values[:min(len(values), n)]
}

func (x *Index) stats(path string, set bitmap) (FacetStats, bool) {
	column := x.numbers[path]
	if column == nil {
		return FacetStats{}, false
	}
	s := FacetStats{Attr: path, Min: math.Inf(1), Max: math.Inf(-1)}
	n := 0
	for i, slot := range column.slots {
		if set.has(slot) {
			v := column.values[i]
			s.Min, s.Max, s.Sum = min(s.Min, v), max(s.Max, v), s.Sum+v
			n++
		}
	}
	s.Avg = s.Sum / float64(max(n, 1))
	return s, n > 0
}

// FacetValues searches the values of one facet among the matches of q. ok is
// false when the attribute is not declared searchable().
func (x *Index) FacetValues(attr string, q *params.Query) (values []FacetValue, ok bool) {
	if declared, found := x.settings.facetingAt(attr); !found || !declared.searchable {
		return nil, false
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	column := x.facets[attr]
	if column == nil {
		return nil, true
	}
	f := x.find(q, x.queryWords(q), x.mask(q.Filter))
	wanted := word.Words(q.FacetQuery, "")
	h := highlighter{pre: q.PreTag, post: q.PostTag}
	for i, text := range wanted {
		h.words = append(h.words, queryWord{text: text, prefix: i == len(wanted)-1, limit: x.typosFor(q, text)})
	}
	for _, v := range column.count(f.set) {
		marked := h.mark(v.Value)
		if len(marked.matched) == len(wanted) {
			v.Highlighted = marked.value
			values = append(values, v)
		}
	}
	return firstFacets(values, q.SortFacetsByAlpha, q.MaxFacetHits), true
}
