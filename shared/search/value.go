package search

import (
	"bytes"
	"encoding/json"
	"strings"
)

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

// numberOf bounds a whole number that the reference has read.
func numberOf(param string, v any, most int) (int, error) {
	n, _ := v.(int) // its form
	if n > most {
		return 0, invalid(param, "%s is %d; %d is the most", param, n, most)
	}
	return n, nil
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

// namesOf bounds a list of texts that the reference has read.
func namesOf(param string, v any) ([]string, error) {
	names, _ := v.([]string) // its form
	if len(names) > MaxFields {
		return nil, invalid(param, "%s has %d names; %d are the most", param, len(names), MaxFields)
	}
	for _, name := range names {
		if _, err := textOf(param, name, maxValue); err != nil {
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
