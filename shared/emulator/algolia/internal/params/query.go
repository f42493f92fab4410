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

// Parse checks given against the service's reference and fills the gaps from defaults,
// which Read has read. The error is what a 400 says.
func Parse(given, defaults Values) (*Query, error) {
	read, err := Read(given)
	if err != nil {
		return nil, err
	}
	values := Values{}
	maps.Copy(values, defaults)
	maps.Copy(values, read)
	q := &Query{Echo: given.Without("cursor").Encode()}
	q.readPaging(values)
	q.readFacets(values)
	q.readShape(values)
	q.readMatching(values)
	return q, q.readFilters(values)
}

func (q *Query) readPaging(v Values) {
	q.Text = get(v, "query", "")
	if len(q.Text) > 512 {
		q.Text = strings.ToValidUTF8(q.Text[:512], "")
	}
	q.Page, q.HitsPerPage = get(v, "page", 0), get(v, "hitsPerPage", 20)
	q.Offset, q.Length = get(v, "offset", -1), get(v, "length", -1)
	if q.Offset < 0 && q.Length >= 0 {
		q.Offset = 0
	}
	if q.Length < 0 {
		q.Length = 20
	}
}

func (q *Query) readFacets(v Values) {
	q.Facets = get[[]string](v, "facets", nil)
	q.MaxValuesPerFacet = get(v, "maxValuesPerFacet", 100)
	q.SortFacetsByAlpha = get(v, "sortFacetValuesBy", "") == "alpha"
	q.AfterDistinct = get(v, "facetingAfterDistinct", false)
	q.FacetQuery = get(v, "facetQuery", "")
	q.MaxFacetHits = get(v, "maxFacetHits", 10)
}

func (q *Query) readShape(v Values) {
	q.Retrieve = get[[]string](v, "attributesToRetrieve", nil)
	q.Highlight = get[[]string](v, "attributesToHighlight", nil)
	q.Snippet = get[[]string](v, "attributesToSnippet", nil)
	q.PreTag = get(v, "highlightPreTag", "<em>")
	q.PostTag = get(v, "highlightPostTag", "</em>")
	q.Ellipsis = get(v, "snippetEllipsisText", "…")
	q.RestrictArrays = get(v, "restrictHighlightAndSnippetArrays", false)
	q.ClickAnalytics = get(v, "clickAnalytics", false)
	q.RankingInfo = get(v, "getRankingInfo", false)
	q.Rules, q.RuleContexts = get(v, "enableRules", true), get[[]string](v, "ruleContexts", nil)
	q.Rendering = v["renderingContent"]
	if fields := get[[]string](v, "responseFields", nil); !slices.Contains(fields, "*") {
		q.ResponseFields = fields
	}
}

func (q *Query) readMatching(v Values) {
	q.TypoTolerance = word(v, "typoTolerance", "true")
	q.NumericTypos = get(v, "allowTyposOnNumericTokens", true)
	q.OneTypo, q.TwoTypos = get(v, "minWordSizefor1Typo", 4), get(v, "minWordSizefor2Typos", 8)
	q.NoTypoAttributes = get[[]string](v, "disableTypoToleranceOnAttributes", nil)
	q.QueryType = get(v, "queryType", "prefixLast")
	q.Restrict = get[[]string](v, "restrictSearchableAttributes", nil)
	q.RemoveWords = get(v, "removeWordsIfNoResults", "none")
	q.OptionalWords = get[[]string](v, "optionalWords", nil)
	q.SumOrScores = get(v, "sumOrFiltersScores", false)
	q.Synonyms = get(v, "synonyms", true)
	if q.Distinct = get(v, "distinct", 0); get(v, "distinct", false) {
		q.Distinct = 1
	}
}

func (q *Query) readFilters(v Values) error {
	parsed, err := filter.Parse(get(v, "filters", ""))
	if err != nil {
		return fmt.Errorf("filters: %w", err)
	}
	q.Filter = parsed
	for _, source := range []struct {
		name string
		read func(any) (filter.Filter, error)
	}{{"facetFilters", filter.FromFacets}, {"numericFilters", filter.FromNumerics}, {"tagFilters", filter.FromTags}} {
		if value := v[source.name]; value != nil {
			more, err := source.read(list(value))
			if err != nil {
				return err
			}
			q.Filter = append(q.Filter, more...)
		}
	}
	return nil
}
