package algolia_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// settingNames are names of settings, right ones and wrong ones.
var settingNames = []string{
	"searchableAttributes", "serchableAttributes", "attributesForFaceting", "attributesForFacetting", "customRanking", "ranking", "replicas", "hitsPerPage", "hitsperpage",
	"queryType", "typoTolerance", "distinct", "attributeForDistinct", "removeWordsIfNoResults", "minProximity", "ignorePlurals", "optionalWords", "userData",
	"numericAttributesForFiltering", "alternativesAsExact", "exactOnSingleWordQuery", "sortFacetValuesBy", "maxValuesPerFacet", "paginationLimitedTo", "enableRules",
	"advancedSyntaxFeatures", "renderingContent", "semanticSearch", "mode", "unretrievableAttributes", "forwardToReplicas", "synonyms", "separatorsToIndex", "maxFacetHits",
}

// settingValues are values, right for some settings and wrong for others.
var settingValues = []string{
	`["name"]`, `["a","b,c","unordered(d)"]`, `["unorderd(a)"]`, `["unordered(b),unordered(a)"]`, `["filterOnly(a)","searchable(b)","afterDistinct(searchable(c))"]`, `["searchable(filterOnly("]`,
	`["asc(a)","desc(b.c)"]`, `["down(x)"]`, `["asc()"]`, `["asc(a"]`, `["typo","geo","custom"]`, `["typos"]`, `["desc(a)","typo","custom"]`, `[]`, `[""]`, `["a","a"]`, `[1]`, `[null]`, `[["a"]]`,
	`true`, `false`, `"true"`, `"min"`, `"strict"`, `"maybe"`, `"prefixAll"`, `"allOptional"`, `"count"`, `"attribute"`, `"neuralSearch"`, `""`, `"name"`, `0`, `1`, `4`, `7`, `8`, `1000`, `1001`, `-1`, `1.5`, `1e2`,
	`null`, `{}`, `{"a":1}`, `"1"`, `["ignorePlurals"]`, `["exactPhrase","excludeWords"]`, `["exactphrase"]`, `["other","virtual(another)"]`, `["virtual()"]`, `["equalOnly(a)","b"]`,
}

// TestLoaderAndServiceAgree checks documents of settings with the loader and pushes them:
// what the loader takes the service takes, and what the loader refuses it refuses.
func TestLoaderAndServiceAgree(t *testing.T) {
	b := newBench(t, nil)
	dice := rand.New(rand.NewPCG(5, 6))
	judge := func(doc string) {
		t.Helper()
		here := entity.CheckSettings([]byte(doc))
		there := b.ApplySettings(t.Context(), "things", []byte(doc))
		if (here == nil) != (there == nil) {
			t.Errorf("%s: the loader says %v, the service %v", doc, here, there)
		}
	}
	taken := 0
	for _, name := range settingNames {
		for _, value := range settingValues {
			doc := fmt.Sprintf(`{%q:%s}`, name, value)
			if judge(doc); entity.CheckSettings([]byte(doc)) == nil {
				taken++
			}
		}
	}
	for range 300 {
		members := map[string]json.RawMessage{}
		for range 1 + dice.IntN(4) {
			members[settingNames[dice.IntN(len(settingNames))]] = json.RawMessage(settingValues[dice.IntN(len(settingValues))])
		}
		doc, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		judge(string(doc))
	}
	if all := len(settingNames) * len(settingValues); taken < all/10 || taken > all/2 {
		t.Errorf("%d of %d single settings are taken", taken, all)
	}
}

// TestWordsAboutSettings reads what people are shown.
func TestWordsAboutSettings(t *testing.T) {
	for doc, want := range map[string]string{
		"{\n  \"hitsPerPage\": 20,\n  \"serchableAttributes\": [\"a\"]\n}": `line 3: an index has no setting "serchableAttributes": did you mean searchableAttributes?`,
		`{"customRanking": ["down(x)"]}`:                                   `line 1: customRanking: "down(x)": use asc(attribute) or desc(attribute)`,
		`{"queryType": "prefixlast"}`:                                      `queryType: "prefixlast" is unknown: use prefixLast, prefixAll, prefixNone`,
		`{"completelyElse": 1}`:                                            `an index has no setting "completelyElse"`,
		`{"distinct": true, "distinct": 2}`:                                `distinct stands twice`,
		`[]`:                                                               `want a JSON object`,
	} {
		if err := entity.CheckSettings([]byte(doc)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", doc, err)
		}
	}
}
