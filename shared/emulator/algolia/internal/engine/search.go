package engine

import (
	"encoding/json"
	"math"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/params"
)

// Result is the outcome of one search.
type Result struct {
	Hits       []json.RawMessage
	NbHits     int
	Facets     []FacetCounts
	Stats      []FacetStats
	QueryAfter string // the query after words were removed, "" when none was
	Limited    bool   // the page lies beyond paginationLimitedTo
	Limit      int    // paginationLimitedTo
}

// found are the records that match, ranked as far as the page needs.
type found struct {
	set    bitmap
	first  bitmap // one record a group when distinct; else set
	nbHits int
	page   []ranked
	words  []matchedWord
}

// Search evaluates one query.
func (x *Index) Search(q *params.Query) *Result {
	x.mu.RLock()
	defer x.mu.RUnlock()
	mask := x.mask(q.Filter)
	pinned := x.pin(q, mask)
	words := x.queryWords(q)
	f := x.find(q, words, mask)
	after := ""
	for _, fewer := range fewerWords(q.RemoveWords, words) {
		if f.nbHits+len(pinned) > 0 {
			break
		}
		f = x.find(q, fewer, mask)
		after = joined(fewer)
	}
	if len(pinned) > 0 {
		f.page, f.nbHits = withPinned(f.page, pinned), f.nbHits+len(pinned)
	}
	res := &Result{NbHits: f.nbHits, QueryAfter: after, Limit: x.settings.limit}
	first, last := pageOf(q)
	res.Limited = last > x.settings.limit && f.nbHits > x.settings.limit && first >= x.settings.limit
	shape := x.newShape(q, f.words)
	for i := first; i < min(last, len(f.page), x.settings.limit); i++ {
		res.Hits = append(res.Hits, shape.hit(&f.page[i]))
	}
	x.countFacets(q, f, res)
	return res
}

// pageOf returns the half-open range of ranks that the query asks for.
func pageOf(q *params.Query) (first, last int) {
	if q.Offset >= 0 {
		return q.Offset, q.Offset + q.Length
	}
	return q.Page * q.HitsPerPage, (q.Page + 1) * q.HitsPerPage
}

// find ranks the records of mask that hold the words.
func (x *Index) find(q *params.Query, words []queryWord, mask bitmap) found {
	_, last := pageOf(q)
	keyed, before := x.before(len(words) > 0)
	best := &top{n: min(last, x.settings.limit), before: before}
	f := found{set: mask}
	distinct := q.Distinct > 0 && x.group != nil
	if distinct {
		best.n = math.MaxInt
	}
	score := x.scores(q.Filter, q.SumOrScores)
	offer := func(r ranked) {
		if score != nil {
			r.filters = score(r.slot)
		}
		if len(words) > 0 || score != nil {
			r.key = pack(r.relevance, keyed)
		}
		best.offer(r)
	}
	if len(words) == 0 {
		mask.eachDown(func(slot uint32) { offer(ranked{slot: slot}) })
	} else {
		f.set, f.words = x.rankText(q, words, mask, offer)
	}
	f.page, f.nbHits, f.first = best.sorted(), f.set.count(), f.set
	if distinct {
		x.distinct(q, &f)
	}
	return f
}

// rankText offers every record that matches the text and returns their set.
func (x *Index) rankText(q *params.Query, words []queryWord, mask bitmap, offer func(ranked)) (bitmap, []matchedWord) {
	m := x.newMatcher(q, words)
	set, relevance := m.evaluate(mask)
	if q.TypoTolerance != "min" && q.TypoTolerance != "strict" {
		set.eachDown(func(slot uint32) { offer(ranked{slot: slot, relevance: relevance(slot)}) })
		return set, m.words
	}
	list := make([]ranked, 0, 64)
	least := uint32(math.MaxUint32)
	set.each(func(slot uint32) {
		r := ranked{slot: slot, relevance: relevance(slot)}
		least = min(least, r.typos)
		list = append(list, r)
	})
	if q.TypoTolerance == "strict" {
		least++
	}
	for _, r := range list {
		if r.typos <= least {
			offer(r)
		} else {
			set.unset(r.slot)
		}
	}
	return set, m.words
}

// distinct keeps the first records of each group; those without a group all
// stay.
func (x *Index) distinct(q *params.Query, f *found) {
	group := make(map[uint32]uint32, len(x.group.slots))
	for i, slot := range x.group.slots {
		if _, ok := group[slot]; !ok {
			group[slot] = x.group.values[i]
		}
	}
	seen := map[uint32]int{}
	groups, kept := 0, f.page[:0]
	first := newBitmap(len(x.docs))
	for _, r := range f.page {
		g, ok := group[r.slot]
		if seen[g]++; ok && seen[g] > q.Distinct {
			continue
		}
		if !ok || seen[g] == 1 {
			groups++
			first.set(r.slot)
		}
		kept = append(kept, r)
	}
	f.page, f.nbHits, f.first = kept, groups, first
}

// fewerWords lists the word lists to try when all words together find nothing.
func fewerWords(mode string, words []queryWord) [][]queryWord {
	var out [][]queryWord
	if len(words) < 2 || len(words) > 5 && mode != "allOptional" {
		return nil
	}
	switch mode {
	case "lastWords":
		for n := len(words) - 1; n > 0; n-- {
			out = append(out, words[:n])
		}
	case "firstWords":
		for n := 1; n < len(words); n++ {
			out = append(out, words[n:])
		}
	case "allOptional":
		all := append([]queryWord(nil), words...)
		for i := range all {
			all[i].optional = true
		}
		out = append(out, all)
	}
	return out
}

func joined(words []queryWord) string {
	out := ""
	for i, w := range words {
		if i > 0 {
			out += " "
		}
		out += w.text
	}
	return out
}
