package search

import (
	"strconv"
	"strings"
)

// Filter is a condition in the only form that the index takes: groups joined by
// AND, of conditions joined by OR.
type Filter []Group

// Group is conditions joined by OR, all by value or all by number.
type Group []Condition

// Condition is one comparison: by value if Op is empty, else by number. Field is
// one of the schema's, never a caller's own text.
type Condition struct {
	Not       bool
	Field     string
	Value     string
	Op        string // <, <=, =, !=, >=, > or TO
	Low, High float64
}

// String returns the filter in the index's language. Every value is quoted, so
// that none can end its condition.
func (f Filter) String() string {
	groups := make([]string, len(f))
	for i, g := range f {
		groups[i] = g.String()
	}
	return strings.Join(groups, " AND ")
}

// String returns the group, bracketed unless it is a single condition.
func (g Group) String() string {
	if len(g) == 1 {
		return g[0].String()
	}
	parts := make([]string, len(g))
	for i, c := range g {
		parts[i] = c.String()
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}

// String returns the condition.
func (c Condition) String() string {
	text := c.Field + ":" + quote(c.Value)
	switch c.Op {
	case "":
	case "TO":
		text = c.Field + ":" + number(c.Low) + " TO " + number(c.High)
	default:
		text = c.Field + c.Op + number(c.Low)
	}
	if c.Not {
		return "NOT " + text
	}
	return text
}

// quote returns a value that cannot end its own quotes.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// number returns a number without an exponent.
func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// terms counts the filter's conditions.
func (f Filter) terms() int {
	n := 0
	for _, g := range f {
		n += len(g)
	}
	return n
}

// checkTerms refuses a filter with too many conditions.
func (f Filter) checkTerms(param string) error {
	if n := f.terms(); n > MaxTerms {
		return invalid(param, "the filter has %d conditions; %d are the most", n, MaxTerms)
	}
	return nil
}
