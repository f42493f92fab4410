package algolia

import "encoding/json"

// defaultSettings is what an index does where a setting is not set, by Algolia's
// reference. A setting without a default is not among them.
var defaultSettings = func() map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(defaultsText), &m); err != nil {
		panic(err) // the text stands below
	}
	return m
}()

const defaultsText = `{
"searchableAttributes": [], "attributesForFaceting": [], "unretrievableAttributes": [], "attributesToRetrieve": ["*"],
"ranking": ["typo", "geo", "words", "filters", "proximity", "attribute", "exact", "custom"],
"numericAttributesForFiltering": [], "customRanking": [], "relevancyStrictness": 100, "replicas": [],
"maxValuesPerFacet": 100, "sortFacetValuesBy": "count", "maxFacetHits": 10,
"attributesToSnippet": [], "highlightPreTag": "<em>", "highlightPostTag": "</em>",
"snippetEllipsisText": "…", "restrictHighlightAndSnippetArrays": false,
"hitsPerPage": 20, "paginationLimitedTo": 1000,
"minWordSizefor1Typo": 4, "minWordSizefor2Typos": 8, "typoTolerance": true, "allowTyposOnNumericTokens": true,
"disableTypoToleranceOnAttributes": [], "disableTypoToleranceOnWords": [], "separatorsToIndex": "",
"ignorePlurals": false, "removeStopWords": false, "camelCaseAttributes": [], "decompoundedAttributes": {},
"keepDiacriticsOnCharacters": "", "queryLanguages": [], "indexLanguages": [], "decompoundQuery": true,
"enableRules": true, "enablePersonalization": false, "enableReRanking": true,
"queryType": "prefixLast", "removeWordsIfNoResults": "none", "advancedSyntax": false,
"advancedSyntaxFeatures": ["exactPhrase", "excludeWords"], "optionalWords": [],
"disablePrefixOnAttributes": [], "disableExactOnAttributes": [], "exactOnSingleWordQuery": "attribute",
"alternativesAsExact": ["ignorePlurals", "singleWordSynonym"],
"allowCompressionOfIntegerArray": false, "distinct": 0, "replaceSynonymsInHighlight": false, "minProximity": 1,
"responseFields": ["*"], "attributeCriteriaComputedByMinProximity": false, "userData": {}, "renderingContent": {}
}`

// ordered are the lists whose order means something.
var ordered = map[string]bool{"searchableAttributes": true, "ranking": true, "customRanking": true}

// reported are members that an index reports among its settings and that nobody
// sets.
var reported = map[string]bool{"primary": true, "version": true}
