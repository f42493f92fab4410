package reference_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/algolia/algoliasearch-client-go/v3/algolia/search"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/reference"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// examples are values of one form: right ones and wrong ones, as JSON with spaces between.
type examples struct{ right, wrong string }

// The examples of forms that several names have.
var (
	texts     = examples{`["a","b"] [] null`, `1 true {} [1] [["a"]]`}
	flags     = examples{`true false null`, `"yes" 2 [] {}`}
	text      = examples{`"a" "" null`, `1 true [] {}`}
	conds     = examples{`"a:b" ["a:b"] [["a:b","c:-d"],"e:f"] [] null`, `1 true {} [1] [[["a:b"]]]`}
	languages = examples{`["en","pt-br"] [] null`, `["xx"] 1 {} true`}
	percent   = examples{`0 90 100`, `-1 101 1.5 [] {} "x"`}
	length    = examples{`0 4 30`, `-1 1.5 "x" [] true`}
	ranked    = examples{`["typo","geo","words","filters","proximity","attribute","exact","custom"] ["asc(a)","desc(b.c)","typo"] []`, `["typos"] ["asc()"] ["asc(a"] 1 [1]`}
	rendering = examples{`{} {"facetOrdering":{"facets":{"order":["a"]},"values":{"a":{"order":["x"],"sortRemainingBy":"hidden","hide":["y"]}}}} {"redirect":{"url":"u"}} {"widgets":{"banners":[{"image":{"urls":[{"url":"u"}],"title":"t"},"link":{"url":"u"}}]}}`,
		`1 [] {"a":1} {"facetOrdering":{"values":{"a":{"sortRemainingBy":"size"}}}} {"facetOrdering":{"facets":{"order":[1]}}} {"redirect":{"uri":"u"}}`}
)

// common are the examples of names that are settings and parameters.
var common = map[string]examples{
	"relevancyStrictness": percent, "ranking": ranked, "renderingContent": rendering, "reRankingApplyFilter": conds,
	"attributesToRetrieve": texts, "attributesToHighlight": texts, "attributesToSnippet": texts, "responseFields": texts, "disableExactOnAttributes": texts, "disableTypoToleranceOnAttributes": texts,
	"highlightPreTag": text, "highlightPostTag": text, "snippetEllipsisText": text, "queryLanguages": languages, "minWordSizefor1Typo": length, "minWordSizefor2Typos": length,
	"attributeCriteriaComputedByMinProximity": flags, "advancedSyntax": flags, "allowTyposOnNumericTokens": flags, "decompoundQuery": flags, "restrictHighlightAndSnippetArrays": flags,
	"replaceSynonymsInHighlight": flags, "enableRules": flags, "enableReRanking": flags, "enablePersonalization": flags,
	"attributeCriteriaComputedBy": {`"minProximity" "best" "sum"`, `"worst" 1 []`},
	"queryType":                   {`"prefixLast" "prefixAll" "prefixNone" null`, `"prefixlast" 1 true []`},
	"removeWordsIfNoResults":      {`"none" "lastWords" "firstWords" "allOptional"`, `"all" 1 []`},
	"mode":                        {`"neuralSearch" "keywordSearch"`, `"fast" 1`},
	"semanticSearch":              {`{} {"eventSources":["i"]} {"eventSources":null}`, `1 [] {"a":1} {"eventSources":[1]}`},
	"advancedSyntaxFeatures":      {`["exactPhrase","excludeWords"] []`, `["exactphrase"] 1`},
	"optionalWords":               {`"blue" ["blue","iphone case"] null`, `1 [1] {}`},
	"exactOnSingleWordQuery":      {`"attribute" "none" "word"`, `"words" 1`},
	"alternativesAsExact":         {`["ignorePlurals","singleWordSynonym","multiWordsSynonym","ignoreConjugations"]`, `["synonym"] 1`},
	"minProximity":                {`1 7`, `0 8 1.5 "x"`},
	"typoTolerance":               {`true false "true" "false" "min" "strict"`, `"maybe" 2 []`},
	"ignorePlurals":               {`true false "true" "false" ["ca","es"]`, `["xx"] 2 {}`},
	"removeStopWords":             {`true false ["ca","es"]`, `["xx"] 2 {}`},
	"maxValuesPerFacet":           {`0 100 1000`, `-1 1001 "x" 1.5`},
	"maxFacetHits":                {`10 100`, `-1 101 "x"`},
	"sortFacetValuesBy":           {`"count" "alpha"`, `"size" 1`},
	"distinct":                    {`true false 0 1 4`, `5 -1 "x" []`},
}

