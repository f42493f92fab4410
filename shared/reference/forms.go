package reference

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// form is the documented form of a value.
type form struct {
	want string // in the service's words
	// read returns what a value says, or the refusal. loose takes the texts of a URL.
	read func(v any, loose bool) (any, *Error)
}

// wrong is the refusal of a value of another form.
func wrong(want string) *Error { return &Error{Words: "Invalid value for", Want: want} }

// unlimited is the bound of numbers that the reference leaves open.
const unlimited = 1 << 30

// anything is the form of what the service keeps as it is.
var anything = form{"any value", func(v any, _ bool) (any, *Error) { return v, nil }}

// text is the form of a text.
var text = form{"string", func(v any, _ bool) (any, *Error) {
	if said, ok := v.(string); ok {
		return said, nil
	}
	return nil, wrong("string")
}}

// flag is the form of true and false; clients write 1 and 0 in URLs.
var flag = form{"boolean", func(v any, loose bool) (any, *Error) {
	if said, ok := v.(bool); ok {
		return said, nil
	}
	if said, ok := v.(string); loose && (ok || isNumber(v)) {
		if !ok {
			said = number(v)
		}
		if value, known := Bool(said); known {
			return value, nil
		}
	}
	return nil, wrong("boolean")
}}

// Bool reads a boolean as it travels in URLs: some clients write 1 and 0.
func Bool(said string) (value, ok bool) {
	switch said {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// isNumber reports whether a decoded value is a number.
func isNumber(v any) bool {
	switch v.(type) {
	case json.Number, float64:
		return true
	}
	return false
}

// number returns the text of a number.
func number(v any) string {
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// integer returns the form of a whole number within bounds.
func integer(low, high int) form {
	want := fmt.Sprintf("integer between %d and %d", low, high)
	return form{want, func(v any, loose bool) (any, *Error) {
		said, ok := v.(string)
		if ok = ok && loose; isNumber(v) {
			said, ok = number(v), true
		}
		n, err := strconv.Atoi(strings.TrimSpace(said))
		switch {
		case !ok || err != nil:
			return nil, wrong(want)
		case n < low:
			return nil, &Error{Words: "Value too small for", Want: want}
		case n > high:
			return nil, &Error{Words: "Value too large for", Want: want}
		}
		return n, nil
	}}
}

// oneOf returns the form of one of some words.
func oneOf(words ...string) form {
	want := "one of " + strings.Join(words, ", ")
	return form{want, func(v any, _ bool) (any, *Error) {
		if said, ok := v.(string); ok && slices.Contains(words, said) {
			return said, nil
		}
		return nil, wrong(want)
	}}
}

// either returns the form of a value that has one of several.
func either(forms ...form) form {
	wants := make([]string, len(forms))
	for i, f := range forms {
		wants[i] = f.want
	}
	want := strings.Join(wants, " or ")
	return form{want, func(v any, loose bool) (any, *Error) {
		for _, f := range forms {
			if read, refused := f.read(v, loose); refused == nil {
				return read, nil
			}
		}
		return nil, wrong(want)
	}}
}

// elements returns a list. In a URL it is the text of one, or what stands between commas.
func elements(v any, loose bool) (items []any, ok bool) {
	said, isText := v.(string)
	if !isText {
		items, ok = v.([]any)
		return items, ok
	}
	if !loose {
		return nil, false
	}
	if strings.HasPrefix(strings.TrimSpace(said), "[") {
		return items, json.Unmarshal([]byte(said), &items) == nil
	}
	for item := range strings.SplitSeq(said, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items, true
}

// texts is the form of a list of any texts.
var texts = textsOf("strings", func(string) bool { return true })

// wordsOf returns the form of a list of some words.
func wordsOf(words ...string) form {
	return textsOf(strings.Join(words, ", "), func(s string) bool { return slices.Contains(words, s) })
}

// textsOf returns the form of a list of texts that fit. A setting's list has no empty and
// no repeated entries.
func textsOf(what string, fits func(string) bool) form {
	want := "array of " + what
	return form{want, func(v any, loose bool) (any, *Error) {
		items, ok := elements(v, loose)
		if !ok {
			return nil, wrong(want)
		}
		out := make([]string, len(items))
		for i, item := range items {
			said, isText := item.(string)
			if empty := strings.TrimSpace(said) == "" || slices.Contains(out[:i], said); !isText || !fits(said) || empty && !loose {
				refused := wrong(want)
				refused.Got = fmt.Sprintf("%.64v", item)
				return nil, refused
			}
			out[i] = said
		}
		return out, nil
	}}
}

// phrase is the form of one text or a list: a text with commas is one.
var phrase = form{"string or array of strings", func(v any, loose bool) (any, *Error) {
	if said, ok := v.(string); ok && !strings.HasPrefix(strings.TrimSpace(said), "[") {
		return []string{said}, nil
	}
	return texts.read(v, loose)
}}

// filters is the form of conditions: a text, or texts and lists of texts. The reader of
// filters says more.
var filters = form{nested, func(v any, _ bool) (any, *Error) {
	if isText(v) {
		return v, nil
	}
	items, ok := v.([]any)
	for _, item := range items {
		inner, isList := item.([]any)
		ok = ok && (isText(item) || isList && !slices.ContainsFunc(inner, func(v any) bool { return !isText(v) }))
	}
	if !ok {
		return nil, wrong(nested)
	}
	return v, nil
}}

const nested = "string, or array of strings and of arrays of strings"

// isText reports whether a decoded value is a text.
func isText(v any) bool {
	_, ok := v.(string)
	return ok
}

// numbers returns the form of a list of numbers, least to most of them.
func numbers(least, most int) form {
	want := fmt.Sprintf("array of %d to %d numbers", least, most)
	return form{want, func(v any, _ bool) (any, *Error) {
		items, ok := v.([]any)
		if !ok || len(items) < least || len(items) > most || slices.ContainsFunc(items, func(v any) bool { return !isNumber(v) }) {
			return nil, wrong(want)
		}
		return v, nil
	}}
}

// listOf returns the form of a list of a form, with most entries.
func listOf(entry form, most int) form {
	want := "array of " + entry.want
	if most < math.MaxInt {
		want = fmt.Sprintf("array of at most %d, each %s", most, entry.want)
	}
	return form{want, func(v any, loose bool) (any, *Error) {
		items, ok := elements(v, loose)
		if !ok || len(items) > most {
			return nil, wrong(want)
		}
		for i, item := range items {
			if _, refused := entry.read(item, loose); refused != nil {
				return nil, refused.within("[" + strconv.Itoa(i) + "]")
			}
		}
		return items, nil
	}}
}

// object returns the form of an object with some members, of which some are required.
// Members that are null count as absent.
func object(members map[string]form, required ...string) form {
	return form{"object", func(v any, loose bool) (any, *Error) {
		given, ok := objectIn(v, loose)
		if !ok {
			return nil, wrong("object")
		}
		for _, name := range required {
			list, isList := given[name].([]any)
			if given[name] == nil || given[name] == "" || isList && len(list) == 0 {
				return nil, &Error{Words: "Missing object attribute", Path: name}
			}
		}
		for _, name := range slices.Sorted(maps.Keys(given)) {
			f, known := members[name]
			if !known {
				return nil, &Error{Words: "Invalid object attributes", Path: name}
			}
			if given[name] == nil {
				continue
			}
			if _, refused := f.read(given[name], loose); refused != nil {
				return nil, refused.within(name)
			}
		}
		return given, nil
	}}
}

// dictionary returns the form of an object with members of any name.
func dictionary(value form) form {
	return form{"object", func(v any, loose bool) (any, *Error) {
		given, ok := objectIn(v, loose)
		if !ok {
			return nil, wrong("object")
		}
		for _, name := range slices.Sorted(maps.Keys(given)) {
			if _, refused := value.read(given[name], loose); refused != nil {
				return nil, refused.within(name)
			}
		}
		return given, nil
	}}
}

// objectIn returns an object, which in a URL is the text of one.
func objectIn(v any, loose bool) (map[string]any, bool) {
	given, ok := v.(map[string]any)
	if said, isText := v.(string); loose && isText {
		ok = json.Unmarshal([]byte(said), &given) == nil && given != nil
	}
	return given, ok
}

// called is an attribute within a modifier, such as unordered(name).
var called = regexp.MustCompile(`^\s*(\w*)\s*\((.*)\)\s*$`)

// Bare returns an attribute of a setting without the modifiers around it.
func Bare(entry string) string {
	for m := called.FindStringSubmatch(entry); m != nil; m = called.FindStringSubmatch(entry) {
		entry = m[2]
	}
	return strings.TrimSpace(entry)
}

// attributes returns the form of a list of attributes, each perhaps within modifiers;
// apart separates those of one rank.
func attributes(apart string, modifiers ...string) form {
	one := func(s string) bool {
		for m := called.FindStringSubmatch(s); m != nil; m = called.FindStringSubmatch(s) {
			if !slices.Contains(modifiers, m[1]) {
				return false
			}
			s = m[2]
		}
		return strings.TrimSpace(s) != "" && !strings.ContainsAny(s, "()")
	}
	return textsOf("attributes, alone or within "+strings.Join(modifiers, "(), ")+"()", func(s string) bool {
		if apart == "" {
			return one(s)
		}
		return !slices.ContainsFunc(strings.Split(s, apart), func(part string) bool { return !one(part) })
	})
}

// sorted reports whether an entry sorts by an attribute.
func sorted(s string) bool {
	m := called.FindStringSubmatch(s)
	return m != nil && (m[1] == "asc" || m[1] == "desc") && strings.TrimSpace(m[2]) != "" && !strings.ContainsAny(m[2], "()")
}

// criteria are the criteria of ranking by the service's names.
var criteria = []string{"typo", "geo", "words", "filters", "proximity", "attribute", "exact", "custom"}
