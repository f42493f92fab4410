package airtable

import (
	"crypto/rand"
	"maps"
	"slices"
	"time"
)

// base is a base. The server's lock guards it and all below it.
type base struct {
	id, name string
	tables   []*table
}

// table is a table with its records in the order of their creation.
type table struct {
	id, name, description string
	fields                []*field // the first is the primary one
	views                 []View
	order                 []*record
	records               map[string]*record
	indexes               []*mergeIndex
	numbers               int // last one of autoNumber fields
}

// record is a row. Values are kept by the field's id; empty ones are absent.
type record struct {
	id                string
	number            int
	created, modified time.Time
	values            map[string]any
}

// newID returns an identifier of Airtable's form: a prefix and 14 letters and digits.
func newID(prefix string) string { return prefix + rand.Text()[:14] }

// table returns a table by its id or name, nil for none.
func (b *base) table(name string) *table {
	at := slices.IndexFunc(b.tables, func(t *table) bool { return t.id == name || t.name == name })
	if at < 0 {
		return nil
	}
	return b.tables[at]
}

// field returns a field by its id or name, nil for none.
func (t *table) field(name string) *field {
	at := slices.IndexFunc(t.fields, func(f *field) bool { return f.id == name || f.name == name })
	if at < 0 {
		return nil
	}
	return t.fields[at]
}

// view returns a view by its id or name, nil for none.
func (t *table) view(name string) *View {
	at := slices.IndexFunc(t.views, func(v View) bool { return v.ID == name || v.Name == name })
	if at < 0 {
		return nil
	}
	return &t.views[at]
}

// add makes a record.
func (t *table) add(now time.Time, values map[string]any) *record {
	t.numbers++
	r := &record{id: newID("rec"), number: t.numbers, created: now, modified: now, values: values}
	t.records[r.id] = r
	t.order = append(t.order, r)
	for _, index := range t.indexes {
		index.add(r)
	}
	return r
}

// set changes values of a record, or with replace all of them.
func (t *table) set(r *record, now time.Time, values map[string]any, replace bool) {
	for _, index := range t.indexes {
		index.remove(r)
	}
	if replace {
		r.values = map[string]any{}
	}
	before := maps.Clone(r.values)
	for id, value := range values {
		if value == nil {
			delete(r.values, id)
		} else {
			r.values[id] = value
		}
	}
	if replace || !maps.EqualFunc(before, r.values, func(a, b any) bool { return mergeText(a) == mergeText(b) }) {
		r.modified = now
	}
	for _, index := range t.indexes {
		index.add(r)
	}
}

// remove deletes a record.
func (t *table) remove(r *record) {
	for _, index := range t.indexes {
		index.remove(r)
	}
	delete(t.records, r.id)
	t.order = slices.DeleteFunc(t.order, func(one *record) bool { return one == r })
}

// value returns a record's value of a field, computed ones included; nil for empty.
func (r *record) value(f *field) any {
	switch f.kind {
	case "autoNumber":
		return float64(r.number)
	case "createdTime":
		return stamp(r.created)
	case "lastModifiedTime":
		return stamp(r.modified)
	}
	return r.values[f.id]
}

// stamp is a point of time as the API writes it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
