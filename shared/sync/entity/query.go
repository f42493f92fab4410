package entity

import "strings"

// Query is SQL text with named parameters, read once. The zero Query is empty.
type Query struct {
	// Text is the SQL with one ? for each parameter: equal queries have equal texts.
	Text  string
	parts []string // the text around the parameters: one more than names
	names []string // the parameters in order, without the colon
}

// newQuery joins a query's parts and the names of the parameters between them.
func newQuery(parts, names []string) Query {
	return Query{Text: strings.Join(parts, "?"), parts: parts, names: names}
}

// Empty reports a query that was never read.
func (q Query) Empty() bool { return len(q.parts) == 0 }

// Bind returns the text with a ? for every value and the values in order. A slice, such
// as :ids, becomes a list, and a value that is a slice itself a tuple of it.
func (q Query) Bind(values map[string][]any) (string, []any) {
	var text strings.Builder
	var args []any
	for i, name := range q.names {
		text.WriteString(q.parts[i])
		for j, v := range values[name] {
			if j > 0 {
				text.WriteByte(',')
			}
			tuple, ok := v.([]any)
			if !ok {
				text.WriteByte('?')
				args = append(args, v)
				continue
			}
			text.WriteString("(" + strings.TrimSuffix(strings.Repeat("?,", len(tuple)), ",") + ")")
			args = append(args, tuple...)
		}
	}
	text.WriteString(q.parts[len(q.parts)-1])
	return text.String(), args
}
