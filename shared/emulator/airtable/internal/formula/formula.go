// Package formula evaluates the part of Airtable's formula language that clients
// filter records by. What it does not know it refuses by name.
//
// It knows texts in either quotes, numbers, fields as {Name} or a bare word, the
// operators = != < <= > >= & + - * / and brackets, and the functions listed in
// functions.go. Values are texts, numbers, true and false, and blank; dates are their
// texts in ISO 8601. Lists are their items, joined by ", ".
package formula

import (
	"fmt"
	"slices"
	"time"
)

// Row is a record that a formula is evaluated for.
type Row interface {
	// Field returns a field's value: nil for blank, string, float64, bool or []string.
	Field(name string) any
	ID() string
	Created() time.Time
	Modified() time.Time
}

// Formula is a formula that was parsed. It is safe for concurrent use.
type Formula struct {
	root   node
	fields []string
}

// Fields returns the names of the fields that the formula reads, in order.
func (f *Formula) Fields() []string { return f.fields }

// Holds reports whether the formula is neither blank, 0, false nor an empty text for a
// row. An error names what cannot be computed.
func (f *Formula) Holds(row Row) (bool, error) {
	value, err := f.root.eval(row)
	if err != nil {
		return false, err
	}
	return truth(value), nil
}

// Parse reads a formula.
func Parse(text string) (*Formula, error) {
	p := &parser{}
	if err := p.split(text); err != nil {
		return nil, err
	}
	root, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if left := p.peek(); left.kind != end {
		return nil, fmt.Errorf("%q was not expected", left.text)
	}
	slices.Sort(p.fields)
	return &Formula{root: root, fields: slices.Compact(p.fields)}, nil
}

// node is a part of a formula.
type node interface {
	eval(Row) (any, error)
}

type (
	constant struct{ value any }
	field    struct{ name string }
	operator struct {
		name        string
		left, right node
	}
	call struct {
		function function
		args     []node
	}
)

func (c constant) eval(Row) (any, error) { return c.value, nil }

func (f field) eval(row Row) (any, error) { return plain(row.Field(f.name)), nil }

func (o operator) eval(row Row) (any, error) {
	left, err := o.left.eval(row)
	if err != nil {
		return nil, err
	}
	right, err := o.right.eval(row)
	if err != nil {
		return nil, err
	}
	return combine(o.name, left, right)
}

func (c call) eval(row Row) (any, error) {
	args := make([]any, len(c.args))
	for i, arg := range c.args {
		value, err := arg.eval(row)
		if err != nil {
			return nil, err
		}
		args[i] = value
	}
	return c.function.apply(row, args)
}