// settings and parameters are the examples of names that are one of them alone.
var settings = map[string]examples{
	"searchableAttributes":          {`["a","b,c","unordered(d)","ordered(e.f)"] [] null`, `["unorderd(a)"] ["unordered(b),wrong(a)"] ["unordered()"] ["unordered("] [""] ["a","a"] [1] "a" 1`},
	"attributesForFaceting":         {`["filterOnly(a)","searchable(b)","afterDistinct(c)","afterDistinct(searchable(d))","e"]`, `["searchable(filterOnly("] ["facet(a)"] ["searchable()"] [null]`},
	"numericAttributesForFiltering": {`["equalOnly(a)","b"] []`, `["only(a)"] 1`},
	"replicas":                      {`["other","virtual(another)"]`, `["virtual()"] ["real(a)"] "other"`},
	"customRanking":                 {`["asc(a)","desc(b.c)"]`, `["down(x)"] ["a"] ["asc()"] ["typo"]`},
	"unretrievableAttributes":       texts, "disableTypoToleranceOnWords": texts, "camelCaseAttributes": texts, "disablePrefixOnAttributes": texts, "attributesToTransliterate": texts,
	"attributeForDistinct": text, "separatorsToIndex": text, "keepDiacriticsOnCharacters": text, "indexLanguages": languages, "allowCompressionOfIntegerArray": flags,
	"decompoundedAttributes": {`{} {"de":["name"]}`, `[] {"de":"name"} 1`}, "customNormalization": {`{"default":{"ä":"ae"}}`, `{"default":"ae"} {"default":{"ä":1}} []`},
	"paginationLimitedTo": {`0 1000 20000`, `-1 20001 "x"`}, "hitsPerPage": {`1 1000`, `0 1001 "20" 1e2 1.5`}, "userData": {`{} {"a":[1]} "x" 1 null`, ``},
}
var parameters = map[string]examples{
	"query": text, "similarQuery": text, "filters": {`"" "a:b AND c>1"`, `1 ["a:b"]`}, "facetFilters": conds, "optionalFilters": conds, "numericFilters": {`"a>1" ["a>1",["b=2"]]`, `1 {} [1]`}, "tagFilters": conds,
	"sumOrFiltersScores": flags, "facetingAfterDistinct": flags, "getRankingInfo": flags, "clickAnalytics": flags, "analytics": flags, "percentileComputation": flags, "enableABTest": flags,
	"synonyms": flags, "aroundLatLngViaIP": flags, "restrictSearchableAttributes": texts, "facets": texts, "analyticsTags": texts, "ruleContexts": texts, "explain": texts,
	"facetName": text, "facetQuery": text, "cursor": text, "userToken": text, "aroundLatLng": text, "naturalLanguages": languages, "personalizationImpact": percent,
	"hitsPerPage": {`0 20 1000 "20"`, `-1 1001 1.5 "x"`}, "length": {`0 1 1000`, `-1 1001 "x"`}, "page": length, "offset": length,
	"aroundRadius": {`1 5000 "all"`, `0 "some" []`}, "aroundPrecision": {`10 [{"from":0,"value":25}]`, `-1 "x" [1] [{"to":1}]`}, "minimumAroundRadius": {`1 50`, `0 "x"`},
	"insideBoundingBox": {`[[1,2,3,4]] [[1,2,3,4],[5,6,7,8]] null`, `[[1,2,3]] [1] 1`}, "insidePolygon": {`[[1,2,3,4,5,6]]`, `[[1,2,3,4]] [1] 1`},
	"extensions": {`{} {"queryCategorization":{"enableCategoriesRetrieval":true,"enableAutoFiltering":false}}`, `1 {"a":1} {"queryCategorization":{"enableCategoriesRetrieval":"x"}}`},
}

