package params

import "strings"

// known are the parameters a search accepts; anything else is a 400, so that a
// misspelled one is found while developing.
var known = set(`advancedSyntax advancedSyntaxFeatures allowTyposOnNumericTokens
alternativesAsExact analytics analyticsTags aroundLatLng aroundLatLngViaIP aroundPrecision
aroundRadius attributeCriteriaComputedByMinProximity attributesToHighlight
attributesToRetrieve attributesToSnippet clickAnalytics cursor decompoundQuery
disableExactOnAttributes disableTypoToleranceOnAttributes distinct enableABTest
enablePersonalization enableReRanking enableRules exactOnSingleWordQuery explain
facetFilters facetName facetQuery facetingAfterDistinct facets filters getRankingInfo
highlightPostTag highlightPreTag hitsPerPage ignorePlurals insideBoundingBox insidePolygon
keepDiacriticsOnCharacters length maxFacetHits maxValuesPerFacet minProximity
minWordSizefor1Typo minWordSizefor2Typos minimumAroundRadius mode naturalLanguages
numericFilters offset optionalFilters optionalWords page percentileComputation
personalizationImpact personalizationProfile query queryLanguages queryType ranking
relevancyStrictness reRankingApplyFilter removeStopWords removeWordsIfNoResults
renderingContent replaceSynonymsInHighlight responseFields
restrictHighlightAndSnippetArrays restrictSearchableAttributes restrictSources
ruleContexts semanticSearch similarQuery snippetEllipsisText sortFacetValuesBy
sumOrFiltersScores synonyms tagFilters type typoTolerance userToken validUntil
restrictIndices referers`)

func set(names string) map[string]bool {
	out := map[string]bool{}
	for name := range strings.FieldsSeq(names) {
		out[name] = true
	}
	return out
}

// Known reports whether a search accepts a parameter of this name.
func Known(name string) bool { return known[name] }
