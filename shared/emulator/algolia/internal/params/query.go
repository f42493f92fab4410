package params

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/filter"
)

// Query is one search, checked and with defaults filled in. The names follow
// the parameters of the API.
type Query struct {
	Text        string
	Page        int
	HitsPerPage int // 20 without one; at most 1000
	Offset      int // -1: paging by Page
	Length      int
	Filter      filter.Filter // all filter parameters, ANDed

	Facets            []string
	MaxValuesPerFacet int
	SortFacetsByAlpha bool
	AfterDistinct     bool // facetingAfterDistinct
	FacetQuery        string
	MaxFacetHits      int

	Retrieve        []string // nil: everything
	Highlight       []string // nil: the searchable attributes
	Snippet         []string
	PreTag, PostTag string
	Ellipsis        string
	RestrictArrays  bool // restrictHighlightAndSnippetArrays

	TypoTolerance     string // true, false, min or strict
	NumericTypos      bool
	OneTypo, TwoTypos int // least word lengths for one and two mistakes
	NoTypoAttributes  []string
	QueryType         string // prefixLast, prefixAll or prefixNone
	Restrict          []string
	RemoveWords       string
	OptionalWords     []string
	Distinct          int
	SumOrScores       bool
	Synonyms          bool
	RankingInfo       bool
	ClickAnalytics    bool     // the answer carries a queryID
	ResponseFields    []string // nil: all

	// Rules are applied unless enableRules says no; RuleContexts choose some of them.
	Rules        bool
	RuleContexts []string
	Promoted     []Promotion // by rules, by position
	MustMatch    bool        // promoted records must pass the filters
	Hidden       []string    // objectIDs that rules hide
	Rendering    any         // renderingContent, nil without one

	Alternatives map[string][]string // synonyms: folded word -> folded words that also match

	Admin bool   // sees unretrievableAttributes
	Echo  string // the parameters as the answer repeats them
}

// Promotion is a record that a rule puts at a position, from 0.
type Promotion struct {
	ID       string
	Position int
}

// Parse checks given against the documented parameters and fills the gaps from
// defaults (settings that are also parameters). The error is what a 400 says.
func Parse(given, defaults Values) (*Query, error) {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if err := Check(name, given[name]); err != nil {
			return nil, err
		}
	}
	values := maps.Clone(defaults)
	if values == nil {
		values = Values{}
	}
	for name, value := range given {
		if value != nil {
			values[name] = value
		}
	}
	r := &reader{values: values}
	q := &Query{Echo: given.Without("cursor").Encode()}
	q.readPaging(r)
	q.readFacets(r)
	q.readShape(r)
	q.readMatching(r)
	q.readFilters(r)
	return q, r.err
}

const unlimited = 1 << 30

func (q *Query) readPaging(r *reader) {
	q.Text = r.text("query", "")
	if len(q.Text) > 512 {
		q.Text = strings.ToValidUTF8(q.Text[:512], "")
	}
	q.Page = r.integer("page", 0, unlimited)
	q.HitsPerPage = r.integer("hitsPerPage", 20, 1000)
	q.Offset, q.Length = r.integer("offset", -1, unlimited), r.integer("length", -1, 1000)
	if q.Offset < 0 && q.Length >= 0 {
		q.Offset = 0
	}
	if q.Length < 0 {
		q.Length = 20
	}
}

func (q *Query) readFacets(r *reader) {
	q.Facets = r.list("facets")
	q.MaxValuesPerFacet = r.integer("maxValuesPerFacet", 100, 1000)
	q.SortFacetsByAlpha = r.text("sortFacetValuesBy", "count") == "alpha"
	q.AfterDistinct = r.boolean("facetingAfterDistinct", false)
	q.FacetQuery = r.text("facetQuery", "")
	q.MaxFacetHits = r.integer("maxFacetHits", 10, 100)
}

func (q *Query) readShape(r *reader) {
	q.Retrieve = r.list("attributesToRetrieve")
	q.Highlight = r.list("attributesToHighlight")
	q.Snippet = r.list("attributesToSnippet")
	q.PreTag = r.text("highlightPreTag", "<em>")
	q.PostTag = r.text("highlightPostTag", "</em>")
	q.Ellipsis = r.text("snippetEllipsisText", "…")
	q.RestrictArrays = r.boolean("restrictHighlightAndSnippetArrays", false)
	q.ClickAnalytics = r.boolean("clickAnalytics", false)
	q.RankingInfo = r.boolean("getRankingInfo", false)
	q.Rules, q.RuleContexts = r.boolean("enableRules", true), r.list("ruleContexts")
	q.Rendering = r.object("renderingContent")
	if fields := r.list("responseFields"); fields != nil && !slices.Contains(fields, "*") {
		q.ResponseFields = fields
	}
}

func (q *Query) readMatching(r *reader) {
	q.TypoTolerance = r.text("typoTolerance", "true")
	if !slices.Contains([]string{"true", "false", "min", "strict"}, q.TypoTolerance) {
		r.fail("typoTolerance", "true, false, min or strict")
	}
	q.NumericTypos = r.boolean("allowTyposOnNumericTokens", true)
	q.OneTypo = r.integer("minWordSizefor1Typo", 4, unlimited)
	q.TwoTypos = r.integer("minWordSizefor2Typos", 8, unlimited)
	q.NoTypoAttributes = r.list("disableTypoToleranceOnAttributes")
	q.QueryType = r.text("queryType", "prefixLast")
	q.Restrict = r.list("restrictSearchableAttributes")
	q.RemoveWords = r.text("removeWordsIfNoResults", "none")
	q.OptionalWords = r.list("optionalWords")
	q.SumOrScores = r.boolean("sumOrFiltersScores", false)
	q.Synonyms = r.boolean("synonyms", true)
	switch text := r.text("distinct", "0"); text {
	case "true":
		q.Distinct = 1
	case "false":
	default:
		q.Distinct = r.integer("distinct", 0, 4)
	}
}

func (q *Query) readFilters(r *reader) {
	add := func(name string, more filter.Filter, err error) {
		if err != nil && r.err == nil {
			r.err = fmt.Errorf("%s: %w", name, err)
		}
		q.Filter = append(q.Filter, more...)
	}
	parsed, err := filter.Parse(r.text("filters", ""))
	add("filters", parsed, err)
	for _, source := range []struct {
		name string
		read func(any) (filter.Filter, error)
	}{{"facetFilters", filter.FromFacets}, {"numericFilters", filter.FromNumerics}, {"tagFilters", filter.FromTags}} {
		if value, ok := r.decoded(source.name); ok {
			more, err := source.read(value)
			if err != nil && r.err == nil {
				r.err = err
			}
			q.Filter = append(q.Filter, more...)
		}
	}
}
