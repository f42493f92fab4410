// Package filter reads the conditions that restrict a search: the SQL-like
// `filters` text and the older facetFilters, numericFilters and tagFilters, as
// nested arrays or as text.
//
// Whatever the spelling, the outcome is one Filter: an AND of groups, each an OR
// of conditions of a single kind. The engine evaluates nothing else, which is
// why the service refuses an OR of ANDs, a negated parenthesis and a group that
// mixes kinds.
package filter

// Kind says what a condition compares.
type Kind int

// The kinds of conditions. One OR group holds one kind only.
const (
	Facet   Kind = iota // a facet attribute equals a value, letter case ignored
	Numeric             // a number lies in [Low, High], bounds as Op says
	Tag                 // _tags holds exactly this value
)

// Op is the comparison of a numeric condition.
type Op string

// The numeric comparisons; Between includes both bounds.
const (
	Less         Op = "<"
	LessEqual    Op = "<="
	Equal        Op = "="
	NotEqual     Op = "!="
	GreaterEqual Op = ">="
	Greater      Op = ">"
	Between      Op = "TO"
)

// Condition is one comparison.
type Condition struct {
	Kind  Kind
	Attr  string  // attribute name; "_tags" for tags
	Value string  // facets and tags: the value looked for
	Op    Op      // numeric conditions
	Low   float64 // numeric operand, or lower bound of Between
	High  float64 // upper bound of Between
	Not   bool    // true excludes what the rest of the condition matches
	Score int     // weight of a <score=n> suffix, 1 without one
}

// Group is an OR of conditions.
type Group []Condition

// Filter is an AND of groups; the empty Filter lets everything pass.
type Filter []Group

// Matches reports whether v satisfies a numeric condition, Not left aside.
func (c Condition) Matches(v float64) bool {
	switch c.Op {
	case Less:
		return v < c.Low
	case LessEqual:
		return v <= c.Low
	case Equal:
		return v == c.Low
	case NotEqual:
		return v != c.Low
	case GreaterEqual:
		return v >= c.Low
	case Greater:
		return v > c.Low
	}
	return v >= c.Low && v <= c.High
}
