package airtable

import (
	"encoding/json"
	"slices"
	"strings"
)

// mergeIndex finds records by the values of merge fields.
type mergeIndex struct {
	fields  []*field
	records map[string][]*record
}

// index returns the index over some fields, and makes it at its first use.
func (t *table) index(fields []*field) *mergeIndex {
	at := slices.IndexFunc(t.indexes, func(i *mergeIndex) bool { return slices.Equal(i.fields, fields) })
	if at >= 0 {
		return t.indexes[at]
	}
	index := &mergeIndex{fields: fields, records: map[string][]*record{}}
	for _, r := range t.order {
		index.add(r)
	}
	t.indexes = append(t.indexes, index)
	return index
}

// key returns the key of some values.
func (i *mergeIndex) key(values map[string]any) string {
	var out strings.Builder
	for _, f := range i.fields {
		out.WriteString(mergeText(values[f.id]))
		out.WriteByte(0)
	}
	return out.String()
}

// mergeText is a value as a text that only equal values have.
func mergeText(value any) string {
	text, _ := json.Marshal(value) // values came as JSON
	return string(text)
}

func (i *mergeIndex) add(r *record) {
	key := i.key(r.values)
	i.records[key] = append(i.records[key], r)
}

func (i *mergeIndex) remove(r *record) {
	key := i.key(r.values)
	i.records[key] = slices.DeleteFunc(i.records[key], func(one *record) bool { return one == r })
	if len(i.records[key]) == 0 {
		delete(i.records, key)
	}
}
