package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// accepted are the settings that the service takes, each with the form of its value:
// texts, text, number, bool, object, or several by a bar; any is not looked at.
var accepted = func() map[string]string {
	m := map[string]string{}
	for form, names := range map[string]string{
		"texts": `searchableAttributes attributesForFaceting customRanking ranking replicas unretrievableAttributes attributesToRetrieve
			attributesToHighlight attributesToSnippet disableTypoToleranceOnAttributes disableTypoToleranceOnWords disablePrefixOnAttributes
			disableExactOnAttributes attributesToTransliterate camelCaseAttributes numericAttributesForFiltering responseFields queryLanguages
			indexLanguages restrictSearchableAttributes alternativesAsExact advancedSyntaxFeatures`,
		"text": `queryType removeWordsIfNoResults exactOnSingleWordQuery sortFacetValuesBy mode attributeForDistinct separatorsToIndex
			keepDiacriticsOnCharacters highlightPreTag highlightPostTag snippetEllipsisText`,
		"number": `hitsPerPage maxValuesPerFacet maxFacetHits paginationLimitedTo minWordSizefor1Typo minWordSizefor2Typos minProximity relevancyStrictness`,
		"bool": `restrictHighlightAndSnippetArrays allowTyposOnNumericTokens allowCompressionOfIntegerArray decompoundQuery enableRules
			enablePersonalization enableReRanking advancedSyntax replaceSynonymsInHighlight attributeCriteriaComputedByMinProximity`,
		"object":          `decompoundedAttributes customNormalization renderingContent semanticSearch`,
		"bool|number":     `distinct`,
		"bool|text":       `typoTolerance`,
		"text|texts":      `optionalWords`,
		"bool|text|texts": `ignorePlurals removeStopWords`,
		"any":             `userData reRankingApplyFilter primary version`,
	} {
		for _, name := range strings.Fields(names) {
			m[name] = form
		}
	}
	return m
}()

// enumerated are the words that settings take.
var enumerated = map[string][]string{
	"queryType": {"prefixLast", "prefixAll", "prefixNone"}, "removeWordsIfNoResults": {"none", "lastWords", "firstWords", "allOptional"},
	"exactOnSingleWordQuery": {"attribute", "none", "word"}, "sortFacetValuesBy": {"count", "alpha"}, "mode": {"keywordSearch", "neuralSearch"},
	"typoTolerance": {"true", "false", "min", "strict"}, "alternativesAsExact": {"ignorePlurals", "singleWordSynonym", "multiWordsSynonym", "ignoreConjugations"},
	"advancedSyntaxFeatures": {"exactPhrase", "excludeWords"},
}

// bounds are the least and the most of numbers.
var bounds = map[string][2]float64{
	"hitsPerPage": {1, 1000}, "maxValuesPerFacet": {0, 1000}, "maxFacetHits": {1, 100}, "minProximity": {1, 7}, "relevancyStrictness": {0, 100},
	"distinct": {0, 4}, "paginationLimitedTo": {0, 1e9}, "minWordSizefor1Typo": {0, 1e9}, "minWordSizefor2Typos": {0, 1e9},
}

// around are what may stand around an attribute.
var around = map[string][]string{
	"searchableAttributes": {"ordered", "unordered"}, "attributesForFaceting": {"searchable", "filterOnly", "afterDistinct"},
	"numericAttributesForFiltering": {"equalOnly"}, "replicas": {"virtual"},
}

// checkSettings refuses what the service refuses, in its words; change is given's text.
func checkSettings(change []byte, given map[string]json.RawMessage) error {
	names := make([]string, 0, len(given))
	for name := range given {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		problem := "Invalid object attributes: " + name
		if form, ok := accepted[name]; ok {
			problem = checkValue(name, form, given[name])
		}
		if problem != "" {
			return fmt.Errorf("%s near line:1 column:%d", problem, bytes.Index(change, []byte(`"`+name+`"`))+len(name)+3)
		}
	}
	return nil
}

// checkValue returns what is wrong with a setting's value, empty for nothing.
func checkValue(name, form string, value json.RawMessage) string {
	var v any
	if json.Unmarshal(value, &v) != nil {
		return "Invalid value for " + name
	}
	kind := kindOf(v)
	if v == nil || form == "any" {
		return ""
	}
	if !slices.Contains(strings.Split(form, "|"), kind) {
		return fmt.Sprintf("invalid value for setting %s: %s expected", name, strings.ReplaceAll(form, "|", " or "))
	}
	list := []string{}
	switch one := v.(type) {
	case float64:
		if b, ok := bounds[name]; bytes.ContainsAny(value, ".eE") || ok && (one < b[0] || one > b[1]) {
			return fmt.Sprintf("Invalid value for %s: %v is out of range", name, one)
		}
	case string:
		list = append(list, one)
	case []any:
		seen := map[string]bool{}
		for _, entry := range one {
			s, _ := entry.(string) // kindOf has looked
			if strings.TrimSpace(s) == "" {
				return fmt.Sprintf("%s: entries cannot be empty", name)
			}
			if seen[s] {
				return fmt.Sprintf("%s: duplicate entry %q", name, s)
			}
			seen[s] = true
			if name == "searchableAttributes" { // those of one rank stand between commas
				list = append(list, strings.Split(s, ",")...)
			} else {
				list = append(list, s)
			}
		}
	}
	for _, s := range list {
		if problem := checkWord(name, s); problem != "" {
			return problem
		}
	}
	return ""
}

// kindOf names the form of a decoded value.
func kindOf(v any) string {
	switch one := v.(type) {
	case bool:
		return "bool"
	case float64:
		return "number"
	case string:
		return "text"
	case map[string]any:
		return "object"
	case []any:
		for _, entry := range one {
			if _, ok := entry.(string); !ok {
				return "list"
			}
		}
		return "texts"
	}
	return "null"
}

// called is an attribute within a modifier.
var called = regexp.MustCompile(`^\s*(\w*)\s*\((.*)\)\s*$`)

// checkWord returns what is wrong with one text of a setting.
func checkWord(name, s string) string {
	if words, ok := enumerated[name]; ok && !slices.Contains(words, s) {
		return fmt.Sprintf("Invalid value %q for %s, you should use one of %s", s, name, strings.Join(words, ", "))
	}
	m := called.FindStringSubmatch(s)
	sorted := m != nil && (m[1] == "asc" || m[1] == "desc") && strings.TrimSpace(m[2]) != "" && !strings.ContainsAny(m[2], "()")
	switch name {
	case "customRanking":
		if !sorted {
			return fmt.Sprintf("Invalid CustomRanking function(%s), you should use asc() or desc()", s)
		}
	case "ranking":
		if !sorted && !slices.Contains(defaultRanking, s) {
			return fmt.Sprintf("Invalid ranking criterion %s", s)
		}
	}
	allowed, ok := around[name]
	if !ok {
		return ""
	}
	for m != nil {
		if !slices.Contains(allowed, m[1]) {
			return fmt.Sprintf("Invalid modifier %s() in %s", m[1], name)
		}
		s = m[2]
		m = called.FindStringSubmatch(s)
	}
	if strings.TrimSpace(s) == "" || strings.ContainsAny(s, "()") {
		return fmt.Sprintf("Invalid attribute %q in %s", s, name)
	}
	return ""
}
