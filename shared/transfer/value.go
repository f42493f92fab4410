package transfer

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// Empty reports whether a field holds nothing: nil, a text without a character, a list
// without an id.
func Empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []int64:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}

// Same reports whether two values of fields say the same, whatever way they came: through
// JSON, as one size of number or another, as a time or its text.
func Same(a, b any) bool {
	if Empty(a) || Empty(b) {
		return Empty(a) && Empty(b)
	}
	n, first := Number(a)
	m, second := Number(b)
	if first || second {
		return first && second && n == m
	}
	if x, y, ok := times(a, b); ok {
		return x.Equal(y)
	}
	if x, ok := IDs(a); ok {
		y, ok := IDs(b)
		slices.Sort(x)
		slices.Sort(y)
		return ok && slices.Equal(x, y)
	}
	return text(a) == text(b)
}

// times returns two values as times if one of them is a time.
func times(a, b any) (x, y time.Time, ok bool) {
	_, first := a.(time.Time)
	_, second := b.(time.Time)
	if !first && !second {
		return x, y, false
	}
	x, xok := Time(a)
	y, yok := Time(b)
	return x, y, xok && yok
}

// text returns a value as a text to compare.
func text(v any) string {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return fmt.Sprint(v)
}

// Number reads a number of a field: a whole one as int64, another one as float64.
func Number(v any) (any, bool) {
	switch n := v.(type) {
	case json.Number:
		if i, err := n.Int64(); err == nil {
			return i, true
		}
		f, err := n.Float64()
		return whole(f), err == nil
	case float64:
		return whole(n), true
	case float32:
		return whole(float64(n)), true
	}
	if r := reflect.ValueOf(v); r.CanInt() {
		return r.Int(), true
	} else if r.CanUint() && r.Uint() <= 1<<62 {
		return int64(r.Uint()), true
	}
	return nil, false
}

// whole returns a float without a fraction as int64.
func whole(f float64) any {
	if f == float64(int64(f)) {
		return int64(f)
	}
	return f
}

// layouts are the forms of times in fields.
var layouts = []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", time.DateOnly}

// Time reads a point in time of a field, in microseconds.
func Time(v any) (time.Time, bool) {
	switch v := v.(type) {
	case time.Time:
		return Micro(v), true
	case string:
		for _, layout := range layouts {
			if t, err := time.Parse(layout, v); err == nil {
				return Micro(t), true
			}
		}
	}
	return time.Time{}, false
}

// IDs reads the ids of several records.
func IDs(v any) ([]int64, bool) {
	switch list := v.(type) {
	case []int64:
		return slices.Clone(list), true
	case []any:
		ids := make([]int64, 0, len(list))
		for _, one := range list {
			n, ok := Number(one)
			id, isID := n.(int64)
			if !ok || !isID {
				return nil, false
			}
			ids = append(ids, id)
		}
		return ids, true
	}
	return nil, false
}

// ID reads the id of a record in a field; 0 for none.
func ID(v any) (int64, bool) {
	if Empty(v) || v == false { // Odoo's word for empty
		return 0, true
	}
	if s, ok := v.(string); ok {
		n, err := strconv.ParseInt(s, 10, 64)
		return n, err == nil && n >= 0
	}
	n, _ := Number(v)
	id, ok := n.(int64)
	return id, ok && id >= 0
}

// Holds reports whether a record has the values of a query.
func (r Record) Holds(q Query) bool {
	for name, want := range q.Equal {
		if !Same(r.Fields[name], want) {
			return false
		}
	}
	return r.ID > q.After
}
