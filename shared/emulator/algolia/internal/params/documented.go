package params

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// check reports what a parameter's value should be, "" where the value is right.
type check func(value any) (want string)

// documented are the parameters of a search by the service's reference, with what the
// reference says of their values. Parameters of this list alone are accepted, and
// values that pass its checks.
var documented = map[string]check{
	"query": text, "similarQuery": text, "cursor": text, "userToken": text, "facetName": text, "facetQuery": text, "type": text,
	"highlightPreTag": text, "highlightPostTag": text, "snippetEllipsisText": text, "keepDiacriticsOnCharacters": text, "aroundLatLng": text, "personalizationProfile": anything,
	"filters": text, "facetFilters": nestedList, "numericFilters": nestedList, "tagFilters": nestedList, "optionalFilters": nestedList, "reRankingApplyFilter": nestedList,

	"page": integer(0, unlimited), "hitsPerPage": integer(0, 1000), "offset": integer(0, unlimited), "length": integer(0, 1000),
	"maxValuesPerFacet": integer(0, 1000), "maxFacetHits": integer(0, 100), "minProximity": integer(1, 7), "relevancyStrictness": integer(0, 100),
	"minWordSizefor1Typo": integer(0, unlimited), "minWordSizefor2Typos": integer(0, unlimited), "minimumAroundRadius": integer(1, unlimited), "personalizationImpact": integer(0, 100),

	"facetingAfterDistinct": flag, "sumOrFiltersScores": flag, "restrictHighlightAndSnippetArrays": flag, "allowTyposOnNumericTokens": flag,
	"decompoundQuery": flag, "replaceSynonymsInHighlight": flag, "synonyms": flag, "advancedSyntax": flag, "attributeCriteriaComputedByMinProximity": flag,
	"aroundLatLngViaIP": flag, "getRankingInfo": flag, "clickAnalytics": flag, "analytics": flag, "percentileComputation": flag,
	"enableABTest": flag, "enablePersonalization": flag, "enableReRanking": flag, "enableRules": flag,

	"sortFacetValuesBy":      oneOf("count", "alpha"),
	"queryType":              oneOf("prefixLast", "prefixAll", "prefixNone"),
	"removeWordsIfNoResults": oneOf("none", "lastWords", "firstWords", "allOptional"),
	"exactOnSingleWordQuery": oneOf("attribute", "none", "word"),
	"mode":                   oneOf("keywordSearch", "neuralSearch"),
	"typoTolerance":          either(flag, oneOf("min", "strict")),
	"distinct":               either(flag, integer(0, 4)),
	"aroundRadius":           either(integer(1, unlimited), oneOf("all")),
	"aroundPrecision":        either(integer(1, unlimited), array),
	"insideBoundingBox":      either(text, array),
	"insidePolygon":          either(text, array),
	"ignorePlurals":          either(flag, listOf(languages...)),
	"removeStopWords":        either(flag, listOf(languages...)),

	"facets": list, "restrictSearchableAttributes": list, "attributesToRetrieve": list, "attributesToHighlight": list, "attributesToSnippet": list,
	"disableTypoToleranceOnAttributes": list, "disableExactOnAttributes": list, "optionalWords": list, "ruleContexts": list, "analyticsTags": list,
	"responseFields": list, "explain": list, "ranking": list, "referers": list, "restrictIndices": list, "restrictSources": text, "validUntil": integer(0, math.MaxInt32<<8),
	"queryLanguages": listOf(languages...), "naturalLanguages": listOf(languages...),
	"alternativesAsExact":    listOf("ignorePlurals", "singleWordSynonym", "multiWordsSynonym", "ignoreConjugations"),
	"advancedSyntaxFeatures": listOf("exactPhrase", "excludeWords"),
	"renderingContent":       members, "semanticSearch": members,
}

// languages are those that the service supports.
var languages = strings.Fields(`af ar az bg bn ca cs cy da de el en eo es et eu fa fi fo fr ga gl he hi hu hy id is it ja
	ka kk ko ku ky lt lv mi mn mr ms mt nb nl no ns pl ps pt pt-br qu ro ru sk sq sv sw ta te th tl tn tr tt uk ur uz zh`)

