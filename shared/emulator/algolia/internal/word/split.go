// Package word turns text into the words an index compares: folded to lower
// case without accents, split at everything that is neither letter nor digit,
// and measured against each other by the number of typing mistakes between
// them.
package word

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxLen is the length in bytes after which a word is cut. Longer words (hashes,
// encoded blobs) stay searchable by their beginning.
const MaxLen = 64

// Span is one word of a text: the folded word and the byte range of the
// original text it came from.
type Span struct {
	Word       []byte
	Start, End int
}

// Split calls fn with every word of text, in order. keep names further
// characters that belong to words (the setting separatorsToIndex). The span's
// Word is valid only during the call.
func Split(text []byte, keep string, fn func(Span)) {
	var buffer [MaxLen + 8]byte
	word, start := buffer[:0], -1
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text[i:])
		}
		if isWord(r, keep) {
			if start < 0 {
				start = i
			}
			if len(word) < MaxLen {
				word = appendFolded(word, r)
			}
		} else if start >= 0 {
			fn(Span{word, start, i})
			word, start = word[:0], -1
		}
		i += size
	}
	if start >= 0 {
		fn(Span{word, start, len(text)})
	}
}

// Words returns the folded words of text as strings.
func Words(text, keep string) []string {
	var out []string
	Split([]byte(text), keep, func(s Span) { out = append(out, string(s.Word)) })
	return out
}

// Fold returns text in lower case without accents, separators untouched.
func Fold(text string) string {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		out = appendFolded(out, r)
	}
	return string(out)
}

// HasDigit reports whether a word holds a digit; such words may be exempt from
// typing mistakes (the setting allowTyposOnNumericTokens).
func HasDigit(word string) bool {
	for i := range len(word) {
		if word[i] >= '0' && word[i] <= '9' {
			return true
		}
	}
	return false
}

func isWord(r rune, keep string) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r >= 'A' && r <= 'Z':
		return true
	case r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)):
		return true
	}
	if keep == "" {
		return false
	}
	for _, k := range keep {
		if k == r {
			return true
		}
	}
	return false
}

func appendFolded(dst []byte, r rune) []byte {
	switch {
	case r >= 'A' && r <= 'Z':
		return append(dst, byte(r)+'a'-'A')
	case r < utf8.RuneSelf:
		return append(dst, byte(r))
	}
	for _, d := range norm.NFKD.String(string(r)) {
		if !unicode.IsMark(d) {
			dst = utf8.AppendRune(dst, unicode.ToLower(d))
		}
	}
	return dst
}
