package search

import (
	"errors"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/reference"
)

// errMore is text behind a JSON value.
var errMore = errors.New("there is something behind the JSON value")

// reader reads one parameter of InstantSearch, whose value the reference has read, into a
// query.
type reader func(s *Schema, q *Query, param string, v any) error

// parameters is the list of what a caller may set: of all search parameters that the
// index documents, those that cannot widen the tenant filter. A parameter outside the
// list is refused: dropping it would answer another question than the caller asked. Which
// values a parameter takes is in the reference.
var parameters = map[string]reader{
	"query":                            readText,
	"page":                             readPage,
	"hitsPerPage":                      readHitsPerPage,
	"offset":                           readOffset,
	"length":                           readLength,
	"filters":                          readFilters,
	"facetFilters":                     readArrays((*Schema).facetFilters),
	"numericFilters":                   readArrays((*Schema).numericFilters),
	"tagFilters":                       readNoTags,
	"facets":                           readFacets,
	"attributesToRetrieve":             readFields,
	"attributesToHighlight":            readFields,
	"attributesToSnippet":              readSnippets,
	"restrictSearchableAttributes":     readSearched,
	"disableTypoToleranceOnAttributes": readSearched,
	"disableExactOnAttributes":         readSearched,
}

// passedOn are the parameters that the index gets as they are.
var passedOn = strings.Fields(`maxValuesPerFacet maxFacetHits sortFacetValuesBy facetingAfterDistinct distinct
	typoTolerance allowTyposOnNumericTokens minWordSizefor1Typo minWordSizefor2Typos minProximity queryType removeWordsIfNoResults
	optionalWords ignorePlurals removeStopWords queryLanguages decompoundQuery synonyms relevancyStrictness exactOnSingleWordQuery
	alternativesAsExact advancedSyntax advancedSyntaxFeatures
	highlightPreTag highlightPostTag snippetEllipsisText restrictHighlightAndSnippetArrays replaceSynonymsInHighlight`)

// ignored are parameters that widgets and clients send by themselves. Some are ours to
// set; records have no places; contexts choose rules, which may promote records past a
// filter; ranking information has a record's place among all accounts' records.
var ignored = strings.Fields(`analytics analyticsTags aroundLatLngViaIP clickAnalytics enableABTest enablePersonalization enableReRanking
	getRankingInfo percentileComputation personalizationImpact responseFields ruleContexts sumOrFiltersScores userToken`)

func init() {
	for _, name := range passedOn {
		parameters[name] = passOn
	}
	for _, name := range ignored {
		parameters[name] = func(*Schema, *Query, string, any) error { return nil }
	}
}

// readParameter checks a value by the reference and reads it.
func (s *Schema) readParameter(q *Query, name string, v any) error {
	read := parameters[name]
	if read == nil {
		return invalid(name, "%q is not a parameter that may be set: use %s", clip(name), strings.Join(Parameters(), ", "))
	}
	value, err := reference.Parameters.Read(name, v)
	if err != nil {
		return invalid(name, "%s", err)
	}
	return read(s, q, name, value)
}

// Parameters lists the names of what a caller of InstantSearch's protocol may set.
func Parameters() []string {
	names := []string{"facetName", "facetQuery"}
	for name := range parameters {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// readNoTags refuses tags: our records have none, and a filter that is silently
// dropped would widen an answer.
func readNoTags(_ *Schema, _ *Query, param string, v any) error {
	if v == "" {
		return nil
	}
	if list, err := listOf(param, v); err == nil && len(list) == 0 {
		return nil
	}
	return invalid(param, "records have no tags")
}

// maxTag is the most bytes of what is put around a match.
const maxTag = 64

// passOn passes a value on, of which texts and lists are bounded.
func passOn(_ *Schema, q *Query, param string, v any) (err error) {
	switch value := v.(type) {
	case string:
		_, err = textOf(param, value, maxTag)
	case []string:
		_, err = namesOf(param, value)
	}
	q.Options[param] = v
	return err
}
