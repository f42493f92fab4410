package entity

import (
	"fmt"
	"slices"
	"strings"
)

// ParseQuery reads SQL text. A parameter is a colon and a name outside of quotes and
// comments; only the allowed names may occur, and each must occur at least once.
// Comments are dropped: they are for readers of the file.
func ParseQuery(text string, allowed ...string) (Query, error) {
	var parts, names []string
	var part strings.Builder
	for i := 0; i < len(text); {
		n, kind := token(text[i:])
		if n == 0 {
			return Query{}, fmt.Errorf("line %d: the %s does not end", 1+strings.Count(text[:i], "\n"), kind)
		}
		word := text[i : i+n]
		i += n
		switch kind {
		case "comment":
			part.WriteByte(' ')
		case "parameter":
			if !slices.Contains(allowed, word[1:]) {
				return Query{}, fmt.Errorf("line %d: unknown parameter %s: %s", 1+strings.Count(text[:i], "\n"), word, allowedWords(allowed))
			}
			parts = append(parts, part.String())
			names = append(names, word[1:])
			part.Reset()
		default:
			// A semicolon within quotes is a value; behind the statement it may be left out.
			if word == ";" && strings.Trim(withoutComments(text[i:]), " \t\r\n;") != "" {
				return Query{}, fmt.Errorf("line %d: more than one statement: a definition's file holds a single SELECT", 1+strings.Count(text[:i], "\n"))
			}
			part.WriteString(word)
		}
	}
	parts = append(parts, strings.TrimRight(part.String(), " \t\r\n;"))
	if err := plainSelect(text); err != nil {
		return Query{}, err
	}
	for _, name := range allowed {
		if !slices.Contains(names, name) {
			return Query{}, fmt.Errorf("parameter :%s is missing", name)
		}
	}
	return newQuery(parts, names), nil
}

// allowedWords says which parameters a file takes.
func allowedWords(allowed []string) string {
	if len(allowed) == 0 {
		return "this file takes none"
	}
	return "allowed are :" + strings.Join(allowed, ", :")
}

// withoutComments returns a text without its comments, as far as it can be read.
func withoutComments(text string) string {
	var rest strings.Builder
	for i := 0; i < len(text); {
		n, kind := token(text[i:])
		if n == 0 {
			return rest.String() + text[i:]
		}
		if kind != "comment" {
			rest.WriteString(text[i : i+n])
		}
		i += n
	}
	return rest.String()
}

// token returns the length and the kind of the beginning of s; length 0 is a quote or
// comment without an end.
func token(s string) (int, string) {
	switch {
	case strings.HasPrefix(s, "/*"):
		if end := strings.Index(s[2:], "*/"); end >= 0 {
			return end + 4, "comment"
		}
		return 0, "comment"
	case strings.HasPrefix(s, "--") && (len(s) == 2 || s[2] <= ' '), s[0] == '#':
		if end := strings.IndexByte(s, '\n'); end >= 0 {
			return end, "comment"
		}
		return len(s), "comment"
	case s[0] == '\'' || s[0] == '"' || s[0] == '`':
		return quoted(s), "quote"
	case s[0] == ':' && len(s) > 1 && isName(s[1]):
		n := 2
		for n < len(s) && isName(s[n]) {
			n++
		}
		return n, "parameter"
	default:
		return 1, "text"
	}
}

// quoted returns the length of the quoted text at the beginning of s, 0 without an end.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && s[0] != '`':
			i++
		case s[i] == s[0]:
			return i + 1
		}
	}
	return 0
}

// isName reports whether c may occur in a parameter's name.
func isName(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
