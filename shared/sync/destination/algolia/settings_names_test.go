package algolia_test

import (
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// TestWordsAboutSettings reads what people are shown.
func TestWordsAboutSettings(t *testing.T) {
	for doc, want := range map[string]string{
		"{\n  \"hitsPerPage\": 20,\n  \"serchableAttributes\": [\"a\"]\n}": `line 3: Invalid object attributes: serchableAttributes: did you mean searchableAttributes?`,
		`{"customRanking": ["down(x)"]}`:                                   `line 1: Invalid value for "customRanking" parameter, expected array of asc(attribute) or desc(attribute), not "down(x)"`,
		`{"queryType": "prefixlast"}`:                                      `Invalid value for "queryType" parameter, expected one of prefixLast, prefixAll, prefixNone`,
		`{"completelyElse": 1}`:                                            `Invalid object attributes: completelyElse`,
		`{"distinct": true, "distinct": 2}`:                                `distinct stands twice`,
		`[]`:                                                               `want a JSON object`,
	} {
		if err := entity.CheckSettings([]byte(doc)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", doc, err)
		}
	}
}
