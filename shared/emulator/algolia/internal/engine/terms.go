package engine

import (
	"slices"
	"strings"
)

// posting says that a word stands in a record: at word position pos of the
// attribute path (an index into Index.byPath).
type posting struct {
	slot      uint32
	path, pos uint16
}

// terms is the dictionary: every word of the index with its postings, and sorted
// runs of the words for looking up beginnings and near misses. A run once made
// is not changed; runs of similar size are merged, so there are few of them and
// adding one record costs its own words only.
type terms struct {
	ids      map[string]uint32
	postings []postings
	runs     [][]term
	fresh    []term // added since the last seal
}

// postings are the places of one word in slot order. The first stands apart:
// most words of an index (numbers of orders, of parcels) occur once.
type postings struct {
	first posting
	rest  []posting
}

type term struct {
	text string
	id   uint32
}

func newTerms() terms { return terms{ids: map[string]uint32{}} }

func (t *terms) add(text []byte, p posting) {
	id, ok := t.ids[string(text)]
	if !ok {
		id = uint32(len(t.postings))
		owned := string(text)
		t.ids[owned] = id
		t.postings = append(t.postings, postings{first: p})
		t.fresh = append(t.fresh, term{owned, id})
		return
	}
	t.postings[id].rest = append(t.postings[id].rest, p)
}

// seal makes the words added so far findable in sorted order.
func (t *terms) seal() {
	if len(t.fresh) == 0 {
		return
	}
	slices.SortFunc(t.fresh, func(a, b term) int { return strings.Compare(a.text, b.text) })
	t.runs, t.fresh = append(t.runs, t.fresh), nil
	for n := len(t.runs); n > 1 && len(t.runs[n-2]) < 3*len(t.runs[n-1]); n-- {
		t.runs = append(t.runs[:n-2], merge(t.runs[n-2], t.runs[n-1]))
	}
}

func merge(a, b []term) []term {
	out := make([]term, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0].text < b[0].text {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}
