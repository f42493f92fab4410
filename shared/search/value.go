package search

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// A parameter's value is whatever JSON holds (numbers as json.Number), or a
// text when it came in a URL; these read either.

// textOf reads a text of at most max bytes.
func textOf(param string, v any, most int) (string, error) {
	text, ok := v.(string)
	if !ok {
		return "", invalid(param, "%s is not a text", param)
	}
	if len(text) > most {
		return "", invalid(param, "%s has %d bytes; %d are the most", param, len(text), most)
	}
	return text, nil
}

// numberOf reads a whole number within limits.
func numberOf(param string, v any, low, high int) (int, error) {
	text, ok := v.(string)
	if n, is := v.(json.Number); is {
		text, ok = n.String(), true
	}
	n, err := strconv.Atoi(text)
	if !ok || err != nil || n < low || n > high {
		return 0, invalid(param, "%s is %q; want a whole number from %d to %d", param, clip(text), low, high)
	}
	return n, nil
}

// boolOf reads true or false, which some clients write as 1 or 0.
func boolOf(param string, v any) (bool, error) {
	switch v {
	case true, "true", "1", json.Number("1"):
		return true, nil
	case false, "false", "0", json.Number("0"):
		return false, nil
	}
	return false, invalid(param, "%s is neither true nor false", param)
}

// listOf reads a list: JSON's own, the text of one, or a text with commas.
func listOf(param string, v any) ([]any, error) {
	text, ok := v.(string)
	if !ok {
		list, ok := v.([]any)
		if !ok {
			return nil, invalid(param, "%s is not a list", param)
		}
		return list, nil
	}
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	if !strings.HasPrefix(strings.TrimSpace(text), "[") {
		parts := strings.Split(text, ",")
		list := make([]any, len(parts))
		for i, part := range parts {
			list[i] = strings.TrimSpace(part)
		}
		return list, nil
	}
	var list []any
	if err := decode([]byte(text), &list); err != nil {
		return nil, invalid(param, "%s is not a list: %s", param, err)
	}
	return list, nil
}

// namesOf reads a list of texts.
func namesOf(param string, v any) ([]string, error) {
	list, err := listOf(param, v)
	if err != nil {
		return nil, err
	}
	if len(list) > MaxFields {
		return nil, invalid(param, "%s has %d names; %d are the most", param, len(list), MaxFields)
	}
	names := make([]string, len(list))
	for i, item := range list {
		if names[i], err = textOf(param, item, maxValue); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// decode reads one JSON value and nothing behind it, without unknown members
// where into is a struct.
func decode(text []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if dec.More() {
		return errMore
	}
	return nil
}