// Known reports whether a search accepts a parameter of this name.
func Known(name string) bool { return documented[name] != nil }

// Check refuses a parameter outside the reference and a value that the reference does
// not allow, in the service's words. null resets a parameter.
func Check(name string, value any) error {
	fits := documented[name]
	if fits == nil {
		return fmt.Errorf("Unknown parameter: %s", name) //nolint:staticcheck // the service's own wording
	}
	if value == nil {
		return nil
	}
	if want := fits(value); want != "" {
		return fmt.Errorf("invalid value for %q parameter, expected %s", name, want)
	}
	return nil
}

// Bool reads a boolean as it travels in URLs: some clients write 1 and 0.
func Bool(text string) (value, ok bool) {
	switch text {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

func anything(any) string { return "" }

func text(value any) string {
	if _, ok := value.(string); ok {
		return ""
	}
	return "a string"
}

func flag(value any) string {
	said := ""
	switch v := value.(type) {
	case bool:
		return ""
	case string:
		said = v
	case float64:
		said = strconv.FormatFloat(v, 'f', -1, 64)
	}
	if _, ok := Bool(said); ok {
		return ""
	}
	return "boolean"
}

// integer checks for a whole number, which in a URL is a text.
func integer(low, high int) check {
	return func(value any) string {
		n, err := 0.5, error(nil)
		switch v := value.(type) {
		case float64:
			n = v
		case string:
			n, err = strconv.ParseFloat(strings.TrimSpace(v), 64)
		}
		if err == nil && n == math.Trunc(n) && n >= float64(low) && n <= float64(high) {
			return ""
		}
		return fmt.Sprintf("integer between %d and %d", low, high)
	}
}

func oneOf(names ...string) check {
	return func(value any) string {
		if said, ok := value.(string); ok && slices.Contains(names, said) {
			return ""
		}
		return "one of " + strings.Join(names, ", ")
	}
}

func either(a, b check) check {
	return func(value any) string {
		first, second := a(value), b(value)
		if first == "" || second == "" {
			return ""
		}
		return first + " or " + second
	}
}

// elements returns a list, which in a URL is the text of one; ok is false for other
// values. A text that is no list is a list of what stands between commas.
func elements(value any) (items []any, ok bool) {
	said, isText := value.(string)
	if !isText {
		items, ok = value.([]any)
		return items, ok
	}
	if strings.HasPrefix(strings.TrimSpace(said), "[") {
		return items, json.Unmarshal([]byte(said), &items) == nil
	}
	for item := range strings.SplitSeq(said, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items, true
}

// Strings reads a list of texts as it travels in a body or in a URL; nil has none.
func Strings(value any) ([]string, error) {
	if value == nil {
		return nil, nil
	}
	if want := list(value); want != "" {
		return nil, fmt.Errorf("expected %s", want)
	}
	items, _ := elements(value)
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = item.(string)
	}
	return out, nil
}

func array(value any) string {
	if _, ok := elements(value); ok {
		return ""
	}
	return "an array"
}

func list(value any) string {
	items, ok := elements(value)
	if !ok || slices.ContainsFunc(items, func(item any) bool { _, isText := item.(string); return !isText }) {
		return "array of strings"
	}
	return ""
}

func listOf(names ...string) check {
	return func(value any) string {
		want := "array of " + strings.Join(names, ", ")
		if list(value) != "" {
			return want
		}
		items, _ := elements(value)
		for _, item := range items {
			if !slices.Contains(names, item.(string)) {
				return want
			}
		}
		return ""
	}
}

// nestedList checks for a text, or texts and lists of texts; the filters' own reader
// says more.
func nestedList(value any) string {
	const want = "a string, or array of strings and of arrays of strings"
	items, ok := value.([]any)
	if !ok {
		if _, isText := value.(string); isText {
			return ""
		}
		return want
	}
	for _, item := range items {
		if _, isText := item.(string); !isText && (list(item) != "") {
			return want
		}
	}
	return ""
}

func members(value any) string {
	said, ok := value.(string)
	var object map[string]any
	if _, is := value.(map[string]any); is || ok && json.Unmarshal([]byte(said), &object) == nil {
		return ""
	}
	return "an object"
}
