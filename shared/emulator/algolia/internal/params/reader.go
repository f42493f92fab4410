package params

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// reader takes typed parameters and keeps the first error.
type reader struct {
	values Values
	err    error
}

func (r *reader) fail(name, want string) {
	if r.err == nil {
		r.err = fmt.Errorf("invalid value for %q parameter, expected %s", name, want)
	}
}

// decoded returns a parameter with JSON inside a text unfolded when it looks
// like a list; ok is false when it is absent or null.
func (r *reader) decoded(name string) (any, bool) {
	value := r.values[name]
	text, isText := value.(string)
	if isText && strings.HasPrefix(strings.TrimSpace(text), "[") {
		var list []any
		if json.Unmarshal([]byte(text), &list) == nil {
			return list, true
		}
	}
	return value, value != nil
}

func (r *reader) text(name, missing string) string {
	switch value := r.values[name].(type) {
	case nil:
		return missing
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(value)
	}
	r.fail(name, "a string")
	return missing
}

// integer reads a whole number from 0 to high.
func (r *reader) integer(name string, missing, high int) int {
	if r.values[name] == nil {
		return missing
	}
	n, err := strconv.Atoi(strings.TrimSpace(r.text(name, "")))
	if err != nil || n < 0 || n > high {
		r.fail(name, fmt.Sprintf("integer between 0 and %d", high))
		return missing
	}
	return n
}

func (r *reader) boolean(name string, missing bool) bool {
	value, ok := Bool(r.text(name, strconv.FormatBool(missing)))
	if !ok {
		r.fail(name, "boolean")
	}
	return value
}

// object reads a JSON object, or the text of one; nil means absent.
func (r *reader) object(name string) any {
	value := r.values[name]
	if text, ok := value.(string); ok {
		var read map[string]any
		if json.Unmarshal([]byte(text), &read) != nil {
			r.fail(name, "an object")
		}
		return read
	}
	return value
}

// list reads an array of strings, or one text with commas. nil means absent.
func (r *reader) list(name string) []string {
	value, ok := r.decoded(name)
	if !ok {
		return nil
	}
	out := []string{}
	switch value := value.(type) {
	case string:
		for item := range strings.SplitSeq(value, ",") {
			if item = strings.TrimSpace(item); item != "" {
				out = append(out, item)
			}
		}
	case []any:
		for _, item := range value {
			text, ok := item.(string)
			if !ok {
				r.fail(name, "array of strings")
				return out
			}
			out = append(out, text)
		}
	default:
		r.fail(name, "array of strings")
	}
	return out
}
