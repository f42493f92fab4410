package search

import (
	"encoding/json"
	"maps"
	"net/url"
	"sort"
)

// paramsOf reads params: an object, or a URL's query as a text. null and
// members that are null count as absent.
func paramsOf(v any) (map[string]any, error) {
	values, ok := v.(map[string]any)
	if ok {
		maps.DeleteFunc(values, func(_ string, v any) bool { return v == nil })
		return values, nil
	}
	values = map[string]any{}
	if v == nil {
		return values, nil
	}
	text, ok := v.(string)
	if !ok {
		return nil, invalid("params", "params is neither an object nor the text of a URL's query")
	}
	parsed, err := url.ParseQuery(text)
	if err != nil {
		return nil, invalid("params", "params is not the text of a URL's query: %s", err)
	}
	for name, list := range parsed {
		if len(list) > 1 {
			return nil, invalid(name, "%s stands %d times; give it once", clip(name), len(list))
		}
		values[name] = list[0]
	}
	return values, nil
}

// echo repeats the caller's parameters as the text of a URL's query, as the
// index's own answers do; it never has what we added.
func echo(values map[string]any) string {
	out := url.Values{}
	for name, v := range values {
		text, ok := v.(string)
		if !ok {
			encoded, _ := json.Marshal(v) // decoded JSON always encodes
			text = string(encoded)
		}
		out.Set(name, text)
	}
	return out.Encode()
}

// sortedKeys returns a map's keys in order, so that the first error is always
// the same one.
func sortedKeys[V any](values map[string]V) []string {
	keys := make([]string, 0, len(values))
	for name := range values {
		keys = append(keys, name)
	}
	sort.Strings(keys)
	return keys
}
