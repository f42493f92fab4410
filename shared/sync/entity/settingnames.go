package entity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// rule checks a setting's value and says what it should be.
type rule func(value json.RawMessage) error

// settingRules are the settings of an index, by Algolia's reference (IndexSettings of its
// API specification), with the rules of their values.
var settingRules = map[string]rule{
	"searchableAttributes": texts(levels(attribute("ordered", "unordered"))), "attributesForFaceting": texts(attribute("searchable", "filterOnly", "afterDistinct")),
	"customRanking": texts(sortBy), "ranking": texts(criterion), "replicas": texts(attribute("virtual")),
	"unretrievableAttributes": texts(nil), "attributesToRetrieve": texts(nil), "attributesToHighlight": texts(nil), "attributesToSnippet": texts(nil),
	"disableTypoToleranceOnAttributes": texts(nil), "disableTypoToleranceOnWords": texts(nil), "disablePrefixOnAttributes": texts(nil),
	"disableExactOnAttributes": texts(nil), "attributesToTransliterate": texts(nil), "camelCaseAttributes": texts(nil),
	"numericAttributesForFiltering": texts(attribute("equalOnly")), "responseFields": texts(nil), "queryLanguages": texts(nil), "indexLanguages": texts(nil),
	"optionalWords": either(text, texts(nil)), "restrictSearchableAttributes": texts(nil),
	"alternativesAsExact":    texts(oneOf("ignorePlurals", "singleWordSynonym", "multiWordsSynonym", "ignoreConjugations")),
	"advancedSyntaxFeatures": texts(oneOf("exactPhrase", "excludeWords")),
	"queryType":              text1(oneOf("prefixLast", "prefixAll", "prefixNone")),
	"removeWordsIfNoResults": text1(oneOf("none", "lastWords", "firstWords", "allOptional")),
	"exactOnSingleWordQuery": text1(oneOf("attribute", "none", "word")), "sortFacetValuesBy": text1(oneOf("count", "alpha")),
	"mode": text1(oneOf("keywordSearch", "neuralSearch")), "typoTolerance": either(flag, text1(oneOf("true", "false", "min", "strict"))),
	"attributeForDistinct": text, "separatorsToIndex": text, "keepDiacriticsOnCharacters": text, "highlightPreTag": text, "highlightPostTag": text, "snippetEllipsisText": text,
	"hitsPerPage": whole(1, 1000), "maxValuesPerFacet": whole(0, 1000), "maxFacetHits": whole(1, 100), "paginationLimitedTo": whole(0, 1e9),
	"minWordSizefor1Typo": whole(0, 1e9), "minWordSizefor2Typos": whole(0, 1e9), "minProximity": whole(1, 7), "relevancyStrictness": whole(0, 100),
	"distinct": either(flag, whole(0, 4)), "restrictHighlightAndSnippetArrays": flag, "allowTyposOnNumericTokens": flag,
	"allowCompressionOfIntegerArray": flag, "decompoundQuery": flag, "enableRules": flag, "enablePersonalization": flag, "enableReRanking": flag,
	"advancedSyntax": flag, "replaceSynonymsInHighlight": flag, "attributeCriteriaComputedByMinProximity": flag,
	"ignorePlurals": either(flag, texts(nil), text), "removeStopWords": either(flag, texts(nil), text), "reRankingApplyFilter": anything,
	"decompoundedAttributes": object, "customNormalization": object, "renderingContent": object, "semanticSearch": object, "userData": anything,
}

// CheckSettings checks the names and values of an index's settings by the service's rules:
// most of what it refuses here it would refuse, or take and never apply, there. The error
// names every wrong setting with its line.
func CheckSettings(settings []byte) error {
	dec := json.NewDecoder(bytes.NewReader(settings))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return fmt.Errorf("want a JSON object with the settings of an index")
	}
	seen := map[string]bool{}
	var problems []string
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		line := 1 + bytes.Count(settings[:dec.InputOffset()], []byte("\n"))
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		setting := fmt.Sprint(name)
		if err := checkSetting(setting, value); err != nil {
			problems = append(problems, fmt.Sprintf("line %d: %v", line, err))
		}
		if seen[setting] {
			problems = append(problems, fmt.Sprintf("line %d: %s stands twice", line, setting))
		}
		seen[setting] = true
	}
	if len(problems) > 0 {
		return fmt.Errorf("%s", strings.Join(problems, "\n  "))
	}
	return nil
}

