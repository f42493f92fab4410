package search_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

// documented are the search parameters of Algolia's reference, each with values that
// the reference allows (taken) and values that are refused here, as JSON with spaces
// between. A parameter without taken values is refused as a whole: dropping it would
// answer another question.
var documented = map[string]struct{ taken, refused string }{
	"query": {`"" "red"`, `1 ["a"]`}, "similarQuery": {"", `"red"`}, "page": {`0 1 "1"`, `-1 1.5 "x" true`}, "hitsPerPage": {`0 20 "20"`, `-1 1001`},
	"offset": {`0 20 "1"`, `-1 "a" true`}, "length": {`0 1 100`, `-1 1001`}, "filters": {`"" "status:LOST" "amount>1"`, `["status:LOST"] 1`},
	"facetFilters": {`[] "status:LOST" ["status:LOST"] [["status:a","courier:-b"],"amount:5"]`, `[[["status:a"]]] 1 ["x"]`}, "numericFilters": {`[] "amount>5" ["amount>=1",["amount<2"]] ["amount:1 TO 2"]`, `["status>1"] 1`},
	"optionalFilters": {"", `["status:a"]`}, "tagFilters": {`"" []`, `"a" ["a"]`}, "sumOrFiltersScores": {`true false`, ""},
	"restrictSearchableAttributes": {`[] ["number"] "number"`, `["account"] 1`}, "facets": {`[] ["*"] ["status","amount"] "*" ["amount","*"] "updatedAt"`, `["account"] ["number"] 1 ["secret"]`},
	"facetingAfterDistinct": {`true false 1 0 "true" "0"`, `"x" 2 []`}, "maxValuesPerFacet": {`0 100 1000`, `-1 1001`}, "maxFacetHits": {`0 1 10 100`, `-1 101`}, "sortFacetValuesBy": {`"count" "alpha"`, `"x" 1`},
	"attributesToRetrieve": {`["*"] [] ["number","-item"] "number"`, `["secret"] 1`}, "attributesToHighlight": {`["*"] [] ["number"]`, `["customer.phone"]`}, "attributesToSnippet": {`[] ["number:5"] ["*:10"]`, `["a b"] ["secret:1"]`},
	"highlightPreTag": {`"<b>"`, `1`}, "highlightPostTag": {`"</b>"`, `1`}, "snippetEllipsisText": {`"…"`, `1`}, "restrictHighlightAndSnippetArrays": {`true false 1`, `"x"`},
	"minWordSizefor1Typo": {`4 0`, `-1 "x"`}, "minWordSizefor2Typos": {`8`, `true`}, "typoTolerance": {`true false "min" "strict" "true" 1`, `"maybe" 2`}, "allowTyposOnNumericTokens": {`true 0`, `"x"`},
	"disableTypoToleranceOnAttributes": {`["number"] []`, `["account"]`}, "disableExactOnAttributes": {`["number"]`, `["account"]`},
	"ignorePlurals": {`true false ["en","pt-br"] [] "en,fr" 1`, `["xx"] 2 "x"`}, "removeStopWords": {`true false ["en"]`, `["english"]`}, "queryLanguages": {`["en","de"] []`, `["xx"] true`}, "decompoundQuery": {`true false`, `"x"`},
	"queryType": {`"prefixLast" "prefixAll" "prefixNone"`, `"x" true`}, "removeWordsIfNoResults": {`"none" "lastWords" "firstWords" "allOptional"`, `"x"`}, "optionalWords": {`"blue" ["blue","iphone case"] []`, `1 [1]`},
	"exactOnSingleWordQuery": {`"attribute" "none" "word"`, `"x"`}, "alternativesAsExact": {`["ignorePlurals","singleWordSynonym","multiWordsSynonym","ignoreConjugations"]`, `["x"]`},
	"advancedSyntax": {`true false`, `"x"`}, "advancedSyntaxFeatures": {`["exactPhrase","excludeWords"]`, `["x"]`}, "distinct": {`true false 0 1 4`, `5 "x"`}, "replaceSynonymsInHighlight": {`true`, `"x"`},
	"minProximity": {`1 7`, `0 8`}, "synonyms": {`true false`, `"x"`}, "relevancyStrictness": {`0 90 100`, `-1 101 "x"`},
	"aroundLatLng": {"", `"1,2"`}, "aroundLatLngViaIP": {`true false`, ""}, "aroundRadius": {"", `"all" 1`}, "aroundPrecision": {"", `10`}, "minimumAroundRadius": {"", `1`}, "insideBoundingBox": {"", `[[1,2,3,4]]`}, "insidePolygon": {"", `[[1,2,3,4,5,6]]`},
	"naturalLanguages": {"", `["en"]`}, "ruleContexts": {`["mobile"]`, ""}, "personalizationImpact": {`100`, ""}, "userToken": {`"u"`, ""}, "getRankingInfo": {`true false`, ""}, "responseFields": {`["*"] ["hits"]`, ""},
	"clickAnalytics": {`true`, ""}, "analytics": {`false`, ""}, "analyticsTags": {`["a"]`, ""}, "percentileComputation": {`true`, ""}, "enableABTest": {`false`, ""}, "enablePersonalization": {`true`, ""}, "enableReRanking": {`false`, ""},
	"enableRules": {"", `true`}, "explain": {"", `["*"]`}, "mode": {"", `"neuralSearch"`}, "semanticSearch": {"", `{}`}, "ranking": {"", `["typo"]`}, "customRanking": {"", `["asc(account)"]`}, "keepDiacriticsOnCharacters": {"", `"é"`},
	"attributeCriteriaComputedByMinProximity": {"", `true`}, "reRankingApplyFilter": {"", `["status:a"]`}, "renderingContent": {"", `{}`}, "userData": {"", `{}`}, "enableSomething": {"", `true`}, "cursor": {"", `"x"`},
}

