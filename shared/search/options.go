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

// parameters is the list of what a caller may set. Whatever is not in it is
// refused: the list is of what is known to be harmless, not of what is known to
// do harm.
var parameters = map[string]reader{
	"query":          readText,
	"page":           readPage,
	"hitsPerPage":    readHitsPerPage,
	"filters":        readFilters,
	"facetFilters":   readArrays((*Schema).facetFilters),
	"numericFilters": readArrays((*Schema).numericFilters),
	"facets":         readFacets,

	"maxValuesPerFacet":      option(whole(0, 1000)),
	"maxFacetHits":           option(whole(1, 100)),
	"sortFacetValuesBy":      option(oneOf("count", "alpha")),
	"facetingAfterDistinct":  option(flag),
	"distinct":               option(distinct),
	"typoTolerance":          option(oneOf("true", "false", "min", "strict")),
	"queryType":              option(oneOf("prefixLast", "prefixAll", "prefixNone")),
	"removeWordsIfNoResults": option(oneOf("none", "lastWords", "firstWords", "allOptional")),

	"attributesToRetrieve":              readFields,
	"attributesToHighlight":             readFields,
	"attributesToSnippet":               readSnippets,
	"restrictSearchableAttributes":      readSearched,
	"highlightPreTag":                   option(short),
	"highlightPostTag":                  option(short),
	"snippetEllipsisText":               option(short),
	"restrictHighlightAndSnippetArrays": option(flag),

	// InstantSearch sends these by itself; they are ours to set.
	"analytics":             ignored,
	"clickAnalytics":        ignored,
	"enablePersonalization": ignored,
	"userToken":             ignored,
	"tagFilters":            readNoTags,
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
	if b, err := boolOf(param, v); err == nil {
		return b, nil
	}
	return numberOf(param, v, 0, 4)
}

// maxTag is the most bytes of what is put around a match.
const maxTag = 64

// short checks for a short text.
func short(param string, v any) (any, error) { return textOf(param, v, maxTag) }
