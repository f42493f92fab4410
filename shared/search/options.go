package search

import (
	"errors"
	"slices"
	"strings"
)

// errMore is text behind a JSON value.
var errMore = errors.New("there is something behind the JSON value")

// reader reads one parameter of InstantSearch into a query.
type reader func(s *Schema, q *Query, param string, v any) error

// parameters is the list of what a caller may set: of all search parameters that the
// index documents, those that cannot widen the tenant filter. A parameter outside the
// list is refused: dropping it would answer another question than the caller asked.
var parameters = map[string]reader{
	"query":          readText,
	"page":           readPage,
	"hitsPerPage":    readHitsPerPage,
	"offset":         readOffset,
	"length":         readLength,
	"filters":        readFilters,
	"facetFilters":   readArrays((*Schema).facetFilters),
	"numericFilters": readArrays((*Schema).numericFilters),
	"facets":         readFacets,

	"maxValuesPerFacet":     option(whole(0, 1000)),
	"maxFacetHits":          option(whole(0, 100)),
	"sortFacetValuesBy":     option(oneOf("count", "alpha")),
	"facetingAfterDistinct": option(flag),
	"distinct":              option(distinct),

	"typoTolerance":             option(oneOf("true", "false", "min", "strict")),
	"allowTyposOnNumericTokens": option(flag),
	"minWordSizefor1Typo":       option(whole(0, MaxText)),
	"minWordSizefor2Typos":      option(whole(0, MaxText)),
	"minProximity":              option(whole(1, 7)),
	"queryType":                 option(oneOf("prefixLast", "prefixAll", "prefixNone")),
	"removeWordsIfNoResults":    option(oneOf("none", "lastWords", "firstWords", "allOptional")),
	"optionalWords":             option(words),
	"ignorePlurals":             option(flagOrLanguages),
	"removeStopWords":           option(flagOrLanguages),
	"queryLanguages":            option(languages),
	"decompoundQuery":           option(flag),
	"synonyms":                  option(flag),
	"relevancyStrictness":       option(whole(0, 100)),
	"exactOnSingleWordQuery":    option(oneOf("attribute", "none", "word")),
	"alternativesAsExact":       option(someOf("ignorePlurals", "singleWordSynonym", "multiWordsSynonym", "ignoreConjugations")),
	"advancedSyntax":            option(flag),
	"advancedSyntaxFeatures":    option(someOf("exactPhrase", "excludeWords")),

	"attributesToRetrieve":              readFields,
	"attributesToHighlight":             readFields,
	"attributesToSnippet":               readSnippets,
	"restrictSearchableAttributes":      readSearched,
	"disableTypoToleranceOnAttributes":  readSearched,
	"disableExactOnAttributes":          readSearched,
	"highlightPreTag":                   option(short),
	"highlightPostTag":                  option(short),
	"snippetEllipsisText":               option(short),
	"restrictHighlightAndSnippetArrays": option(flag),
	"replaceSynonymsInHighlight":        option(flag),

	"tagFilters": readNoTags,

	// Widgets and clients send these by themselves. Some are ours to set; records have
	// no places; contexts choose rules, which may promote records past a filter; ranking
	// information has a record's place among all accounts' records.
	"analytics":             ignored,
	"analyticsTags":         ignored,
	"aroundLatLngViaIP":     ignored,
	"clickAnalytics":        ignored,
	"enableABTest":          ignored,
	"enablePersonalization": ignored,
	"enableReRanking":       ignored,
	"getRankingInfo":        ignored,
	"percentileComputation": ignored,
	"personalizationImpact": ignored,
	"responseFields":        ignored,
	"ruleContexts":          ignored,
	"sumOrFiltersScores":    ignored,
	"userToken":             ignored,
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

// ignored takes what InstantSearch sends by itself and what we set ourselves.
func ignored(*Schema, *Query, string, any) error { return nil }

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

// option returns a reader that passes a checked value on.
func option(check func(param string, v any) (any, error)) reader {
	return func(_ *Schema, q *Query, param string, v any) error {
		checked, err := check(param, v)
		q.Options[param] = checked
		return err
	}
}

// whole returns a check for a whole number.
func whole(low, high int) func(string, any) (any, error) {
	return func(param string, v any) (any, error) { return numberOf(param, v, low, high) }
}

// oneOf returns a check for one of some texts, of which true and false may also
// be JSON's own.
func oneOf(texts ...string) func(string, any) (any, error) {
	return func(param string, v any) (any, error) {
		if b, ok := v.(bool); ok {
			v = map[bool]string{true: "true", false: "false"}[b]
		}
		text, _ := v.(string)
		if !slices.Contains(texts, text) {
			return nil, invalid(param, "%s is none of %s", param, strings.Join(texts, ", "))
		}
		return text, nil
	}
}

// flag checks for true or false.
func flag(param string, v any) (any, error) { return boolOf(param, v) }

// distinct checks for true, false or how many records of a group are shown.
func distinct(param string, v any) (any, error) {
	if n, err := numberOf(param, v, 0, 4); err == nil {
		return n, nil
	}
	if b, err := boolOf(param, v); err == nil {
		return b, nil
	}
	return numberOf(param, v, 0, 4)
}

// words checks for a list of words, or one text.
func words(param string, v any) (any, error) {
	if text, ok := v.(string); ok && !strings.HasPrefix(strings.TrimSpace(text), "[") {
		text, err := textOf(param, text, MaxText)
		return []string{text}, err
	}
	names, err := namesOf(param, v)
	return names, err
}

// someOf returns a check for a list of some texts.
func someOf(texts ...string) func(string, any) (any, error) {
	return func(param string, v any) (any, error) {
		names, err := namesOf(param, v)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if !slices.Contains(texts, name) {
				return nil, invalid(param, "%s holds %q; want some of %s", param, clip(name), strings.Join(texts, ", "))
			}
		}
		return names, nil
	}
}

// languages checks for a list of languages that the index supports.
var languages = someOf(strings.Fields(`af ar az bg bn ca cs cy da de el en eo es et eu fa fi fo fr ga gl he hi hu hy id is it ja
	ka kk ko ku ky lt lv mi mn mr ms mt nb nl no ns pl ps pt pt-br qu ro ru sk sq sv sw ta te th tl tn tr tt uk ur uz zh`)...)

// flagOrLanguages checks for true, false or a list of languages.
func flagOrLanguages(param string, v any) (any, error) {
	if b, err := boolOf(param, v); err == nil {
		return b, nil
	}
	return languages(param, v)
}

// maxTag is the most bytes of what is put around a match.
const maxTag = 64

// short checks for a short text.
func short(param string, v any) (any, error) { return textOf(param, v, maxTag) }
