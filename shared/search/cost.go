package search

import "context"

// maxRecord is the index's own limit of a record's bytes, with what an answer
// adds to a hit.
const maxRecord = 100_000 + 4<<10

// The estimates of what an answer has beside plain hits.
const (
	ground      = 64 << 10 // bytes of an answer that has nothing in it
	marked      = 4        // times its bytes: a hit that is repeated with its matches marked
	facetValue  = 1 << 10  // bytes of a facet's value and its count
	facetValues = 100      // values of a facet if the caller does not say
)

// Bound returns how many bytes the index's answer to queries may have: what the
// largest records would take, and never more than most. The memory for an answer
// is set aside by this before the answer is read, and a larger answer is refused.
func Bound(queries []Query, most int64) int64 {
	n := int64(ground)
	for _, q := range queries {
		n += q.bound()
	}
	return min(n, most)
}

// bound returns the most bytes of the query's own part of an answer.
func (q Query) bound() int64 {
	if q.Facet != "" {
		return facetValues * facetValue
	}
	hit := int64(maxRecord)
	if !q.bare("attributesToHighlight") || !q.bare("attributesToSnippet") {
		hit *= marked
	}
	values, said := q.Options["maxValuesPerFacet"].(int)
	if !said {
		values = facetValues
	}
	facets, _ := q.Options["facets"].([]string)
	return int64(q.HitsPerPage)*hit + int64(len(facets))*int64(values)*facetValue
}

// bare reports whether a list of fields is said to be empty. One that is not
// there is the index's to choose.
func (q Query) bare(option string) bool {
	fields, said := q.Options[option].([]string)
	return said && len(fields) == 0
}

// roomKey is the context key of what sets memory aside.
type roomKey struct{}

// WithRoom returns a context in which an engine calls room when an answer of the index
// begins to arrive, before it takes memory for it: while the index works, nothing is held.
// The error of room is the engine's.
func WithRoom(ctx context.Context, room func() error) context.Context {
	return context.WithValue(ctx, roomKey{}, room)
}

// Room returns what an engine calls before it takes memory for an answer, nil if nothing.
func Room(ctx context.Context) func() error {
	room, _ := ctx.Value(roomKey{}).(func() error)
	return room
}

// CheckHits refuses a batch that asks for more than most hits.
func CheckHits(asked []Asked, most int) error {
	hits := 0
	for _, a := range asked {
		if a.Facet == "" {
			hits += a.HitsPerPage
		}
	}
	if hits > most {
		return invalid("hitsPerPage", "the requests ask for %d hits together; %d are the most: ask for fewer hits, or in several batches", hits, most)
	}
	return nil
}
