package filter

import (
	"fmt"
	"strings"
)

// A token is a piece of a filters text: one of ( ) : < > = ! , the operators
// made of them, or a word. quoted words are never keywords.
type token struct {
	text   string
	quoted bool
	col    int // byte offset in the text, from 0
}

// is reports whether the token is this keyword or sign.
func (t token) is(text string) bool { return !t.quoted && t.text == text }

// end reports whether the text is used up.
func (t token) end() bool { return !t.quoted && t.text == "" }

// String names the token in an error.
func (t token) String() string {
	if t.end() {
		return "end of text"
	}
	return fmt.Sprintf("%q", t.text)
}

func tokenize(text string) ([]token, error) {
	var tokens []token
	for pos := 0; pos < len(text); {
		switch text[pos] {
		case ' ', '\t', '\n', '\r':
			pos++
		case '"', '\'':
			word, n, err := unquote(text, pos)
			if err != nil {
				return nil, err
			}
			tokens = append(tokens, token{word, true, pos})
			pos += n
		default:
			n := tokenLen(text[pos:])
			tokens = append(tokens, token{text[pos : pos+n], false, pos})
			pos += n
		}
	}
	return append(tokens, token{col: len(text)}), nil
}

// unquote reads the quoted word at text[pos] and returns it with its length. A
// backslash keeps the next character as it is.
func unquote(text string, pos int) (string, int, error) {
	var word strings.Builder
	for i := pos + 1; i < len(text); i++ {
		switch {
		case text[i] == text[pos]:
			return word.String(), i + 1 - pos, nil
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		word.WriteByte(text[i])
	}
	return "", 0, fmt.Errorf("unterminated quote at col %d", pos)
}

const signs = "():<>=!"

func tokenLen(text string) int {
	for _, op := range []string{"<=", ">=", "!="} {
		if strings.HasPrefix(text, op) {
			return len(op)
		}
	}
	if strings.IndexByte(signs, text[0]) >= 0 {
		return 1
	}
	if n := strings.IndexAny(text, signs+" \t\n\r\"'"); n > 0 {
		return n
	}
	return len(text)
}
