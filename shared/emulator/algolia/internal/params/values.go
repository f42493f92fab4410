// Package params reads the parameters of a search, however they travel: in the
// query string of a GET, URL-encoded inside the body's "params" text, or as
// members of the body. Settings give the defaults.
package params

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
)

// Values are parameters by name: text when they were URL-encoded, decoded JSON
// otherwise.
type Values map[string]any

// FromEncoded reads "query=a&page=1".
func FromEncoded(text string) (Values, error) {
	parsed, err := url.ParseQuery(text)
	if err != nil {
		return nil, fmt.Errorf("params is not URL-encoded: %w", err)
	}
	values := Values{}
	for name, list := range parsed {
		values[name] = list[len(list)-1]
	}
	return values, nil
}

// FromJSON reads a body. Its "params" text is unfolded; what stands beside it
// wins. An empty body has no parameters.
func FromJSON(body []byte) (Values, error) {
	values := Values{}
	if len(bytes.TrimSpace(body)) == 0 {
		return values, nil
	}
	if err := json.Unmarshal(body, &values); err != nil {
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	encoded, ok := values["params"].(string)
	if !ok {
		return values, nil
	}
	delete(values, "params")
	out, err := FromEncoded(encoded)
	if err != nil {
		return nil, err
	}
	maps.Copy(out, values)
	return out, nil
}

// Encode writes values as a URL-encoded text with sorted names: the "params"
// that an answer echoes.
func (v Values) Encode() string {
	out := url.Values{}
	for name, value := range v {
		text, ok := value.(string)
		if !ok {
			encoded, err := json.Marshal(value)
			if err != nil {
				continue
			}
			text = string(encoded)
		}
		out.Set(name, text)
	}
	return out.Encode()
}

// Without returns a copy without the named parameters.
func (v Values) Without(names ...string) Values {
	out := maps.Clone(v)
	maps.DeleteFunc(out, func(name string, _ any) bool { return slices.Contains(names, name) })
	return out
}
