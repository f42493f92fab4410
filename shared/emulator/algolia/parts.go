package algolia

import (
	"encoding/json"
	"net/http"
)

// check refuses a rule or a synonym without its required parts, as the service does.
func (d documentCalls) check(document []byte) error {
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(document, &parts); err != nil {
		return badRequest(err)
	}
	if d.kind == "rules" {
		return checkRule(parts)
	}
	return checkSynonym(parts)
}

// missing returns the refusal of a document without a part, nil for one that has all.
func missing(what string, parts map[string]json.RawMessage, names ...string) error {
	for _, name := range names {
		if text := string(parts[name]); text == "" || text == "null" || text == `""` || text == "[]" {
			return refuse(http.StatusBadRequest, "Invalid %s: attribute %s is missing or empty", what, name)
		}
	}
	return nil
}

// synonymParts are the parts of each type of synonym.
var synonymParts = map[string][]string{
	"synonym": {"synonyms"}, "oneWaySynonym": {"input", "synonyms"}, "onewaysynonym": {"input", "synonyms"},
	"altCorrection1": {"word", "corrections"}, "altCorrection2": {"word", "corrections"},
	"altcorrection1": {"word", "corrections"}, "altcorrection2": {"word", "corrections"}, "placeholder": {"placeholder", "replacements"},
}

// checkSynonym checks a synonym.
func checkSynonym(parts map[string]json.RawMessage) error {
	if err := missing("synonym", parts, "objectID", "type"); err != nil {
		return err
	}
	var kind string
	_ = json.Unmarshal(parts["type"], &kind) // no text is no type
	needed, ok := synonymParts[kind]
	if !ok {
		return refuse(http.StatusBadRequest, "Invalid synonym: type %s is unknown", parts["type"])
	}
	return missing("synonym", parts, needed...)
}

// checkRule checks a rule: what it does, and in which words it begins.
func checkRule(parts map[string]json.RawMessage) error {
	if err := missing("rule", parts, "objectID", "consequence"); err != nil {
		return err
	}
	conditions := []map[string]json.RawMessage{}
	for _, name := range []string{"conditions", "condition"} {
		text := parts[name]
		if len(text) == 0 {
			continue
		}
		one := map[string]json.RawMessage{}
		if json.Unmarshal(text, &conditions) != nil {
			if json.Unmarshal(text, &one) != nil {
				return refuse(http.StatusBadRequest, "Invalid rule: %s is malformed", name)
			}
			conditions = append(conditions, one)
		}
	}
	for _, c := range conditions {
		if _, has := c["pattern"]; !has {
			continue
		}
		var anchoring string
		if json.Unmarshal(c["anchoring"], &anchoring) != nil || anchoring != "is" && anchoring != "startsWith" && anchoring != "endsWith" && anchoring != "contains" {
			return refuse(http.StatusBadRequest, "Invalid rule: anchoring must be one of is, startsWith, endsWith, contains")
		}
	}
	return nil
}