// checkSetting checks one setting; null resets one.
func checkSetting(name string, value json.RawMessage) error {
	check, ok := settingRules[name]
	if !ok {
		if near := nearest(name, slices.Sorted(maps.Keys(settingRules))); near != "" {
			return fmt.Errorf("an index has no setting %q: did you mean %s?", name, near)
		}
		return fmt.Errorf("an index has no setting %q", name)
	}
	if string(value) == "null" {
		return nil
	}
	if err := check(value); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// texts returns the rule of a list of texts that each pass a check.
func texts(check func(string) error) rule {
	return func(value json.RawMessage) error {
		var list []string
		if json.Unmarshal(value, &list) != nil || list == nil {
			return fmt.Errorf("want a list of texts")
		}
		seen := map[string]bool{}
		for _, one := range list {
			if strings.TrimSpace(one) == "" {
				return fmt.Errorf("an entry is empty")
			}
			if seen[one] {
				return fmt.Errorf("%q stands twice", one)
			}
			seen[one] = true
			if check == nil {
				continue
			}
			if err := check(one); err != nil {
				return err
			}
		}
		return nil
	}
}

// text1 returns the rule of one text that passes a check.
func text1(check func(string) error) rule {
	return func(value json.RawMessage) error {
		var one string
		if json.Unmarshal(value, &one) != nil {
			return fmt.Errorf("want a text")
		}
		return check(one)
	}
}

// either returns the rule of a value that passes one of several.
func either(rules ...rule) rule {
	return func(value json.RawMessage) error {
		var last error
		for _, r := range rules {
			if last = r(value); last == nil {
				return nil
			}
		}
		return last
	}
}

// whole returns the rule of a whole number within bounds.
func whole(least, most int64) rule {
	return func(value json.RawMessage) error {
		var n int64
		if json.Unmarshal(value, &n) != nil || n < least || n > most {
			return fmt.Errorf("want a whole number from %d to %d", least, most)
		}
		return nil
	}
}

// text is the rule of one text.
func text(value json.RawMessage) error { return text1(func(string) error { return nil })(value) }

// flag is the rule of true or false.
func flag(value json.RawMessage) error {
	if s := string(value); s != "true" && s != "false" {
		return fmt.Errorf("want true or false")
	}
	return nil
}

// object is the rule of a JSON object.
func object(value json.RawMessage) error {
	var members map[string]json.RawMessage
	if json.Unmarshal(value, &members) != nil {
		return fmt.Errorf("want an object")
	}
	return nil
}

// anything is the rule of values that the service keeps as they are.
func anything(json.RawMessage) error { return nil }

// oneOf returns the check of a word from a list.
func oneOf(words ...string) func(string) error {
	return func(s string) error {
		if slices.Contains(words, s) {
			return nil
		}
		return fmt.Errorf("%q is unknown: use %s", s, strings.Join(words, ", "))
	}
}

// callForm is a modifier around an attribute, such as unordered(name).
var callForm = regexp.MustCompile(`^\s*(\w*)\s*\((.*)\)\s*$`)

// attribute returns the check of an attribute's name, perhaps within modifiers.
func attribute(modifiers ...string) func(string) error {
	return func(s string) error {
		for {
			m := callForm.FindStringSubmatch(s)
			if m == nil {
				break
			}
			if !slices.Contains(modifiers, m[1]) {
				return fmt.Errorf("%q: there is no modifier %s(): use %s()", s, m[1], strings.Join(modifiers, "(), "))
			}
			s = m[2]
		}
		if strings.TrimSpace(s) == "" || strings.ContainsAny(s, "()") {
			return fmt.Errorf("%q names no attribute", s)
		}
		return nil
	}
}

// levels returns the check of attributes of one rank, with commas between.
func levels(check func(string) error) func(string) error {
	return func(s string) error {
		for one := range strings.SplitSeq(s, ",") {
			if err := check(one); err != nil {
				return err
			}
		}
		return nil
	}
}

// sortBy checks an entry of customRanking.
func sortBy(s string) error {
	m := callForm.FindStringSubmatch(s)
	if m == nil || m[1] != "asc" && m[1] != "desc" || strings.TrimSpace(m[2]) == "" || strings.ContainsAny(m[2], "()") {
		return fmt.Errorf("%q: use asc(attribute) or desc(attribute)", s)
	}
	return nil
}

// criteria are the criteria of ranking beside those of sortBy.
var criteria = []string{"typo", "geo", "words", "filters", "proximity", "attribute", "exact", "custom"}

// criterion checks an entry of ranking.
func criterion(s string) error {
	if slices.Contains(criteria, s) || sortBy(s) == nil {
		return nil
	}
	return fmt.Errorf("%q is no criterion: use %s, asc(attribute) or desc(attribute)", s, strings.Join(criteria, ", "))
}

// nearest returns the name that a misspelt one most probably means, or nothing.
func nearest(name string, names []string) string {
	best, least := "", 1+len(name)/4
	for _, n := range names {
		if d := distance(strings.ToLower(name), strings.ToLower(n)); d <= least {
			best, least = n, d-1
		}
	}
	return best
}

// distance counts the letters to change, add or drop between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			same := before
			if a[i] != b[j] {
				same++
			}
			before, row[j+1] = row[j+1], min(same, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
