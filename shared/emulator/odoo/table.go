package odoo

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// The forms of times.
const (
	secondsForm = "2006-01-02 15:04:05"
	exactForm   = "2006-01-02T15:04:05.000000Z"
)

// table is a model with its records. An empty field is nil.
type table struct {
	Model
	fields map[string]Field
	rows   map[int64]map[string]any
	last   int64
}

// newTable returns a model without records.
func newTable(m Model, first int64) *table {
	t := &table{Model: m, fields: map[string]Field{}, rows: map[int64]map[string]any{}, last: first}
	own := []Field{{Name: "create_date", Kind: DateTime}, {Name: "write_date", Kind: DateTime}}
	if !m.Plain {
		own = append(own, Field{Name: "sosync_fs_id", Kind: Integer}, Field{Name: "sosync_write_date", Kind: Char}, Field{Name: "sosync_synced_version", Kind: Char})
	}
	for _, f := range append(own, m.Fields...) {
		t.fields[f.Name] = f
	}
	return t
}

// tracked reports whether an edit of a field posts a transfer job.
func (t *table) tracked(name string) bool {
	return slices.ContainsFunc(t.Fields, func(f Field) bool { return f.Name == name }) && !t.Plain
}

// ids returns all ids in order.
func (t *table) ids() []int64 { return slices.Sorted(maps.Keys(t.rows)) }

// name returns the name by which other records show this one.
func (t *table) name(id int64) string {
	for _, field := range []string{"name", "email", "gruppe_lang", "verzeichnisname", "reference"} {
		if s, ok := t.rows[id][field].(string); ok {
			return s
		}
	}
	return fmt.Sprintf("%s,%d", t.Name, id)
}

// forms check values of the types that refer to no record.
var forms = map[Kind]func(f Field, v any) (any, bool){
	Char: text, Text: text,
	Integer: func(_ Field, v any) (any, bool) { n, ok := v.(int64); return n, ok },
	Float: func(_ Field, v any) (any, bool) {
		if n, ok := v.(int64); ok {
			return float64(n), true
		}
		n, ok := v.(float64)
		return n, ok
	},
	Boolean:   func(_ Field, v any) (any, bool) { b, ok := v.(bool); return b, ok },
	Selection: func(f Field, v any) (any, bool) { s, ok := v.(string); return s, ok && slices.Contains(f.Options, s) },
	Date:      moment(time.DateOnly), DateTime: moment(secondsForm),
}

// text accepts a text.
func text(_ Field, v any) (any, bool) {
	s, ok := v.(string)
	return s, ok
}

// moment accepts a time in a form.
func moment(layout string) func(Field, any) (any, bool) {
	return func(_ Field, v any) (any, bool) {
		s, _ := v.(string)
		_, err := time.Parse(layout, s)
		return s, err == nil
	}
}

// accept checks a value for a field and returns it as it is kept.
func (s *Server) accept(t *table, f Field, old, v any) (any, error) {
	if v == false || v == nil {
		if f.Required {
			return nil, warn("The field %s of %s is required.", f.Name, t.Name)
		}
		if f.Kind == Boolean {
			return false, nil
		}
		return nil, nil
	}
	switch f.Kind {
	case Many2one:
		if id, ok := v.(int64); ok {
			return s.refer(f, id)
		}
	case Many2many:
		return s.commands(f, old, v)
	default:
		kept, ok := forms[f.Kind](f, v)
		if n, whole := kept.(int64); ok && whole && n != int64(int32(n)) {
			return nil, raised("DataError: integer out of range")
		}
		if ok {
			return kept, nil
		}
	}
	return nil, raised("ValueError: %s.%s: %#v is no %s", t.Name, f.Name, v, f.Kind)
}

// refer checks a reference.
func (s *Server) refer(f Field, id int64) (any, error) {
	if s.tables[f.Model] == nil || s.tables[f.Model].rows[id] == nil {
		return nil, raised("IntegrityError: insert or update violates foreign key constraint %q", f.Name+"_fkey")
	}
	return id, nil
}

// commands applies the commands of a list of records.
func (s *Server) commands(f Field, old, v any) (any, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, raised("TypeError: %#v is no list of commands", v)
	}
	ids, _ := old.([]int64)
	ids = slices.Clone(ids)
	for _, one := range list {
		c, ok := one.([]any)
		if !ok || len(c) == 0 {
			return nil, raised("TypeError: %#v is no command", one)
		}
		switch n := len(c); {
		case c[0] == int64(5):
			ids = nil
		case c[0] == int64(4) && n > 1:
			if id, ok := c[1].(int64); ok && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		case c[0] == int64(3) && n > 1:
			ids = slices.DeleteFunc(ids, func(id int64) bool { return c[1] == id })
		case c[0] == int64(6) && n == 3:
			given, _ := c[2].([]any)
			ids = nil
			for _, id := range given {
				if id, ok := id.(int64); ok {
					ids = append(ids, id)
				}
			}
		default:
			return nil, raised("ValueError: the command %v is not emulated", c)
		}
	}
	for _, id := range ids {
		if _, err := s.refer(f, id); err != nil {
			return nil, err
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// shown returns a field as it is read.
func (s *Server) shown(t *table, id int64, name string) any {
	v := t.rows[id][name]
	switch f := t.fields[name]; {
	case f.Kind == Many2many:
		ids, _ := v.([]int64)
		list := []any{}
		for _, id := range ids {
			list = append(list, id)
		}
		return list
	case f.Kind == Integer && v == nil:
		return int64(0)
	case f.Kind == Float && v == nil:
		return 0.0
	case v == nil:
		return false
	case f.Kind == Many2one:
		ref, _ := v.(int64)
		return []any{ref, s.tables[f.Model].name(ref)}
	}
	return v
}
