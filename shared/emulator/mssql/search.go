package mssql

import (
	"bytes"
	"regexp"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/rows"
)

// conditions stands for the conditions of a search in the table of statements. A text has
// there, for some columns in the table's order, that they have the value of the argument
// of their name, or none.
const conditions = "<conditions>"

// condition is one condition of a search.
var condition = regexp.MustCompile(`^ AND (?:\[([^\]]+)\] = @([^\s@]+)|\[([^\]]+)\] IS NULL|\(\[([^\]]+)\] IS NULL OR \[([^\]]+)\] = N''\))`)

// searching finds the statement of a search by the text without its conditions, nil for
// none. Each condition is about a column of the table, and none about one twice.
func (s *Server) searching(text string) *statement {
	const mark = "] > @after"
	at := strings.Index(text, mark)
	end := strings.LastIndex(text, " ORDER BY [")
	if at < 0 || end < at+len(mark) {
		return nil
	}
	at += len(mark)
	st := s.statements[text[:at]+conditions+text[end:]]
	if st == nil {
		return nil
	}
	t := s.table(strings.TrimSuffix(st.name, " search"))
	wants, empty := map[string]string{}, map[string]bool{}
	for rest := text[at:end]; rest != ""; {
		m := condition.FindStringSubmatch(rest)
		if m == nil {
			return nil
		}
		column := m[1] + m[3] + m[4]
		_, known := s.db.Table(t.Name).Column(column)
		if _, twice := wants[column]; !known || twice || empty[column] || m[1] != m[2] || m[4] != m[5] {
			return nil
		}
		if m[1] != "" {
			wants[column] = "@" + column
		} else {
			empty[column] = true
		}
		rest = rest[len(m[0]):]
	}
	return &statement{name: st.name, do: func(x *run) (set, error) { return t.found(x, wants, empty) }}
}

// search is the meaning of a search without conditions.
func (t *Table) search(x *run) (set, error) { return t.found(x, nil, nil) }

// found returns the rows of a search.
func (t *Table) found(x *run, wants map[string]string, empty map[string]bool) (set, error) {
	equal := rows.Row{}
	for column, arg := range wants {
		v, err := x.value(t.Name, column, arg)
		if err != nil {
			return set{}, err
		}
		equal[column] = v
	}
	list, err := x.tx.After(x, t.Name, x.id("@after"), int(x.id("@most")), equal, func(row rows.Row) bool {
		for column, v := range equal {
			if !same(row[column], v) {
				return false
			}
		}
		for column := range empty {
			if row[column] != nil && row[column] != "" {
				return false
			}
		}
		return true
	})
	return x.records(t, list), err
}

// same compares as the collation does: texts without regard to the case of letters and to
// spaces at the end. NULL is equal to nothing.
func same(a, b any) bool {
	switch x := a.(type) {
	case nil:
		return false
	case string:
		y, ok := b.(string)
		return ok && strings.EqualFold(strings.TrimRight(x, " "), strings.TrimRight(y, " "))
	case time.Time:
		y, ok := b.(time.Time)
		return ok && x.Equal(y)
	case []byte:
		y, ok := b.([]byte)
		return ok && bytes.Equal(x, y)
	}
	return a == b
}