// values splits JSON values with spaces between.
func values(t *testing.T, text string) []json.RawMessage {
	t.Helper()
	var list []json.RawMessage
	dec := json.NewDecoder(strings.NewReader(text))
	for dec.More() {
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		list = append(list, v)
	}
	return list
}

// forms puts a parameter into each place that a request has for it.
func forms(name string, v json.RawMessage) map[string]string {
	text := string(v)
	var plain string
	if json.Unmarshal(v, &plain) == nil {
		text = plain
	}
	encoded, _ := json.Marshal(url.Values{name: {text}}.Encode()) // a text always encodes
	return map[string]string{
		"object": fmt.Sprintf(`{"indexName":"prod","params":{%q:%s}}`, name, v), "beside": fmt.Sprintf(`{"indexName":"prod",%q:%s}`, name, v), "text": fmt.Sprintf(`{"indexName":"prod","params":%s}`, encoded),
	}
}

// TestEveryDocumentedParameter sends every parameter of the index's reference in every
// form: it is taken or refused by its name, and the list of what may be set has no other.
func TestEveryDocumentedParameter(t *testing.T) {
	s := newSchema(t)
	sent := 0
	for name, c := range documented {
		for _, v := range values(t, c.taken) {
			for form, request := range forms(name, v) {
				sent++
				if _, err := s.ParseBatch([]byte(`{"requests":[` + request + `]}`)); err != nil {
					t.Errorf("%s of %s as %s: %v", v, name, form, err)
				}
			}
		}
		for _, v := range values(t, c.refused) {
			for form, request := range forms(name, v) {
				if form == "text" && string(v) != `"x"` {
					continue // a text may be of any type
				}
				sent++
				_, err := s.ParseBatch([]byte(`{"requests":[` + request + `]}`))
				var refused *fault.Error
				if !errors.As(err, &refused) || refused.Kind != fault.Invalid || refused.Param != "requests[0]."+name {
					t.Errorf("%s of %s as %s: %v", v, name, form, err)
				}
			}
		}
	}
	for _, name := range search.Parameters() {
		if c := documented[name]; c.taken == "" && !strings.HasPrefix(name, "facet") {
			t.Errorf("%s may be set and is not in the reference", name)
		}
	}
	if sent < 400 {
		t.Errorf("%d requests only", sent)
	}
}

// TestBothPlacesOfAParameter refuses a parameter that stands in both.
func TestBothPlacesOfAParameter(t *testing.T) {
	s := newSchema(t)
	for _, name := range []string{"query", "filters", "hitsPerPage", "facetQuery"} {
		_, err := s.ParseBatch(fmt.Appendf(nil, `{"requests":[{"indexName":"prod","params":{%q:"1"},%q:"1"}]}`, name, name))
		var refused *fault.Error
		if !errors.As(err, &refused) || refused.Param != "requests[0]."+name {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.ParseBatch([]byte(`{"requests":[{"IndexName":"prod"}]}`)); err == nil {
		t.Error("a name in another case was read")
	}
}

// TestNumbersAsFacets names what may be counted, with modifiers and hidden numbers.
func TestNumbersAsFacets(t *testing.T) {
	s, err := search.NewSchema(search.Schema{Index: "prod", Entity: "things", Account: "account"}, []byte(`{"attributesForFaceting":["filterOnly(account)","status","amount","filterOnly(weight)"],
		"numericAttributesForFiltering":["amount","equalOnly(id)","weight","cost.margin","account"],"unretrievableAttributes":["cost"]}`))
	if err != nil {
		t.Fatal(err)
	}
	for facets, want := range map[string]bool{"amount": true, "id": true, "weight": true, "status": true, "*": true, "cost.margin": false, "account": false, "cost": false, "accountKey": false} {
		_, err := s.ParseBatch(fmt.Appendf(nil, `{"requests":[{"indexName":"prod","params":{"facets":[%q]}}]}`, facets))
		_, plain := s.ParseGet(url.Values{"facets": {facets}})
		if (err == nil) != want || (plain == nil) != want {
			t.Errorf("%s: %v, %v", facets, err, plain)
		}
	}
	for filter, want := range map[string]string{"amount:5": "amount=5", "id:5": "id=5", "id!=5": "id!=5", "id>5": "", "id:1 TO 2": "", "amount:x": "", "amount:1 TO 2": "amount:1 TO 2", "weight>1": "weight>1", "account>1": ""} {
		f, err := s.ParseFilter("filters", filter)
		if f.String() != want || (err == nil) != (want != "") {
			t.Errorf("%s: %s, %v; want %s", filter, f, err, want)
		}
	}
}
