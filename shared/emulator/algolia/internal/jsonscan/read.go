package jsonscan

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// Each calls fn with every member of a compact object, in order: the member's
// name, unquoted, and its value's text. It stops when fn returns false. Text
// that is no object has no members.
func Each(object []byte, fn func(name string, value []byte) bool) {
	if len(object) < 2 || object[0] != '{' {
		return
	}
	for pos := 1; pos < len(object) && object[pos] == '"'; {
		end := pos + skipText(object[pos:])
		name := Text(object[pos:end])
		pos = end + 1
		end = pos + skip(object[pos:])
		if !fn(name, object[pos:end]) {
			return
		}
		pos = end + 1
	}
}

// Elements calls fn with the text of every element of a compact array, in
// order, until fn returns false. Text that is no array has no elements.
func Elements(array []byte, fn func(value []byte) bool) {
	if len(array) < 3 || array[0] != '[' {
		return
	}
	for pos := 1; pos < len(array); {
		end := pos + skip(array[pos:])
		if !fn(array[pos:end]) {
			return
		}
		pos = end + 1
	}
}

// Member returns the text of one member of a compact object, nil when absent.
// Of members with the same name the last one counts.
func Member(object []byte, name string) []byte {
	var found []byte
	Each(object, func(n string, value []byte) bool {
		if n == name {
			found = value
		}
		return true
	})
	return found
}

// Text unquotes a compact JSON string; text that is no string comes back "".
func Text(quoted []byte) string {
	if len(quoted) < 2 || quoted[0] != '"' {
		return ""
	}
	if inner := quoted[1 : len(quoted)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	var s string
	if json.Unmarshal(quoted, &s) != nil {
		return ""
	}
	return s
}

// Number reads a compact JSON number.
func Number(text []byte) (float64, bool) {
	if len(text) == 0 || text[0] != '-' && (text[0] < '0' || text[0] > '9') {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(text), 64)
	return f, err == nil
}

// Quote returns s as a JSON string.
func Quote(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(s) != nil {
		return []byte(`""`)
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// skip returns the length of the compact value at the start of text.
func skip(text []byte) int {
	switch text[0] {
	case '"':
		return skipText(text)
	case '{', '[':
		return skipList(text)
	}
	for i, b := range text {
		if b == ',' || b == '}' || b == ']' {
			return i
		}
	}
	return len(text)
}

func skipText(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

func skipList(text []byte) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i += skipText(text[i:]) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}
