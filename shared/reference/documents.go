package reference

import (
	"maps"
	"slices"
)

// condition is the form of a rule's condition.
var condition = object(map[string]form{
	"pattern": text, "anchoring": oneOf("is", "startsWith", "endsWith", "contains"), "alternatives": flag, "context": text, "filters": text,
})

// rule is the form of a rule. condition is the older way to write its only condition.
var rule = object(map[string]form{
	"objectID": text, "description": text, "enabled": flag, "tags": texts, "scope": text,
	"condition": condition, "conditions": listOf(anchored, 25),
	"validity":    listOf(object(map[string]form{"from": integer(0, 1<<40), "until": integer(0, 1<<40)}), anyNumber),
	"consequence": consequence,
}, "objectID", "consequence")

// anchored is a condition whose pattern has an anchoring.
var anchored = form{condition.want, func(v any, loose bool) (any, *Error) {
	read, refused := condition.read(v, loose)
	if refused != nil {
		return nil, refused
	}
	given, _ := read.(map[string]any) // a condition is an object
	if given["pattern"] != nil && given["anchoring"] == nil {
		return nil, &Error{Words: "Missing object attribute", Path: "anchoring"}
	}
	return read, nil
}}

// consequence is the form of what a rule does.
var consequence = object(map[string]form{
	"params": changes(), "filterPromotes": flag, "userData": anything, "redirect": object(map[string]form{"indexName": text}, "indexName"),
	"promote": listOf(either(
		object(map[string]form{"objectID": text, "position": integer(0, unlimited)}, "objectID", "position"),
		object(map[string]form{"objectIDs": listOf(text, 100), "position": integer(0, unlimited)}, "objectIDs", "position"),
	), 300),
	"hide": listOf(object(map[string]form{"objectID": text}, "objectID"), 50),
})

// changes returns the form of a rule's params: those of a search, of which query may be
// edits, and filters by the words of a query.
func changes() form {
	automatic := either(texts, listOf(object(map[string]form{"facet": text, "score": integer(0, unlimited), "disjunctive": flag}, "facet"), anyNumber))
	members := maps.Clone(Parameters.forms)
	members["query"] = either(text, object(map[string]form{
		"remove": texts, "edits": listOf(object(map[string]form{"type": oneOf("remove", "replace"), "delete": text, "insert": text}), anyNumber),
	}))
	members["automaticFacetFilters"], members["automaticOptionalFacetFilters"] = automatic, automatic
	return object(members)
}

// synonymParts are the parts that each type of synonym needs.
var synonymParts = map[string][]string{
	"synonym": {"synonyms"}, "oneWaySynonym": {"input", "synonyms"}, "onewaysynonym": {"input", "synonyms"},
	"altCorrection1": {"word", "corrections"}, "altCorrection2": {"word", "corrections"},
	"altcorrection1": {"word", "corrections"}, "altcorrection2": {"word", "corrections"}, "placeholder": {"placeholder", "replacements"},
}

// synonym is the form of a synonym.
var synonym = form{"object", func(v any, loose bool) (any, *Error) {
	types := slices.Sorted(maps.Keys(synonymParts))
	given, _ := v.(map[string]any) // the form below refuses what is no object
	kind, _ := given["type"].(string)
	return object(map[string]form{
		"objectID": text, "type": oneOf(types...), "synonyms": texts, "input": text, "word": text, "corrections": texts, "placeholder": text, "replacements": texts,
	}, append([]string{"objectID", "type"}, synonymParts[kind]...)...).read(v, loose)
}}
