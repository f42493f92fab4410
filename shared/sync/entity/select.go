package entity

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// refused are words outside of quotes and comments that lock rows, write or do more than
// read, with their effects.
var refused = map[string]string{
	"INTO":      "write to a file or a variable",
	"UPDATE":    "lock rows or write",
	"LOCK":      "lock rows",
	"SHARE":     "lock rows",
	"PROCEDURE": "run a procedure",
	"INSERT":    "write", "DELETE": "write", "CALL": "run a procedure",
	"SLEEP": "hold a connection", "BENCHMARK": "hold a connection", "GET_LOCK": "hold a lock", "LOAD_FILE": "read a file",
	"NEXTVAL": "write a sequence", "SETVAL": "write a sequence",
}

// functions are the words of refused that are harmless as a column's name: they count
// before a parenthesis only. INSERT is also a function of texts.
var functions = []string{"SLEEP", "BENCHMARK", "GET_LOCK", "LOAD_FILE", "NEXTVAL", "SETVAL"}

// plainSelect accepts one SELECT, or one WITH ... SELECT, that only reads. A word behind
// a point or in backquotes is a column's name.
func plainSelect(text string) error {
	words := wordsOf(text)
	if len(words) == 0 || words[0].text != "SELECT" && words[0].text != "WITH" && words[0].text != "(" {
		return fmt.Errorf("the statement is no SELECT: a definition's file holds one SELECT, or one WITH ... SELECT")
	}
	selects := false
	for i, w := range words {
		follows := i+1 < len(words) && words[i+1].text == "("
		selects = selects || w.text == "SELECT"
		does, bad := refused[w.text]
		switch {
		case w.text == ":=" || w.text == "@" || w.text == `\`:
			return fmt.Errorf("line %d: a definition's file takes no variables and no backslash outside of quotes", w.line)
		case !bad, w.text == "INSERT" && follows, slices.Contains(functions, w.text) && !follows:
		case w.text == "SHARE" && (i == 0 || words[i-1].text != "FOR"):
		default:
			return fmt.Errorf("line %d: %s would %s: a definition's file holds one plain SELECT (a column of that name stands in backquotes)", w.line, w.text, does)
		}
	}
	if !selects {
		return fmt.Errorf("the statement is no SELECT: a definition's file holds one SELECT, or one WITH ... SELECT")
	}
	return nil
}

// sqlWord is a word outside of quotes and comments, in capitals, or one of the
// signs ( @ := and backslash.
type sqlWord struct {
	text string
	line int
}

// number is the form that a server reads as a number before an adjacent word: 1.5INTO is
// a number and INTO.
var number = regexp.MustCompile(`^[0-9]*(?:[eE][0-9]+)?`)

// wordsOf returns the words of a text that ParseQuery has read.
func wordsOf(text string) []sqlWord {
	var words []sqlWord
	name, point := -1, -1 // the ends of a name, and of a point right behind one
	for i := 0; i < len(text); {
		n, kind := token(text[i:])
		if n == 0 {
			return words
		}
		line := 1 + strings.Count(text[:i], "\n")
		c := text[i]
		switch {
		case kind == "quote" && c == '`':
			name = i + n
		case kind != "text":
		case isWord(c):
			for i+n < len(text) && isWord(text[i+n]) {
				n++
			}
			if i == point { // a column's name, whatever it is called
				name = i + n
				break
			}
			word := text[i : i+n]
			if i > 0 && text[i-1] == '.' || c >= '0' && c <= '9' {
				word = word[len(number.FindString(word)):]
			} else {
				name = i + n
			}
			if word != "" {
				words = append(words, sqlWord{strings.ToUpper(word), line})
			}
		case c == '.' && i == name:
			point = i + 1
		case strings.HasPrefix(text[i:], ":="):
			words = append(words, sqlWord{":=", line})
		case c == '(' || c == '@' || c == '\\':
			words = append(words, sqlWord{string(c), line})
		}
		i += n
	}
	return words
}

// isWord reports whether c may occur in a word of SQL.
func isWord(c byte) bool { return isName(c) || c == '$' || c >= 0x80 }
