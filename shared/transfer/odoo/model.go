package odoo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// back returns the field that holds the id of the other side.
func back(model string) string {
	if model == protocolModel {
		return protocolForeign
	}
	return foreignField
}

// dated reports whether a model has the dates of the synchronisation.
func dated(kinds map[string]string) bool { return kinds[dateField] != "" }

// kindsOf returns the types of a model's fields by their names. They are asked for once.
func (s *Side) kindsOf(ctx context.Context, model string) (map[string]string, error) {
	s.mu.Lock()
	kinds := s.kinds[model]
	s.mu.Unlock()
	if kinds != nil {
		return kinds, nil
	}
	v, _, err := s.execute(ctx, &s.reads, model, "fields_get", []any{}, map[string]any{"attributes": []string{"type"}})
	if err != nil {
		return nil, err
	}
	fields, ok := v.(map[string]any)
	if !ok {
		return nil, odd("fields_get answered with a %T", v)
	}
	kinds = map[string]string{}
	for name, one := range fields {
		if m, ok := one.(map[string]any); ok {
			kinds[name], _ = m["type"].(string)
		}
	}
	var missing []string
	for _, name := range s.config.Fields[model] {
		if kinds[name] == "" {
			missing = append(missing, name)
		}
	}
	if slices.Sort(missing); len(missing) > 0 {
		return nil, fault.New(fault.Misconfigured, "odoo-fields", "the model %s of Odoo has no field %s", model, strings.Join(missing, ", "))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kinds[model] = kinds
	return kinds, nil
}

// wanted returns the names of the fields that are read.
func (s *Side) wanted(model string, kinds map[string]string) []string {
	list, ok := s.config.Fields[model]
	if !ok {
		for name, kind := range kinds {
			if kind != "binary" && kind != "one2many" {
				list = append(list, name)
			}
		}
	}
	list = slices.Clone(list)
	for _, name := range []string{back(model), dateField, versionField, changedField} {
		if kinds[name] != "" {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// record reads a record of an answer. The fields of the synchronisation are not among its
// fields.
func record(model string, kinds map[string]string, row any) (r transfer.Record, err error) {
	m, ok := row.(map[string]any)
	if !ok {
		return r, odd("a record is a %T", row)
	}
	if r.ID, ok = m["id"].(int64); !ok {
		return r, odd("the id of a record is a %T", m["id"])
	}
	fields := map[string]any{}
	for name, v := range m {
		if fields[name], err = inward(kinds[name], v); err != nil {
			return r, odd("%s %d: the field %s: %v", model, r.ID, name, err)
		}
	}
	if r.ForeignID, ok = transfer.ID(fields[back(model)]); !ok {
		return r, odd("%s %d: the field %s holds %v", model, r.ID, back(model), fields[back(model)])
	}
	for name, into := range map[string]**time.Time{dateField: &r.WriteDate, versionField: &r.SyncedVersion} {
		if t, ok := transfer.Time(fields[name]); ok {
			*into = &t
		} else if !transfer.Empty(fields[name]) {
			return r, fault.New(fault.Invalid, "odoo-date", "%s %d: the field %s holds %v, which is no time", model, r.ID, name, fields[name])
		}
	}
	r.ChangedAt, _ = transfer.Time(fields[changedField]) // an undated model has none
	maps.DeleteFunc(fields, func(name string, _ any) bool {
		return slices.Contains([]string{"id", back(model), dateField, versionField, changedField}, name)
	})
	r.Fields = fields
	return r, nil
}

// inward makes a value of Odoo one of transfers.
func inward(kind string, v any) (any, error) {
	if v == false && kind != "boolean" {
		if kind == "many2many" || kind == "one2many" {
			return []int64{}, nil
		}
		return nil, nil // Odoo's word for empty
	}
	switch kind {
	case "many2one":
		if pair, ok := v.([]any); ok && len(pair) == 2 {
			v = pair[0]
		}
		if _, ok := v.(int64); !ok {
			return nil, fmt.Errorf("%v refers to no record", v)
		}
	case "many2many", "one2many":
		ids, ok := transfer.IDs(v)
		if !ok {
			return nil, fmt.Errorf("%v is no list of ids", v)
		}
		return ids, nil
	case "datetime":
		t, ok := transfer.Time(v)
		if !ok {
			return nil, fmt.Errorf("%v is no time", v)
		}
		return t, nil
	}
	return v, nil
}

// outward makes a value of transfers one of Odoo.
func outward(kind string, v any) (any, error) {
	if kind == "many2many" {
		ids, ok := transfer.IDs(v)
		if !ok && !transfer.Empty(v) {
			return nil, fmt.Errorf("%v is no list of ids", v)
		}
		if ids == nil {
			ids = []int64{}
		}
		return []any{[]any{int64(6), false, ids}}, nil
	}
	if v == nil {
		return false, nil
	}
	switch kind {
	case "datetime", "date":
		return moment(kind, v)
	case "boolean":
		if n, ok := transfer.Number(v); ok {
			return n != int64(0), nil
		}
	case "many2one", "integer":
		if id, ok := transfer.ID(v); ok && kind == "many2one" && id == 0 {
			return false, nil
		} else if ok {
			return id, nil
		}
	case "char", "text", "html", "selection":
		if n, ok := transfer.Number(v); ok {
			return fmt.Sprint(n), nil
		}
	}
	return v, nil
}

// moment writes a time or a date.
func moment(kind string, v any) (any, error) {
	if v == "" {
		return false, nil
	}
	t, ok := transfer.Time(v)
	switch {
	case !ok:
		return nil, fmt.Errorf("%v is no time", v)
	case kind == "date":
		return t.Format(time.DateOnly), nil
	}
	return t, nil
}
