package search

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Truth is the moment up to which the index is known to be true, nil before the
// first sync, and whether that is longer ago than it should be. Every answer
// carries both.
type Truth struct {
	AsOf  *time.Time `json:"asOf"`
	Stale bool       `json:"stale"`
	sure  bool       // the database said so just now; false for the last known state
}

// Older returns the truth about two answers together: the older time, and stale if one is.
func (t Truth) Older(o Truth) Truth {
	both := Truth{AsOf: t.AsOf, Stale: t.Stale || o.Stale, sure: t.sure && o.sure}
	if t.AsOf != nil && (o.AsOf == nil || o.AsOf.Before(*t.AsOf)) {
		both.AsOf = o.AsOf
	}
	return both
}

// NeverSynced reports whether it is certain that nothing was ever synced.
func (t Truth) NeverSynced() bool { return t.AsOf == nil && t.sure }

// Answer is what a GET is answered with.
type Answer struct {
	Hits        json.RawMessage `json:"hits"`
	NbHits      json.RawMessage `json:"nbHits,omitempty"`
	Page        int             `json:"page"`
	NbPages     json.RawMessage `json:"nbPages,omitempty"`
	HitsPerPage int             `json:"hitsPerPage"`
	Query       string          `json:"query"`
	Facets      json.RawMessage `json:"facets,omitempty"`
	FacetsStats json.RawMessage `json:"facets_stats,omitempty"`
	// Withheld says that counts are left out, see Result.Withhold.
	Withheld json.RawMessage `json:"countsWithheld,omitempty"`
	Truth
}

// AnswerOf puts a GET's answer together.
func AnswerOf(q Query, r Result, at Truth) Answer {
	return Answer{
		Hits: r["hits"], NbHits: r["nbHits"], Page: q.Page, NbPages: r["nbPages"], HitsPerPage: q.HitsPerPage,
		Query: q.Text, Facets: r["facets"], FacetsStats: r["facets_stats"], Withheld: r[withheld], Truth: at,
	}
}

// passed are the members of a result that are passed on. What the index says
// of itself, or repeats of what we asked, stays here.
var passed = []string{
	"hits", "nbHits", "page", "nbPages", "hitsPerPage", "offset", "length", "facets", "facets_stats", "facetHits",
	"exhaustiveNbHits", "exhaustiveFacetsCount", "exhaustiveTypo", "exhaustive",
	"query", "queryAfterRemoval", "processingTimeMS", withheld,
}

// passedNames finds a name among passed.
var passedNames = func() map[string]string {
	names := make(map[string]string, len(passed))
	for _, name := range passed {
		names[name] = name
	}
	return names
}()

// Passed returns the name of a member of a result, and whether it is passed on.
func Passed(member []byte) (name string, ok bool) {
	name, ok = passedNames[string(member)]
	return name, ok && name != withheld
}

// withheld is the member of a result whose counts are left out.
const withheld = "countsWithheld"

// uncounted are the members of a result that hold for its hits alone.
var uncounted = []string{"hits", "page", "hitsPerPage", "offset", "length", "query", "processingTimeMS"}

// Withhold leaves out of a result what may speak of records that are not among its
// hits: numbers of hits and pages, values and sums of facets. For indices that
// compare accounts without regard to case.
func (r Result) Withhold() {
	for name := range r {
		if !slices.Contains(uncounted, name) {
			delete(r, name)
		}
	}
	r[withheld] = json.RawMessage("true")
}

// BatchMembers lists the members of a result of a batch.
func BatchMembers() []string { return append([]string{"index", "params", "asOf", "stale"}, passed...) }

// BatchAnswer puts the answer of a batch together: the results in the order of
// the requests, each with what its caller asked and nothing of the tenant filter. The
// pieces are to be written one after the other; what the index answered is not
// copied into them. at is the truth by entity, and whole that of all of them.
func BatchAnswer(asked []Asked, results []Result, at map[string]Truth, whole Truth) ([][]byte, error) {
	truths := make(map[string][]byte, len(at))
	for name, one := range at {
		text, err := json.Marshal(one)
		if err != nil {
			return nil, err
		}
		truths[name] = text
	}
	last, err := json.Marshal(whole)
	if err != nil {
		return nil, err
	}
	out := pieces{}
	out.text(`{"results":[`)
	for i, r := range results {
		if i > 0 {
			out.text(",")
		}
		truth := truths[asked[i].Entity]
		out.text("{" + string(truth[1:len(truth)-1]))
		out.member("index", jsonText(asked[i].IndexName))
		if asked[i].Facet == "" {
			out.member("params", jsonText(asked[i].Params))
		}
		for _, name := range passed {
			if value := r[name]; len(value) > 0 {
				out.member(name, value)
			}
		}
		out.text("}")
	}
	out.text("]," + string(last[1:]) + "\n")
	return out.all(), nil
}

// Around returns the pieces of an answer whose JSON begins with the member first,
// which is null in it, with value in its place and without a copy of that.
func Around(answer any, first string, value json.RawMessage) ([][]byte, error) {
	text, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}
	rest, ok := strings.CutPrefix(string(text), `{"`+first+`":null`)
	if !ok {
		return nil, fmt.Errorf("an answer does not begin with its member %s", first)
	}
	return [][]byte{[]byte(`{"` + first + `":`), value, []byte(rest + "\n")}, nil
}

// jsonText encodes a text.
func jsonText(text string) []byte {
	b, _ := json.Marshal(strings.ToValidUTF8(text, "")) // a text always encodes
	return b
}

// Nothing returns the result of a query against an index that is not there yet.
func Nothing(q Query) Result {
	if q.Facet != "" {
		return Result{"facetHits": json.RawMessage("[]"), "exhaustiveFacetsCount": json.RawMessage("true"), "processingTimeMS": json.RawMessage("0")}
	}
	whole := func(n int) json.RawMessage { return json.RawMessage(strconv.Itoa(n)) }
	r := Result{
		"hits": json.RawMessage("[]"), "nbHits": whole(0), "query": jsonText(q.Text),
		"exhaustiveNbHits": json.RawMessage("true"), "processingTimeMS": whole(0),
	}
	if q.Ranged {
		r["offset"], r["length"] = whole(q.Offset), whole(q.HitsPerPage)
	} else {
		r["page"], r["nbPages"], r["hitsPerPage"] = whole(q.Page), whole(0), whole(q.HitsPerPage)
	}
	return r
}