// and returns two tables as one.
func and(a, b map[string]examples) map[string]examples {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// each calls a function with every value of a table.
func each(t *testing.T, table map[string]examples, judge func(name string, value json.RawMessage, right bool)) {
	t.Helper()
	for name, e := range table {
		for text, right := range map[string]bool{e.right: true, e.wrong: false} {
			dec := json.NewDecoder(strings.NewReader(text))
			for dec.More() {
				var v json.RawMessage
				if err := dec.Decode(&v); err != nil {
					t.Fatalf("%s: %s: %v", name, text, err)
				}
				judge(name, v, right)
			}
		}
	}
}

// service is an emulator with one record in the index i. It answers the body, of a refusal
// the message.
func service(t *testing.T) func(method, path, body string) (status int, said string) {
	server := algolia.New(algolia.Options{PublishDelay: -1})
	t.Cleanup(func() { _ = server.Close() })
	ask := func(method, path, body string) (int, string) {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("X-Algolia-Application-Id", "APP")
		r.Header.Set("X-Algolia-API-Key", "admin")
		rec := httptest.NewRecorder()
		server.ServeHTTP(rec, r)
		var refusal struct{ Message string }
		if err := json.Unmarshal(rec.Body.Bytes(), &refusal); err != nil {
			t.Fatalf("%s %s: %s", method, path, rec.Body)
		}
		if rec.Code >= http.StatusMultipleChoices {
			return rec.Code, refusal.Message
		}
		return rec.Code, rec.Body.String()
	}
	if status, said := ask("PUT", "/1/indexes/i/1", `{"a":"b"}`); status != http.StatusOK {
		t.Fatal(status, said)
	}
	for status := 0; status != http.StatusOK; status, _ = ask("GET", "/1/indexes/i/1", "") {
		runtime.Gosched() // until the record is published
	}
	return ask
}

// TestEverySetting gives every documented setting right and wrong values: to the list, to
// the loader of definitions and to the service.
func TestEverySetting(t *testing.T) {
	ask, table := service(t), and(common, settings)
	if diff := missing(reference.Settings.Names(), table); diff != "" {
		t.Error(diff)
	}
	table["hitsperpage"], table["forwardToReplicas"], table["query"] = examples{"", "1"}, examples{"", "true"}, examples{"", `"a"`}
	each(t, table, func(name string, value json.RawMessage, right bool) {
		document := fmt.Sprintf(`{%q:%s}`, name, value)
		listed, loaded := reference.Settings.Check(name, value), entity.CheckSettings([]byte(document))
		status, said := ask("PUT", "/1/indexes/i/settings", document)
		if (listed == nil) != right || (loaded == nil) != right || (status == http.StatusOK) != right {
			t.Errorf("%s: right is %v, the list says %v, the loader %v, the service %d %s", document, right, listed, loaded, status, said)
		}
		if !right && (!strings.HasPrefix(said, listed.Error()+" near line:1") || !strings.Contains(loaded.Error(), listed.Error())) {
			t.Errorf("%s: the list says %q, the loader %q, the service %q", document, listed, loaded, said)
		}
	})
}

// TestEveryParameter gives every documented parameter of a search right and wrong values,
// in a body and, where they are texts, in a URL.
func TestEveryParameter(t *testing.T) {
	ask, table := service(t), and(common, parameters)
	if diff := missing(reference.Parameters.Names(), table); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"hitsperpage", "searchableAttributes", "validUntil", "restrictIndices"} {
		table[name] = examples{"", "1"}
	}
	each(t, table, func(name string, value json.RawMessage, right bool) {
		listed := reference.Parameters.Check(name, value)
		if (listed == nil) != right {
			t.Errorf("%s of %s: the list says %v", value, name, listed)
		}
		if name == "cursor" { // the service knows its own alone
			return
		}
		status, said := ask("POST", "/1/indexes/i/query", fmt.Sprintf(`{%q:%s}`, name, value))
		if (status == http.StatusOK) != right || !right && said != listed.Error() {
			t.Errorf("%s of %s: right is %v, the list says %v, the service %d %s", value, name, right, listed, status, said)
		}
		if !right {
			return
		}
		text := string(value)
		if unquoted := ""; text == "null" || json.Unmarshal(value, &unquoted) == nil {
			text = unquoted
		}
		if status, said := ask("POST", "/1/indexes/i/query", encoded(t, name, text)); status != http.StatusOK && text != "" {
			t.Errorf("%s of %s in a URL: the service says %d %s", value, name, status, said)
		}
	})
}

