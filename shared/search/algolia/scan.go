package algolia

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// The functions of this file read a JSON value where it stands and return the place behind
// it, or broken. A text is checked while it is read: an answer is walked once.

// broken is the place behind what is no JSON.
const broken = -1

// maxDepth is how deep values may nest, as for the standard decoder.
const maxDepth = 10_000

// at is a place in a text: before a value that is so deep in others.
type at struct {
	b     []byte
	depth int
}

// in is the text one value deeper.
func (t at) in() at { return at{t.b, t.depth + 1} }

// is reports whether a byte stands at i.
func (t at) is(i int, c byte) bool { return i < len(t.b) && t.b[i] == c }

// value reads any value.
func (t at) value(i int) int {
	if i >= len(t.b) {
		return broken
	}
	switch t.b[i] {
	case '"':
		return t.text(i)
	case '{':
		return t.object(i, func(_ []byte, i int) int { return t.in().value(i) })
	case '[':
		return t.list(i, t.in().value)
	case 't':
		return t.word(i, "true")
	case 'f':
		return t.word(i, "false")
	case 'n':
		return t.word(i, "null")
	default:
		return t.number(i)
	}
}

// object reads an object; member reads the value of a name that stands in quotes.
func (t at) object(i int, member func(quoted []byte, i int) int) int {
	if !t.is(i, '{') || t.depth >= maxDepth {
		return broken
	}
	if i = t.space(i + 1); t.is(i, '}') {
		return i + 1
	}
	for {
		end := broken
		if t.is(i, '"') {
			end = t.text(i)
		}
		if end == broken {
			return broken
		}
		colon := t.space(end)
		if !t.is(colon, ':') {
			return broken
		}
		if i = member(t.b[i:end], t.space(colon+1)); i == broken {
			return broken
		}
		switch i = t.space(i); {
		case t.is(i, '}'):
			return i + 1
		case !t.is(i, ','):
			return broken
		}
		i = t.space(i + 1)
	}
}

// list reads a list; element reads each of its values.
func (t at) list(i int, element func(i int) int) int {
	if !t.is(i, '[') || t.depth >= maxDepth {
		return broken
	}
	if i = t.space(i + 1); t.is(i, ']') {
		return i + 1
	}
	for {
		if i = element(i); i == broken {
			return broken
		}
		switch i = t.space(i); {
		case t.is(i, ']'):
			return i + 1
		case !t.is(i, ','):
			return broken
		}
		i = t.space(i + 1)
	}
}

// plain are the bytes that stand for themselves in a text.
var plain = func() (is [256]bool) {
	for c := range is {
		is[c] = c >= ' ' && c != '"' && c != '\\'
	}
	return is
}()

// text reads a text in quotes.
func (t at) text(i int) int {
	b := t.b
	for i++; i < len(b); i++ {
		if plain[b[i]] {
			continue
		}
		if b[i] == '"' {
			return i + 1
		}
		if b[i] != '\\' || i+1 == len(b) {
			return broken
		}
		switch i++; b[i] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		case 'u':
			if i+4 >= len(b) || strings.Trim(string(b[i+1:i+5]), "0123456789abcdefABCDEF") != "" {
				return broken
			}
			i += 4
		default:
			return broken
		}
	}
	return broken
}

// word reads true, false or null.
func (t at) word(i int, word string) int {
	if !bytes.HasPrefix(t.b[i:], []byte(word)) {
		return broken
	}
	return i + len(word)
}

// number reads a number.
func (t at) number(i int) int {
	if t.is(i, '-') {
		i++
	}
	if t.is(i, '0') {
		i++
	} else if i = t.digits(i); i == broken {
		return broken
	}
	if t.is(i, '.') {
		if i = t.digits(i + 1); i == broken {
			return broken
		}
	}
	if t.is(i, 'e') || t.is(i, 'E') {
		if i++; t.is(i, '+') || t.is(i, '-') {
			i++
		}
		return t.digits(i)
	}
	return i
}

// digits reads at least one digit.
func (t at) digits(i int) int {
	first := i
	for i < len(t.b) && t.b[i] >= '0' && t.b[i] <= '9' {
		i++
	}
	if i == first {
		return broken
	}
	return i
}

// space returns where the white space at i ends.
func (t at) space(i int) int {
	for i < len(t.b) && (t.b[i] == ' ' || t.b[i] == '\n' || t.b[i] == '\t' || t.b[i] == '\r') {
		i++
	}
	return i
}

// textAt reads a value and returns the text at a path of names in it, such as owner and
// account; nil if there is none. Of several members of a name the last one counts.
func (t at) textAt(i int, path []string) (text []byte, end int) {
	switch {
	case len(path) == 0 && t.is(i, '"'):
		if end = t.text(i); end != broken {
			text = unquoted(t.b[i:end])
		}
	case len(path) == 0 || !t.is(i, '{'):
		end = t.value(i)
	default:
		end = t.object(i, func(quoted []byte, i int) (end int) {
			if string(unquoted(quoted)) != path[0] {
				return t.in().value(i)
			}
			text, end = t.in().textAt(i, path[1:])
			return end
		})
	}
	return text, end
}

// unquoted returns the text of a quoted one.
func unquoted(quoted []byte) []byte {
	plain := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(plain, '\\') < 0 && utf8.Valid(plain) {
		return plain
	}
	var text string
	_ = json.Unmarshal(quoted, &text) // valid, so it decodes
	return []byte(text)
}
