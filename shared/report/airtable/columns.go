package airtable

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
)

// computed are the types of fields that cannot be written.
var computed = []string{
	"formula", "rollup", "count", "multipleLookupValues", "autoNumber", "createdTime", "lastModifiedTime",
	"createdBy", "lastModifiedBy", "button", "externalSyncSource", "aiText",
}

// known returns the table, nil where the base has none.
func (s *Sink) known(ctx context.Context) (*Table, error) {
	s.mu.Lock()
	have := s.table
	s.mu.Unlock()
	if have != nil {
		return have, nil
	}
	tables, err := s.Client.Tables(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range tables {
		if t.Name == s.Table || t.ID == s.Table {
			s.remember(&t)
			return &t, nil
		}
	}
	return nil, nil
}

// remember keeps the table.
func (s *Sink) remember(t *Table) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.table = t
}

// prepare returns the table with the fields that rows need. With Make it makes what is
// missing; else a field of the rows that the table lacks is left out.
func (s *Sink) prepare(ctx context.Context, rows []report.Row) (*Table, error) {
	t, err := s.known(ctx)
	if err != nil {
		return nil, err
	}
	wanted := needed()
	if s.Make {
		wanted = append(wanted, guess(rows)...)
	}
	if t == nil && s.Make {
		made, err := s.Client.CreateTable(ctx, s.Table, "Rows of a report, written by Return-sync", wanted...)
		if err != nil {
			return nil, err
		}
		s.remember(&made)
		return &made, nil
	}
	if t == nil {
		return nil, s.noTable()
	}
	fresh := *t
	fresh.Fields = slices.Clone(t.Fields)
	for _, f := range wanted {
		if _, have := fresh.Field(f.Name); have {
			continue
		}
		if !s.Make {
			return nil, t.noField(f)
		}
		made, err := s.Client.CreateField(ctx, t.ID, f)
		if err != nil {
			return nil, err
		}
		fresh.Fields = append(fresh.Fields, made)
	}
	s.remember(&fresh)
	return &fresh, nil
}

// needed are the fields of ours that a table must have.
func needed() []Field { return []Field{Text(keyField), Text(documentField), DateTime(timeField)} }

// noTable says that the base lacks the table.
func (s *Sink) noTable() error {
	return fault.New(fault.Misconfigured, "airtable-table", "the base has no table %s: make it with the text fields %s and %s and the date field %s with times", s.Table, keyField, documentField, timeField)
}

// noField says that the table lacks a field.
func (t Table) noField(f Field) error {
	return fault.New(fault.Misconfigured, "airtable-field", "table %s has no field %s: make it, of the type %s", t.Name, f.Name, f.Type)
}

// Examine demands that the token reads the base, and that the table has our fields unless
// Make makes them. It changes nothing.
func (s *Sink) Examine(ctx context.Context) (warning string, err error) {
	tables, err := s.Client.Tables(ctx)
	if err != nil || s.Make {
		return "", err
	}
	for _, t := range tables {
		if t.Name != s.Table && t.ID != s.Table {
			continue
		}
		for _, f := range needed() {
			if have, ok := t.Field(f.Name); !ok || slices.Contains(computed, have.Type) {
				return "", t.noField(f)
			}
		}
		return "", nil
	}
	return "", s.noTable()
}

// guess returns the fields that rows need, by the first value of each.
func guess(rows []report.Row) []Field {
	found := map[string]Field{}
	for _, row := range rows {
		for name, value := range row.Fields {
			if _, have := found[name]; have || value == nil || ours(name) {
				continue
			}
			switch v := value.(type) {
			case json.Number:
				found[name] = Number(name, 8)
			case bool:
				found[name] = Checkbox(name)
			case string:
				if strings.TrimSpace(v) != "" {
					found[name] = Text(name)
				}
			default:
				found[name] = LongText(name)
			}
		}
	}
	var list []Field
	for _, name := range slices.Sorted(maps.Keys(found)) {
		list = append(list, found[name])
	}
	return list
}

// ours reports whether a field belongs to this package and not to the rows.
func ours(name string) bool { return name == documentField || name == keyField || name == timeField }

// columnsOf returns the table's fields that rows have, in the order of their names.
func columnsOf(t *Table, rows []report.Row) []Field {
	names := map[string]bool{}
	for _, row := range rows {
		for name := range row.Fields {
			names[name] = true
		}
	}
	var list []Field
	for _, f := range t.Fields {
		if names[f.Name] && !ours(f.Name) && !slices.Contains(computed, f.Type) {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// selects reports whether a field is a select, whose new choices Airtable adds only on
// request.
func selects(columns []Field) bool {
	return slices.ContainsFunc(columns, func(f Field) bool { return f.Type == "singleSelect" || f.Type == "multipleSelects" })
}

// fieldsOf returns a row's values as the columns take them, or why one does not fit.
func fieldsOf(columns []Field, row report.Row) (fields map[string]any, reason string) {
	fields = make(map[string]any, len(columns)+len(merge)+1)
	for _, f := range columns {
		value, ok := f.value(row.Fields[f.Name])
		if !ok {
			return nil, fmt.Sprintf("the value of %s does not fit a field of the type %s", f.Name, f.Type)
		}
		fields[f.Name] = value
	}
	return fields, ""
}

// value returns a value as the field takes it; false if it does not fit. Empty values
// are nil, which clears a cell.
func (f Field) value(value any) (any, bool) {
	if value == nil || value == "" {
		return nil, true
	}
	switch f.Type {
	case "number", "percent", "currency", "rating", "duration":
		n, err := strconv.ParseFloat(strings.TrimSpace(plainText(value)), 64)
		return n, err == nil
	case "checkbox":
		switch strings.ToLower(strings.TrimSpace(plainText(value))) {
		case "true", "1", "yes":
			return true, true
		case "false", "0", "no":
			return nil, true
		}
		return nil, false
	case "date", "dateTime":
		at, err := parseTime(plainText(value))
		if err != nil {
			return nil, false
		}
		if f.Type == "date" {
			return at.Format(time.DateOnly), true
		}
		return stampText(at), true
	case "multipleSelects":
		if list, ok := value.([]any); ok {
			return list, true
		}
		return []any{plainText(value)}, true
	}
	return plainText(value), true
}

// plainText is a value as a text.
func plainText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	text, _ := json.Marshal(value) // rows came as JSON
	return string(text)
}

// parseTime reads a date or a point of time.
func parseTime(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly, "2006-01-02 15:04:05"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, strconv.ErrSyntax
}

// sumOf returns a hash of the columns' values, the same for what is sent and for what
// Airtable answers.
func sumOf(columns []Field, fields map[string]any) uint64 {
	hash := xxhash.New()
	for _, f := range columns {
		text := ""
		if value, ok := f.value(settled(fields[f.Name])); ok && value != nil {
			text = plainText(value)
		}
		_, _ = hash.WriteString(f.Name + "\x00" + text + "\x00")
	}
	return hash.Sum64()
}

// settled returns a value that a row never has, such as a float64, as one that it has.
func settled(value any) any {
	if n, ok := value.(float64); ok {
		return json.Number(strconv.FormatFloat(n, 'g', -1, 64))
	}
	return value
}
