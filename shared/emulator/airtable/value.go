package airtable

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxText is how many characters a cell may have.
const maxText = 100_000

// accept returns a value as the field keeps it, nil for an empty one. With typecast
// texts are read as the field's type; choices that a select lacks are in added.
func (f *field) accept(value any, typecast bool) (kept any, added []string, err error) {
	if f.computed() {
		return nil, nil, unprocessable("INVALID_VALUE_FOR_COLUMN", "Field %q cannot accept a value because the field is computed", f.name)
	}
	if typecast {
		value = f.cast(value)
	}
	if value == nil {
		return nil, nil, nil
	}
	switch f.kind {
	case "number", "percent", "currency", "rating", "duration":
		kept, err = f.number(value)
	case "checkbox":
		checked, ok := value.(bool)
		if !ok {
			return nil, nil, f.reject()
		}
		if checked {
			kept = true
		}
	case "date", "dateTime":
		kept, err = f.time(value)
	case "singleSelect":
		name, ok := value.(string)
		if !ok {
			return nil, nil, f.reject()
		}
		if name == "" {
			return nil, nil, nil
		}
		added, err = f.choose([]string{name}, typecast)
		kept = name
	case "multipleSelects", "multipleRecordLinks":
		return f.list(value, typecast)
	default:
		kept, err = f.text(value)
	}
	return kept, added, err
}

// reject is the refusal of a value of the wrong type.
func (f *field) reject() error {
	return unprocessable("INVALID_VALUE_FOR_COLUMN", "Field %q cannot accept the provided value", f.name)
}

// number takes a number.
func (f *field) number(value any) (any, error) {
	n, ok := value.(float64)
	if !ok {
		return nil, f.reject()
	}
	return n, nil
}

// text takes a text that fits into a cell.
func (f *field) text(value any) (any, error) {
	text, ok := value.(string)
	if !ok {
		return nil, f.reject()
	}
	if n := utf8.RuneCountInString(text); n > maxText {
		return nil, unprocessable("CELL_VALUE_TOO_LONG", "Field %q cannot hold %d characters, only %d", f.name, n, maxText)
	}
	if text == "" {
		return nil, nil
	}
	return text, nil
}

// list takes the items of a list.
func (f *field) list(value any, typecast bool) (kept any, added []string, err error) {
	items, ok := value.([]any)
	if !ok {
		return nil, nil, f.reject()
	}
	if len(items) == 0 {
		return nil, nil, nil
	}
	names := make([]string, 0, len(items))
	for _, item := range items {
		name, ok := item.(string)
		if !ok || name == "" {
			return nil, nil, f.reject()
		}
		names = append(names, name)
	}
	if f.isSelect() {
		added, err = f.choose(names, typecast)
	}
	return names, added, err
}

// choose returns the names that are no choices yet, or refuses them.
func (f *field) choose(names []string, typecast bool) (added []string, err error) {
	for _, name := range names {
		if slices.ContainsFunc(f.choices, func(c choice) bool { return c.Name == name }) {
			continue
		}
		if !typecast {
			return nil, unprocessable("INVALID_MULTIPLE_CHOICE_OPTIONS", "Insufficient permissions to create new select option \"\"%s\"\"", name)
		}
		added = append(added, name)
	}
	return added, nil
}

// time takes a date or a point of time.
func (f *field) time(value any) (any, error) {
	text, ok := value.(string)
	if !ok {
		return nil, f.reject()
	}
	if text == "" {
		return nil, nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly, "2006-01-02T15:04", "2006-01-02 15:04"} {
		at, err := time.Parse(layout, text)
		switch {
		case err != nil:
		case f.kind == "date":
			return at.Format(time.DateOnly), nil
		default:
			return stamp(at), nil
		}
	}
	return nil, f.reject()
}

// cast reads a text as the field's type, as far as that is clear.
func (f *field) cast(value any) any {
	text, isText := value.(string)
	switch f.kind {
	case "singleLineText", "multilineText", "richText", "email", "url", "phoneNumber", "singleSelect":
		switch v := value.(type) {
		case float64:
			return strconv.FormatFloat(v, 'f', -1, 64)
		case bool:
			return fmt.Sprint(v)
		}
		return value
	}
	if !isText {
		return value
	}
	text = strings.TrimSpace(text)
	switch f.kind {
	case "number", "percent", "currency", "rating", "duration":
		if text == "" {
			return nil
		}
		if n, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", ""), 64); err == nil {
			return n
		}
	case "checkbox":
		return slices.Contains([]string{"true", "1", "yes", "checked"}, strings.ToLower(text))
	case "multipleSelects", "multipleRecordLinks":
		var items []any
		for _, item := range strings.Split(text, ",") {
			if item = strings.TrimSpace(item); item != "" {
				items = append(items, item)
			}
		}
		return items
	}
	return value
}
