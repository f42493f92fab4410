package engine

import (
	"fmt"
	"math"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/filter"
)

// mask returns the visible records that pass f.
func (x *Index) mask(f filter.Filter) bitmap {
	out := x.live.clone()
	for _, group := range f {
		any := newBitmap(len(x.docs))
		for _, c := range group {
			any.or(x.condition(c))
		}
		out.and(any)
	}
	return out
}

// condition returns the slots, dead ones too, that satisfy c.
func (x *Index) condition(c filter.Condition) bitmap {
	out := newBitmap(len(x.docs))
	if c.Kind == filter.Numeric {
		x.numeric(out, c)
	} else if column := x.facets[c.Attr]; column != nil {
		column.mark(out, column.matching(c))
	}
	if c.Not {
		for i := range out {
			out[i] = ^out[i]
		}
	}
	return out
}

// matching returns the ids of the values a condition means: tags exactly, facet
// values in any letter case, numbers also by value.
func (c *facetColumn) matching(cond filter.Condition) []uint32 {
	if cond.Kind == filter.Tag {
		if id, ok := c.ids[cond.Value]; ok {
			return []uint32{id}
		}
		return nil
	}
	return c.folded[strings.ToLower(cond.Value)]
}

// numeric compares as the service does, to three decimals.
func (x *Index) numeric(into bitmap, c filter.Condition) {
	column := x.numbers[c.Attr]
	if column == nil || x.settings.numeric != nil && !x.settings.numeric[c.Attr] {
		return
	}
	c.Low, c.High = milli(c.Low), milli(c.High)
	for i, v := range column.values {
		if c.Matches(milli(v)) {
			into.set(column.slots[i])
		}
	}
}

// CheckFilter refuses a range of an attribute that is declared equalOnly().
func (s *Settings) CheckFilter(f filter.Filter) error {
	for _, group := range f {
		for _, c := range group {
			if c.Kind == filter.Numeric && c.Op != filter.Equal && c.Op != filter.NotEqual && s.equalOnly[c.Attr] {
				return fmt.Errorf("invalid numeric filter on attribute %q: it is declared equalOnly, only = and != are allowed", c.Attr)
			}
		}
	}
	return nil
}

func milli(v float64) float64 {
	if math.Abs(v) > 1e12 || v == math.Trunc(v) {
		return v
	}
	return math.Round(v*1000) / 1000
}

// scores returns a function giving a record's filter score, nil when no
// condition carries a weight. Scores of one group are the best match's, or the
// sum when sum is set; groups add up.
func (x *Index) scores(f filter.Filter, sum bool) func(slot uint32) uint32 {
	if !weighs(f) {
		return nil
	}
	type weighted struct {
		slots bitmap
		score int
	}
	var groups [][]weighted
	for _, group := range f {
		var list []weighted
		for _, c := range group {
			list = append(list, weighted{x.condition(c), c.Score})
		}
		groups = append(groups, list)
	}
	return func(slot uint32) uint32 {
		total := 0
		for _, group := range groups {
			best := 0
			for _, w := range group {
				switch {
				case !w.slots.has(slot):
				case sum:
					best += w.score
				default:
					best = max(best, w.score)
				}
			}
			total += best
		}
		return uint32(max(total, 0))
	}
}

// weighs reports whether any condition carries a <score=n>.
func weighs(f filter.Filter) bool {
	for _, group := range f {
		for _, c := range group {
			if c.Score != 1 {
				return true
			}
		}
	}
	return false
}

// Matching returns the objectIDs of the records that pass f.
func (x *Index) Matching(f filter.Filter) []string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var ids []string
	x.mask(f).each(func(slot uint32) { ids = append(ids, x.docs[slot].id) })
	return ids
}
