package search

import (
	"strings"
)

// token is a piece of a filter's text: a sign, an operator or a word. A quoted
// word is never a keyword.
type token struct {
	text   string
	quoted bool
	at     int // byte offset
}

// is reports whether the token is this keyword or sign.
func (t token) is(text string) bool { return !t.quoted && t.text == text }

// end reports whether the text is used up.
func (t token) end() bool { return !t.quoted && t.text == "" }

// word reports whether the token can be a field or a value.
func (t token) word() bool {
	return t.quoted || t.text != "" && !strings.Contains(signs, t.text[:1]) && !t.is("AND") && !t.is("OR") && !t.is("NOT")
}

// signs begin an operator or stand alone.
const signs = "():<>=!"

// tokenize splits a filter's text.
func tokenize(param, text string) ([]token, error) {
	var out []token
	for pos := 0; pos < len(text); {
		switch b := text[pos]; b {
		case ' ', '\t', '\n', '\r':
			pos++
		case '"', '\'':
			word, size := unquote(text[pos:])
			if size == 0 {
				return nil, invalid(param, "the quote at position %d is never closed", pos)
			}
			out = append(out, token{text: word, quoted: true, at: pos})
			pos += size
		default:
			size := wordLength(text[pos:])
			out = append(out, token{text: text[pos : pos+size], at: pos})
			pos += size
		}
	}
	return append(out, token{at: len(text)}), nil
}

// unquote reads the quoted word that text begins with and returns how many
// bytes it takes, 0 if it has no end. A backslash keeps the byte behind it.
func unquote(text string) (string, int) {
	var word strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == text[0]:
			return word.String(), i + 1
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		word.WriteByte(text[i])
	}
	return "", 0
}

// wordLength returns the length of the operator, sign or word that text begins with.
func wordLength(text string) int {
	if len(text) > 1 && text[1] == '=' && strings.IndexByte("<>!", text[0]) >= 0 {
		return 2
	}
	if strings.IndexByte(signs, text[0]) >= 0 {
		return 1
	}
	if n := strings.IndexAny(text, signs+" \t\n\r\"'"); n > 0 {
		return n
	}
	return len(text)
}
