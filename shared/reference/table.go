package reference

import (
	"math"
	"slices"
	"strings"
)

// kind says where a name may stand.
type kind int

const (
	setting kind = 1 << iota
	parameter
)

// languages are those that the service supports.
var languages = strings.Fields(`af ar az bg bn ca cs cy da de el en eo es et eu fa fi fo fr ga gl he hi hu hy id is it ja
	ka kk ko ku ky lt lv mi mn mr ms mt nb nl no ns pl ps pt pt-br qu ro ru sk sq sv sw ta te th tl tn tr tt uk ur uz zh`)

// anyNumber is how many entries a list has whose length the reference leaves open.
const anyNumber = math.MaxInt

// table is the reference, of November 2026: names, where they may stand, the form of their
// values, and what holds where a setting is not set, as JSON.
var table = []struct {
	names   string
	kind    kind
	form    form
	missing string
}{
	// Attributes and ranking.
	{"searchableAttributes", setting, attributes(",", "ordered", "unordered"), `[]`},
	{"attributesForFaceting", setting, attributes("", "searchable", "filterOnly", "afterDistinct"), `[]`},
	{"numericAttributesForFiltering", setting, attributes("", "equalOnly"), `[]`},
	{"replicas", setting, attributes("", "virtual"), `[]`},
	{"unretrievableAttributes disableTypoToleranceOnWords camelCaseAttributes disablePrefixOnAttributes", setting, texts, `[]`},
	{"attributesToTransliterate", setting, texts, ""},
	{"attributeForDistinct", setting, text, ""},
	{"customRanking", setting, textsOf("asc(attribute) or desc(attribute)", sorted), `[]`},
	{"ranking", setting | parameter, textsOf(strings.Join(criteria, ", ")+", asc(attribute) or desc(attribute)", func(s string) bool { return slices.Contains(criteria, s) || sorted(s) }),
		`["typo","geo","words","filters","proximity","attribute","exact","custom"]`},
	{"relevancyStrictness", setting | parameter, integer(0, 100), `100`},
	{"attributeCriteriaComputedByMinProximity", setting | parameter, flag, `false`},
	{"attributeCriteriaComputedBy", setting | parameter, oneOf("minProximity", "best", "sum"), ""},
	{"restrictSearchableAttributes", parameter, texts, ""},

	// What is searched for.
	{"query similarQuery", parameter, text, ""},
	{"queryType", setting | parameter, oneOf("prefixLast", "prefixAll", "prefixNone"), `"prefixLast"`},
	{"removeWordsIfNoResults", setting | parameter, oneOf("none", "lastWords", "firstWords", "allOptional"), `"none"`},
	{"mode", setting | parameter, oneOf("neuralSearch", "keywordSearch"), ""},
	{"semanticSearch", setting | parameter, object(map[string]form{"eventSources": texts}), ""},
	{"advancedSyntax", setting | parameter, flag, `false`},
	{"advancedSyntaxFeatures", setting | parameter, wordsOf("exactPhrase", "excludeWords"), `["exactPhrase","excludeWords"]`},
	{"optionalWords", setting | parameter, phrase, `[]`},
	{"disableExactOnAttributes", setting | parameter, texts, `[]`},
	{"exactOnSingleWordQuery", setting | parameter, oneOf("attribute", "none", "word"), `"attribute"`},
	{"alternativesAsExact", setting | parameter, wordsOf("ignorePlurals", "singleWordSynonym", "multiWordsSynonym", "ignoreConjugations"), `["ignorePlurals","singleWordSynonym"]`},
	{"minProximity", setting | parameter, integer(1, 7), `1`},
	{"synonyms", parameter, flag, ""},

	// Spelling and languages.
	{"minWordSizefor1Typo", setting | parameter, integer(0, unlimited), `4`},
	{"minWordSizefor2Typos", setting | parameter, integer(0, unlimited), `8`},
	{"typoTolerance", setting | parameter, either(flag, oneOf("true", "false", "min", "strict")), `true`},
	{"allowTyposOnNumericTokens decompoundQuery", setting | parameter, flag, `true`},
	{"disableTypoToleranceOnAttributes", setting | parameter, texts, `[]`},
	{"separatorsToIndex keepDiacriticsOnCharacters", setting, text, `""`},
	{"ignorePlurals", setting | parameter, either(flag, oneOf("true", "false"), wordsOf(languages...)), `false`},
	{"removeStopWords", setting | parameter, either(flag, wordsOf(languages...)), `false`},
	{"queryLanguages", setting | parameter, wordsOf(languages...), `[]`},
	{"indexLanguages", setting, wordsOf(languages...), `[]`},
	{"naturalLanguages", parameter, wordsOf(languages...), ""},
	{"decompoundedAttributes", setting, dictionary(texts), `{}`},
	{"customNormalization", setting, dictionary(dictionary(text)), ""},

	// Filters and facets.
	{"filters", parameter, text, ""},
	{"facetFilters optionalFilters numericFilters tagFilters", parameter, filters, ""},
	{"sumOrFiltersScores facetingAfterDistinct", parameter, flag, ""},
	{"facets", parameter, texts, ""},
	{"facetName facetQuery", parameter, text, ""},
	{"maxValuesPerFacet", setting | parameter, integer(0, 1000), `100`},
	{"maxFacetHits", setting | parameter, integer(0, 100), `10`},
	{"sortFacetValuesBy", setting | parameter, oneOf("count", "alpha"), `"count"`},

	// Pages. InstantSearch asks for 0 hits where it wants facets alone.
	{"hitsPerPage", setting, integer(1, 1000), `20`},
	{"hitsPerPage length", parameter, integer(0, 1000), ""},
	{"page offset", parameter, integer(0, unlimited), ""},
	{"cursor", parameter, text, ""},
	{"paginationLimitedTo", setting, integer(0, 20_000), `1000`},
	{"distinct", setting | parameter, either(flag, integer(0, 4)), `0`},

	// What is answered.
	{"attributesToRetrieve", setting | parameter, texts, `["*"]`},
	{"attributesToHighlight", setting | parameter, texts, ""},
	{"attributesToSnippet", setting | parameter, texts, `[]`},
	{"highlightPreTag", setting | parameter, text, `"<em>"`},
	{"highlightPostTag", setting | parameter, text, `"</em>"`},
	{"snippetEllipsisText", setting | parameter, text, `"…"`},
	{"restrictHighlightAndSnippetArrays replaceSynonymsInHighlight", setting | parameter, flag, `false`},
	{"responseFields", setting | parameter, texts, `["*"]`},
	{"renderingContent", setting | parameter, rendering, `{}`},
	{"userData", setting, anything, `{}`},
	{"getRankingInfo clickAnalytics analytics percentileComputation enableABTest", parameter, flag, ""},
	{"analyticsTags ruleContexts explain", parameter, texts, ""},
	{"userToken", parameter, text, ""},
	{"extensions", parameter, object(map[string]form{"queryCategorization": object(map[string]form{"enableCategoriesRetrieval": flag, "enableAutoFiltering": flag})}), ""},

	// Rules, people and machines that learn.
	{"enableRules enableReRanking", setting | parameter, flag, `true`},
	{"enablePersonalization", setting | parameter, flag, `false`},
	{"allowCompressionOfIntegerArray", setting, flag, `false`},
	{"personalizationImpact", parameter, integer(0, 100), ""},
	{"reRankingApplyFilter", setting | parameter, filters, ""},

	// Places.
	{"aroundLatLng", parameter, text, ""},
	{"aroundLatLngViaIP", parameter, flag, ""},
	{"aroundRadius", parameter, either(integer(1, unlimited), oneOf("all")), ""},
	{"aroundPrecision", parameter, either(integer(0, unlimited), listOf(object(map[string]form{"from": integer(0, unlimited), "value": integer(0, unlimited)}), anyNumber)), ""},
	{"minimumAroundRadius", parameter, integer(1, unlimited), ""},
	{"insideBoundingBox", parameter, either(listOf(numbers(4, 4), anyNumber), text), ""},
	{"insidePolygon", parameter, listOf(numbers(6, 20_000), anyNumber), ""},
}

// rendering is the form of renderingContent.
var rendering = object(map[string]form{
	"facetOrdering": object(map[string]form{
		"facets": object(map[string]form{"order": texts}),
		"values": dictionary(object(map[string]form{"order": texts, "hide": texts, "sortRemainingBy": oneOf("count", "alpha", "hidden")})),
	}),
	"redirect": object(map[string]form{"url": text}),
	"widgets": object(map[string]form{
		"banners": listOf(object(map[string]form{
			"image": object(map[string]form{"urls": listOf(object(map[string]form{"url": text}), anyNumber), "title": text}),
			"link":  object(map[string]form{"url": text}),
		}), anyNumber),
		"resultCard": object(map[string]form{"enabled": flag}),
	}),
})
