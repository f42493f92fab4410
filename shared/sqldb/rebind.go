package sqldb

import (
	"strconv"
	"strings"
)

// Dialect is how a database writes the placeholders of a statement.
type Dialect string

// The dialects, named by what stands before a placeholder's number.
const (
	MySQL      Dialect = "?"  // ?, without a number
	PostgreSQL Dialect = "$"  // $1
	SQLServer  Dialect = "@p" // @p1
)

// Rebind returns a statement with its placeholders ? in the form of a dialect,
// numbered from 1. Strings, quoted names and comments stay as they are; names in
// brackets are SQL Server's alone. A closing quote is written twice inside, as
// standard SQL has it, and a backslash is a character. A part without an end reaches
// to the end of the statement.
func Rebind(d Dialect, query string) string {
	if d == MySQL {
		return query
	}
	var out strings.Builder
	for number := 1; query != ""; {
		n := opaque(d, query)
		switch {
		case n > 0:
			out.WriteString(query[:n])
		case query[0] == '?':
			n = 1
			out.WriteString(string(d) + strconv.Itoa(number))
			number++
		default: // up to the next character that may mean something
			if n = 1 + strings.IndexAny(query[1:], marks); n == 0 {
				n = len(query)
			}
			out.WriteString(query[:n])
		}
		query = query[n:]
	}
	return out.String()
}

// marks are the placeholder and the first characters of parts.
const marks = "?'\"`-/["

// parts are the beginnings and ends of what holds no placeholders.
var parts = []struct{ begin, end string }{{"'", "'"}, {`"`, `"`}, {"`", "`"}, {"--", "\n"}, {"/*", "*/"}, {"[", "]"}}

// opaque returns the length of the string, quoted name or comment that a text begins
// with, 0 for none. Between two equal quotes a doubled one ends one part and begins
// the next; a doubled bracket is skipped.
func opaque(d Dialect, text string) int {
	for _, p := range parts {
		if !strings.HasPrefix(text, p.begin) || p.begin == "[" && d != SQLServer {
			continue
		}
		for n := len(p.begin); ; n += len("]]") {
			at := strings.Index(text[n:], p.end)
			if at < 0 {
				return len(text)
			}
			n += at
			if p.begin != "[" || !strings.HasPrefix(text[n:], "]]") {
				return n + len(p.end)
			}
		}
	}
	return 0
}