// encoded returns a body with a parameter in the text of a URL.
func encoded(t *testing.T, name, value string) string {
	t.Helper()
	text, err := json.Marshal(map[string]string{"params": url.Values{name: {value}}.Encode()})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// missing lists the documented names without examples.
func missing(names []string, table map[string]examples) string {
	have := slices.Sorted(maps.Keys(table))
	if slices.Equal(names, have) {
		return ""
	}
	return fmt.Sprintf("documented are %v,\nexamples have %v", names, have)
}

// TestRulesAndSynonyms gives the list and the service right and wrong rules and synonyms.
func TestRulesAndSynonyms(t *testing.T) {
	ask := service(t)
	judge := func(kind string, check func([]byte) error, document string, want string) {
		t.Helper()
		err := check([]byte(document))
		status, said := ask("PUT", "/1/indexes/i/"+kind+"/r", document)
		switch {
		case want == "" && (err != nil || status != http.StatusOK):
			t.Errorf("%s: the list says %v, the service %d %s", document, err, status, said)
		case want != "" && (err == nil || err.Error() != want || said != want || status != http.StatusBadRequest):
			t.Errorf("%s: the list says %v, the service %d %s; want %s", document, err, status, said, want)
		}
	}
	for part, want := range map[string]string{
		`"description":"d","enabled":false,"tags":["a"],"scope":"s","validity":[{"from":1,"until":2}]`:                      "",
		`"conditions":[{"pattern":"a","anchoring":"is","alternatives":true,"context":"c","filters":"a:b"},{"context":"c"}]`: "",
		`"condition":{"pattern":"a","anchoring":"contains"}`:                                                                "", `"conditions":[]`: "", `"condition":{}`: "",
		`"enabled":"yes"`: `Invalid value for "enabled" parameter, expected boolean`, `"tag":["a"]`: "Invalid object attributes: tag",
		`"conditions":[{"pattern":"a","anchoring":"begins"}]`: `Invalid value for "conditions[0].anchoring" parameter, expected one of is, startsWith, endsWith, contains`,
		`"conditions":[{"pattern":"a"}]`:                      "Missing object attribute: conditions[0].anchoring",
		`"conditions":[{"patern":"a"}]`:                       "Invalid object attributes: conditions[0].patern",
		`"validity":[{"from":"x"}]`:                           `Invalid value for "validity[0].from" parameter, expected integer between 0 and 1099511627776`,
	} {
		judge("rules", reference.CheckRule, `{"objectID":"r","consequence":{"filterPromotes":true},`+part+`}`, want)
	}
	for consequence, want := range map[string]string{
		`{"promote":[{"objectID":"a","position":0},{"objectIDs":["b","c"],"position":3}],"hide":[{"objectID":"d"}],"filterPromotes":false,"userData":{"a":1},"redirect":{"indexName":"j"}}`:             "",
		`{"params":{"query":"other","filters":"a:b","hitsPerPage":5,"automaticFacetFilters":["a"],"automaticOptionalFacetFilters":[{"facet":"a","score":2,"disjunctive":true}],"renderingContent":{}}}`: "",
		`{"params":{"query":{"remove":["a"],"edits":[{"type":"replace","delete":"b","insert":"c"}]}}}`:                                                                                                  "",
		`{"params":{"hitsPerPage":1001}}`:                                            `Value too large for "consequence.params.hitsPerPage" parameter, expected integer between 0 and 1000`,
		`{"params":{"serch":1}}`:                                                     "Invalid object attributes: consequence.params.serch",
		`{"params":{"query":{"edits":[{"type":"swap"}]}}}`:                           `Invalid value for "consequence.params.query" parameter, expected string or object`,
		`{"params":{"automaticFacetFilters":[{"name":"a"}]}}`:                        `Invalid value for "consequence.params.automaticFacetFilters" parameter, expected array of strings or array of object`,
		`{"promote":[{"objectID":"a"}]}`:                                             `Invalid value for "consequence.promote[0]" parameter, expected object or object`,
		`{"hide":[{"id":"a"}]}`:                                                      "Missing object attribute: consequence.hide[0].objectID",
		`{"promotes":[]}`:                                                            "Invalid object attributes: consequence.promotes",
		`{"hide":[` + strings.Repeat(`{"objectID":"a"},`, 50) + `{"objectID":"a"}]}`: `Invalid value for "consequence.hide" parameter, expected array of at most 50, each object`,
	} {
		judge("rules", reference.CheckRule, `{"objectID":"r","consequence":`+consequence+`}`, want)
	}
	for document, want := range map[string]string{
		`"type":"synonym","synonyms":["a","b"]`: "", `"type":"oneWaySynonym","input":"a","synonyms":["b"]`: "", `"type":"onewaysynonym","input":"a","synonyms":["b"]`: "",
		`"type":"altCorrection1","word":"a","corrections":["b"]`: "", `"type":"altcorrection2","word":"a","corrections":["b"]`: "", `"type":"placeholder","placeholder":"<a>","replacements":["b"]`: "",
		`"type":"homonym","synonyms":["a"]`:                `Invalid value for "type" parameter, expected one of altCorrection1, altCorrection2, altcorrection1, altcorrection2, oneWaySynonym, onewaysynonym, placeholder, synonym`,
		`"type":"synonym"`:                                 "Missing object attribute: synonyms",
		`"type":"synonym","synonyms":[]`:                   "Missing object attribute: synonyms",
		`"type":"altCorrection1","corrections":["b"]`:      "Missing object attribute: word",
		`"type":"placeholder","placeholder":"<a>"`:         "Missing object attribute: replacements",
		`"synonyms":["a"]`:                                 "Missing object attribute: type",
		`"type":"synonym","synonyms":[1]`:                  `Invalid value for "synonyms" parameter, expected array of strings, not "1"`,
		`"type":"synonym","synonyms":["a","b"],"words":[]`: "Invalid object attributes: words",
	} {
		judge("synonyms", reference.CheckSynonym, `{"objectID":"r",`+document+`}`, want)
	}
	for kind, check := range map[string]func([]byte) error{"rules": reference.CheckRule, "synonyms": reference.CheckSynonym} {
		for _, document := range []string{``, `[`, `1`} {
			if err := check([]byte(document)); err == nil {
				t.Errorf("%s: %q is taken", kind, document)
			}
		}
	}
}

// TestNamesOfTheClient compares the list with the names that Algolia's client for Go has:
// a name that one of the two lacks is named here with the reason.
func TestNamesOfTheClient(t *testing.T) {
	// Older names that the client reads and never writes, and what only the service or a request writes.
	old := []string{"advanced", "attributesToIndex", "extensions", "numericAttributesToIndex", "primary", "slaves"}
	// Names that came after the client's last version.
	later := map[string][]string{
		"settings":   {"attributeCriteriaComputedBy", "mode", "semanticSearch"},
		"parameters": {"attributeCriteriaComputedBy", "cursor", "extensions", "facetName", "facetQuery", "mode", "query", "ranking", "renderingContent", "semanticSearch"},
	}
	for what, c := range map[string]struct {
		list   *reference.List
		client any
	}{"settings": {reference.Settings, search.Settings{}}, "parameters": {reference.Parameters, search.QueryParams{}}} {
		names := slices.Clone(later[what])
		for _, f := range reflect.VisibleFields(reflect.TypeOf(c.client)) {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" && !slices.Contains(old, name) {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		if have := c.list.Names(); !slices.Equal(slices.Compact(names), have) {
			t.Errorf("%s: the client has %v,\nthe list %v", what, names, have)
		}
	}
}

// TestDefaults reads every default as a value of its setting, and compares those that the
// service answers of an index without settings.
func TestDefaults(t *testing.T) {
	for _, name := range reference.Settings.Names() {
		if value := reference.Settings.Default(name); value != nil {
			if err := reference.Settings.Check(name, value); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	_, said := service(t)("GET", "/1/indexes/i/settings", "")
	var answered map[string]json.RawMessage
	if err := json.Unmarshal([]byte(said), &answered); err != nil || answered["ranking"] == nil {
		t.Fatal(said, err)
	}
	for name, value := range answered {
		var have, want any
		if text := reference.Settings.Default(name); text == nil || json.Unmarshal(text, &want) != nil || json.Unmarshal(value, &have) != nil || have == nil {
			continue // without a default, or the same as one
		}
		if !reflect.DeepEqual(have, want) {
			t.Errorf("%s: the service has %v, the list %v", name, have, want)
		}
	}
}

// FuzzRead gives any JSON to every name: none panics, and what is refused has a message.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"conditions":[{"pattern":null}],"consequence":{"promote":[[]]}}`))
	f.Add([]byte(`[["a:b"],1.5,"[1"]`))
	f.Add([]byte(`"[{\"from\":1}]"`))
	f.Fuzz(func(t *testing.T, value []byte) {
		for _, list := range []*reference.List{reference.Settings, reference.Parameters} {
			for _, name := range list.Names() {
				if err := list.Check(name, value); err != nil && !strings.Contains(err.Error(), name) {
					t.Fatalf("%s of %s: %v", value, name, err)
				}
			}
		}
		_, _ = reference.CheckRule(value), reference.CheckSynonym(value)
	})
}
