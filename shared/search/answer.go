package search

import (
	"encoding/json"
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
}

// Answer is what a GET is answered with.
type Answer struct {
	Hits        json.RawMessage `json:"hits"`
	NbHits      json.RawMessage `json:"nbHits"`
	Page        int             `json:"page"`
	NbPages     json.RawMessage `json:"nbPages"`
	HitsPerPage int             `json:"hitsPerPage"`
	Query       string          `json:"query"`
	Facets      json.RawMessage `json:"facets,omitempty"`
	FacetsStats json.RawMessage `json:"facets_stats,omitempty"`
	Truth
}

// AnswerOf puts a GET's answer together.
func AnswerOf(q Query, r Result, at Truth) Answer {
	return Answer{
		Hits: r["hits"], NbHits: r["nbHits"], Page: q.Page, NbPages: r["nbPages"], HitsPerPage: q.HitsPerPage,
		Query: q.Text, Facets: r["facets"], FacetsStats: r["facets_stats"], Truth: at,
	}
}

// passed are the members of a result that are passed on. What the index tells
// of itself, or repeats of what we asked, stays here.
var passed = []string{
	"hits", "nbHits", "page", "nbPages", "hitsPerPage", "facets", "facets_stats", "facetHits",
	"exhaustiveNbHits", "exhaustiveFacetsCount", "exhaustiveTypo", "exhaustive",
	"query", "queryAfterRemoval", "processingTimeMS",
}

// BatchMembers lists the members of a result of a batch.
func BatchMembers() []string { return append([]string{"index", "params", "asOf", "stale"}, passed...) }

// BatchAnswer puts the answer of a batch together: the results in the order of
// the requests, each with what its caller asked and nothing of the fence.
func BatchAnswer(asked []Asked, results []Result, at Truth) (json.RawMessage, error) {
	truth, err := json.Marshal(at)
	if err != nil {
		return nil, err
	}
	size := 64
	for _, r := range results {
		size += 512 + len(r["hits"]) + len(r["facets"]) + len(r["facetHits"])
	}
	out := append(make([]byte, 0, size), `{"results":[`...)
	for i, r := range results {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(out, '{'), truth[1:len(truth)-1]...)
		out = member(out, "index", jsonText(asked[i].IndexName))
		if asked[i].Facet == "" {
			out = member(out, "params", jsonText(asked[i].Params))
		}
		for _, name := range passed {
			if value := r[name]; len(value) > 0 {
				out = member(out, name, value)
			}
		}
		out = append(out, '}')
	}
	out = append(append(out, `],`...), truth[1:]...)
	return out, nil
}

// member appends a member to an object that has some.
func member(out []byte, name string, value []byte) []byte {
	out = append(append(append(out, `,"`...), name...), `":`...)
	return append(out, value...)
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
	return Result{
		"hits": json.RawMessage("[]"), "nbHits": whole(0), "page": whole(q.Page), "nbPages": whole(0),
		"hitsPerPage": whole(q.HitsPerPage), "query": jsonText(q.Text), "exhaustiveNbHits": json.RawMessage("true"),
		"processingTimeMS": whole(0),
	}
}
