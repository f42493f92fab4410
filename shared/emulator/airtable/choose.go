package airtable

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/airtable/internal/formula"
)

// Sort orders records by a field.
type Sort struct {
	Field     string `json:"field"`
	Direction string `json:"direction,omitempty"` // asc, the default, or desc
}

// View is a saved filter and order of a table.
type View struct {
	ID              string   `json:"id,omitempty"`
	Name            string   `json:"name"`
	FilterByFormula string   `json:"filterByFormula,omitempty"`
	Sort            []Sort   `json:"sort,omitempty"`
	Group           string   `json:"group,omitempty"`  // a field: the page shows the records in groups
	Fields          []string `json:"fields,omitempty"` // those that the page shows; none: all
}

// choose returns the records of a list in their order.
func (t *table) choose(q query) ([]*record, error) {
	records, order := slices.Clone(t.order), q.Sort
	if q.View != "" {
		view := t.view(q.View)
		if view == nil {
			return nil, unprocessable("VIEW_NAME_NOT_FOUND", "View %q not found", q.View)
		}
		var err error
		if records, err = t.filter(records, view.FilterByFormula); err != nil {
			return nil, err
		}
		if len(order) == 0 {
			order = view.Sort
		}
	}
	records, err := t.filter(records, q.FilterByFormula)
	if err == nil {
		err = t.sort(records, order)
	}
	if q.MaxRecords > 0 && len(records) > q.MaxRecords {
		records = records[:q.MaxRecords]
	}
	return records, err
}

// filter keeps the records for which a formula holds.
func (t *table) filter(records []*record, text string) ([]*record, error) {
	if text == "" {
		return records, nil
	}
	wrong := func(err string) error {
		return unprocessable("INVALID_FILTER_BY_FORMULA", "The formula for filtering records is invalid: %s", err)
	}
	f, err := formula.Parse(text)
	if err != nil {
		return nil, wrong(err.Error())
	}
	for _, name := range f.Fields() {
		if t.field(name) == nil {
			return nil, wrong("Unknown field names: " + strings.ToLower(name))
		}
	}
	var kept []*record
	for _, r := range records {
		holds, err := f.Holds(formulaRow{t, r})
		if err != nil {
			return nil, wrong(err.Error())
		}
		if holds {
			kept = append(kept, r)
		}
	}
	return kept, nil
}

// formulaRow is a record as a formula reads it.
type formulaRow struct {
	table  *table
	record *record
}

func (r formulaRow) Field(name string) any { return r.record.value(r.table.field(name)) }
func (r formulaRow) ID() string            { return r.record.id }
func (r formulaRow) Created() time.Time    { return r.record.created }
func (r formulaRow) Modified() time.Time   { return r.record.modified }

// sort orders records by some fields; those that are equal keep their order. Empty
// values come first, and choices are ordered as the field lists them.
func (t *table) sort(records []*record, order []Sort) error {
	for _, s := range order {
		if t.field(s.Field) == nil {
			return unprocessable("UNKNOWN_FIELD_NAME", "Unknown field name: %q", s.Field)
		}
		if s.Direction != "" && s.Direction != "asc" && s.Direction != "desc" {
			return badRequest("sort direction %q is not asc or desc", s.Direction)
		}
	}
	slices.SortStableFunc(records, func(a, b *record) int {
		for _, s := range order {
			f := t.field(s.Field)
			n := f.compare(a.value(f), b.value(f))
			if s.Direction == "desc" {
				n = -n
			}
			if n != 0 {
				return n
			}
		}
		return 0
	})
	return nil
}

// compare orders two values of a field.
func (f *field) compare(a, b any) int {
	if a == nil || b == nil {
		return cmp.Compare(rank(a), rank(b))
	}
	switch x := a.(type) {
	case float64:
		return cmp.Compare(x, b.(float64))
	case bool:
		return 0 // unchecked boxes are empty
	case []string:
		return cmp.Compare(strings.ToLower(strings.Join(x, ",")), strings.ToLower(strings.Join(b.([]string), ",")))
	case string:
		if f.kind == "singleSelect" {
			at := func(name string) int {
				return slices.IndexFunc(f.choices, func(c choice) bool { return c.Name == name })
			}
			return cmp.Compare(at(x), at(b.(string)))
		}
		return cmp.Compare(strings.ToLower(x), strings.ToLower(b.(string)))
	}
	return 0
}

// rank puts empty values first.
func rank(value any) int {
	if value == nil {
		return 0
	}
	return 1
}
