package search

import "slices"

// parser reads a filter's text:
//
//	filter    = group { "AND" group }
//	group     = unit { "OR" unit }
//	unit      = "(" group ")" | [ "NOT" ] condition
//	condition = field ":" value | field ":" number "TO" number | field operator number
//
// OR binds tighter than AND, as in the index's own language, and brackets may
// hold an OR only. Words are bare, or quoted with " or '.
type parser struct {
	schema *Schema
	param  string
	tokens []token
	depth  int
}

// maxDepth is how deep brackets may nest.
const maxDepth = 10

// ParseFilter reads a filter's text; param names it in errors.
func (s *Schema) ParseFilter(param, text string) (Filter, error) {
	if len(text) > MaxFilter {
		return nil, invalid(param, "the filter has %d bytes; %d are the most", len(text), MaxFilter)
	}
	tokens, err := tokenize(param, text)
	if err != nil {
		return nil, err
	}
	p := parser{schema: s, param: param, tokens: tokens}
	if p.peek().end() {
		return nil, nil
	}
	f, err := p.filter()
	if err != nil {
		return nil, err
	}
	return f, f.checkTerms(param)
}

// peek returns the next token.
func (p *parser) peek() token { return p.tokens[0] }

// next takes the next token; the end stays.
func (p *parser) next() token {
	t := p.tokens[0]
	if len(p.tokens) > 1 {
		p.tokens = p.tokens[1:]
	}
	return t
}

// unexpected says where the text stops being a filter.
func (p *parser) unexpected(t token, want string) error {
	if t.end() {
		return invalid(p.param, "the filter ends at position %d where %s is expected", t.at, want)
	}
	return invalid(p.param, "%q at position %d of the filter: expected %s", clip(t.text), t.at, want)
}

// filter reads groups joined by AND, to the end.
func (p *parser) filter() (Filter, error) {
	var f Filter
	for {
		g, err := p.group()
		if err != nil {
			return nil, err
		}
		f = append(f, g)
		switch t := p.next(); {
		case t.end():
			return f, nil
		case !t.is("AND"):
			return nil, p.unexpected(t, "AND, OR or the end")
		}
	}
}

// group reads units joined by OR.
func (p *parser) group() (Group, error) {
	var g Group
	for {
		unit, err := p.unit()
		if err != nil {
			return nil, err
		}
		g = append(g, unit...)
		if (g[0].Op == "") != (unit[0].Op == "") {
			return nil, mixed(p.param)
		}
		if !p.peek().is("OR") {
			return g, nil
		}
		p.next()
	}
}

// mixed refuses an OR between values and numbers, which the index refuses too.
func mixed(param string) error {
	return invalid(param, "OR cannot join a comparison of numbers with one of values: split the filter with AND")
}

// unit reads a bracket or a condition.
func (p *parser) unit() (Group, error) {
	if p.peek().is("(") {
		return p.bracket()
	}
	not := p.peek().is("NOT")
	if not {
		p.next()
	}
	c, err := p.condition()
	c.Not = not
	return Group{c}, err
}

// bracket reads a group between brackets.
func (p *parser) bracket() (Group, error) {
	open := p.next()
	if p.depth++; p.depth > maxDepth {
		return nil, invalid(p.param, "the brackets at position %d nest too deep", open.at)
	}
	g, err := p.group()
	if err != nil {
		return nil, err
	}
	p.depth--
	if t := p.next(); !t.is(")") {
		return nil, p.unexpected(t, "OR or ): a bracket may hold conditions joined by OR only")
	}
	return g, nil
}

// condition reads one comparison.
func (p *parser) condition() (Condition, error) {
	field := p.next()
	if !field.word() {
		return Condition{}, p.unexpected(field, "a field")
	}
	op := p.next()
	if !slices.Contains([]string{":", "<", "<=", "=", "!=", ">=", ">"}, op.text) || op.quoted {
		return Condition{}, p.unexpected(op, "a comparison: FIELD:VALUE or FIELD >= NUMBER")
	}
	value := p.next()
	if !value.word() {
		return Condition{}, p.unexpected(value, "a value (quote it if it holds signs)")
	}
	if op.text != ":" {
		return p.schema.byNumber(p.param, field.text, op.text, value.text)
	}
	if !p.peek().is("TO") {
		return p.schema.byValue(p.param, field.text, value.text)
	}
	p.next()
	high := p.next()
	if !high.word() {
		return Condition{}, p.unexpected(high, "a number")
	}
	return p.schema.between(p.param, field.text, value.text, high.text)
}
