package binlog

import (
	"slices"
	"strings"

	"github.com/go-mysql-org/go-mysql/replication"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/follow"
)

// query returns what a statement in the log says: the end of a transaction, or that rows
// changed without being logged.
func (r *reader) query(e *replication.BinlogEvent, q *replication.QueryEvent) (follow.Event, bool) {
	kind, words := parseStatement(string(q.Query))
	switch kind {
	case nothing:
		return follow.Event{}, false
	case begins:
		r.inside = true
		return follow.Event{}, false
	case harmlessly:
		if r.inside {
			return follow.Event{}, false
		}
		return r.ended(e, follow.Event{}), true
	case ends:
		return r.ended(e, follow.Event{}), true
	case endsElsewhere:
		return r.ended(e, r.gap("a distributed transaction (XA) was committed after its rows were logged", func(*table) bool { return true })), true
	}
	schema := strings.ToLower(string(q.Schema))
	said := r.gap("a statement was logged that may alter the table or change its rows: "+firstWords(words), func(t *table) bool {
		if kind == dropsSchema {
			return contains(words, t.schema)
		}
		return contains(words, t.name) && (schema == t.schema || contains(words, t.schema) || schema == "")
	})
	r.altered = r.altered || len(said.Gaps) > 0 && !slices.Contains(changingRows, words[0])
	if r.inside { // a statement in a transaction, as in the formats STATEMENT and MIXED
		return said, true
	}
	return r.ended(e, said), true
}

// statement is a kind of statement.
type statement uint8

const (
	other statement = iota // may alter tables or change rows
	nothing
	begins        // a transaction
	harmlessly    // changes neither tables nor rows
	ends          // a transaction, and changes nothing itself
	endsElsewhere // a transaction whose rows were logged before
	dropsSchema
)

// changingRows are the first words of statements that change rows and no columns.
var changingRows = []string{"insert", "update", "delete", "replace", "truncate"}

// harmless are the first words of statements that change neither tables nor rows.
var harmless = []string{"analyze", "optimize", "check", "repair", "grant", "revoke", "flush", "savepoint", "release", "set"}

// parseStatement returns the kind of a statement and its words in small letters, behind the
// comments before it. Other comments count as text: a name in one is a mention too many, and
// none is missed. MariaDB writes a comment alone in the place of an event that is not for
// replicas.
func parseStatement(text string) (statement, []string) {
	words := wordsOf(behindComments(text))
	if len(words) == 0 {
		return nothing, nil
	}
	second := ""
	if len(words) > 1 {
		second = words[1]
	}
	switch first := words[0]; {
	case first == "begin" || first == "start" || first == "xa" && (second == "start" || second == "begin"):
		return begins, words
	case first == "commit" || first == "rollback":
		if second == "to" {
			return nothing, words
		}
		return ends, words
	case first == "xa" && second == "commit":
		return endsElsewhere, words
	case first == "xa" && second == "rollback":
		return ends, words
	case first == "xa": // the end of its rows; another event ends its part of the log
		return nothing, words
	case first == "drop" && (second == "database" || second == "schema"):
		return dropsSchema, words
	case slices.Contains(harmless, first):
		return harmlessly, words
	}
	return other, words
}

// behindComments returns a statement without the comments before it. Those that the server
// runs stay, without their marks.
func behindComments(text string) string {
	for {
		text = strings.TrimSpace(text)
		var end int
		switch {
		case strings.HasPrefix(text, "/*!"), strings.HasPrefix(text, "/*M!"):
			return strings.TrimLeft(text, "/*M!0123456789")
		case strings.HasPrefix(text, "/*"):
			if end = strings.Index(text, "*/"); end < 0 {
				return text
			}
			end += len("*/")
		case strings.HasPrefix(text, "--"), strings.HasPrefix(text, "#"):
			if end = strings.IndexByte(text, '\n'); end < 0 {
				end = len(text)
			}
		default:
			return text
		}
		text = text[end:]
	}
}

// wordsOf returns the words of a statement in small letters: letters, digits, _ and $, and
// everything beyond ASCII. Quotes are no part of a word, so a quoted name is one too.
func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(c rune) bool {
		return c != '_' && c != '$' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && c < 0x80
	})
}

// contains reports whether a name stands among words. A name of several words, such as one
// with a hyphen, stands there if all of its words do.
func contains(words []string, name string) bool {
	for _, part := range wordsOf(name) {
		if !slices.Contains(words, part) {
			return false
		}
	}
	return name != ""
}

// firstWords returns the verb of a statement and the kind of thing that the statement
// changes, for messages; no values.
func firstWords(words []string) string {
	return strings.ToUpper(strings.Join(words[:min(len(words), 2)], " "))
}
