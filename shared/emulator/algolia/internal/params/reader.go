package params

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/reference"
)

// Read checks parameters against the service's reference and returns what they say,
// however they travelled. The error is what a 400 says.
func Read(given Values) (Values, error) {
	out := Values{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		value, err := reference.Parameters.Read(name, given[name])
		if err != nil {
			return nil, err
		}
		if value != nil {
			out[name] = value
		}
	}
	return out, nil
}

// get returns what a parameter says, missing without one.
func get[T any](values Values, name string, missing T) T {
	if value, ok := values[name].(T); ok {
		return value
	}
	return missing
}

// word returns what a parameter says that is a word or a boolean.
func word(values Values, name, missing string) string {
	if value := values[name]; value != nil {
		return fmt.Sprint(value)
	}
	return missing
}

// list returns a filter with JSON inside a text unfolded when it looks like a list; nil
// when it is absent.
func list(value any) any {
	text, isText := value.(string)
	if isText && strings.HasPrefix(strings.TrimSpace(text), "[") {
		var list []any
		if json.Unmarshal([]byte(text), &list) == nil {
			return list
		}
	}
	return value
}
