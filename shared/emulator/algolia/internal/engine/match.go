package engine

import (
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/params"
)

// matcher finds the records that hold the query's words and how well.
type matcher struct {
	index  *Index
	usable []pathUse // by attribute id
	words  []matchedWord
}

type pathUse struct{ search, noPrefix, noTypo bool }

// spot is one place of a record where a query word matched; next chains the
// places of the same record.
type spot struct {
	next      int32
	path, pos uint16
	typos     uint8
	exact     bool
}

func (x *Index) newMatcher(q *params.Query, words []queryWord) *matcher {
	m := &matcher{index: x, words: x.expandAll(words), usable: make([]pathUse, len(x.byPath))}
	for i, a := range x.byPath {
		restricted := len(q.Restrict) > 0 && !slices.ContainsFunc(q.Restrict, func(p string) bool { return covers(p, a.path) })
		m.usable[i] = pathUse{
			search:   a.search && !restricted,
			noPrefix: x.settings.noPrefix[a.path],
			noTypo:   slices.Contains(q.NoTypoAttributes, a.path),
		}
	}
	return m
}

func (m *matcher) accepts(e expansion, p posting) bool {
	use := m.usable[p.path]
	return use.search && (!e.prefix || !use.noPrefix) && (e.typos == 0 || !use.noTypo)
}

// visit calls fn with every place where word w matches.
func (m *matcher) visit(w matchedWord, fn func(e expansion, p posting)) {
	for _, e := range w.expansions {
		list := &m.index.terms.postings[e.id]
		if m.accepts(e, list.first) {
			fn(e, list.first)
		}
		for _, p := range list.rest {
			if m.accepts(e, p) {
				fn(e, p)
			}
		}
	}
}

// spots are the places where one word matched, chained by record.
type spots struct {
	heads []int32 // by slot: position in list of the record's first place, 0 without one
	list  []spot  // list[0] is unused
}

// match returns the records of mask that hold every word that is not optional,
// and at least one word, with the places of each word in them. Words that match
// little go first, so that the others have less to note.
func (m *matcher) match(mask bitmap) (bitmap, []spots) {
	set, some, mandatory := mask.clone(), newBitmap(len(m.index.docs)), false
	all := make([]spots, len(m.words))
	for _, i := range m.bySize() {
		var found bitmap
		all[i], found = m.spotsOf(m.words[i], set)
		if some.or(found); !m.words[i].optional {
			set, mandatory = found, true
		}
	}
	if !mandatory {
		set.and(some)
	}
	return set, all
}

// bySize orders the words: mandatory before optional, then by what they match.
func (m *matcher) bySize() []int {
	order := make([]int, len(m.words))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if m.words[a].optional != m.words[b].optional {
			if m.words[a].optional {
				return 1
			}
			return -1
		}
		return len(m.words[a].expansions) - len(m.words[b].expansions)
	})
	return order
}

func (m *matcher) spotsOf(w matchedWord, set bitmap) (spots, bitmap) {
	room := len(w.expansions)
	for _, e := range w.expansions[:min(room, 1000)] {
		room += len(m.index.terms.postings[e.id].rest)
	}
	s := spots{heads: make([]int32, len(m.index.docs)), list: make([]spot, 1, 1+min(room, 2*len(m.index.docs)))}
	found := newBitmap(len(m.index.docs))
	m.visit(w, func(e expansion, p posting) {
		if set.has(p.slot) {
			s.list = append(s.list, spot{s.heads[p.slot], p.path, p.pos, e.typos, e.typos == 0 && !e.prefix})
			s.heads[p.slot] = int32(len(s.list) - 1)
			found.set(p.slot)
		}
	})
	return s, found
}

// evaluate returns the records of mask that match and how well each does.
func (m *matcher) evaluate(mask bitmap) (bitmap, func(slot uint32) relevance) {
	if len(m.words) == 1 {
		set, best := m.single(mask)
		return set, best.at
	}
	set, all := m.match(mask)
	return set, func(slot uint32) relevance { return m.relevance(all, slot) }
}
