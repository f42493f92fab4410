package filter

import (
	"errors"
	"fmt"
	"strings"
)

// ErrMixed refuses an OR between conditions of different kinds.
var ErrMixed = errors.New("cannot OR different types of filters (facet, numeric, tag) in one group")

// Parse reads a `filters` text. Without parentheses an OR binds tighter than an
// AND. The error names the column at which the text stops being a filter.
func Parse(text string) (Filter, error) {
	tokens, err := tokenize(text)
	if err != nil {
		return nil, err
	}
	p := parser{tokens: tokens}
	if p.peek().end() {
		return nil, nil
	}
	var filter Filter
	for {
		group, err := p.group()
		if err != nil {
			return nil, err
		}
		filter = append(filter, group)
		switch next := p.next(); {
		case next.end():
			return filter, nil
		case !next.is("AND"):
			return nil, p.expected(next, "AND, OR or the end")
		}
	}
}

type parser struct {
	tokens []token
	pos    int
	depth  int
}

func (p *parser) peek() token { return p.tokens[p.pos] }

func (p *parser) next() token {
	t := p.tokens[p.pos]
	if p.pos < len(p.tokens)-1 {
		p.pos++
	}
	return t
}

func (p *parser) expected(got token, want string) error {
	return fmt.Errorf("unexpected %s at col %d, expected %s", got, got.col, want)
}

// group reads units joined by OR.
func (p *parser) group() (Group, error) {
	var group Group
	for {
		unit, err := p.unit()
		if err != nil {
			return nil, err
		}
		group = append(group, unit...)
		if group[0].Kind != unit[0].Kind {
			return nil, ErrMixed
		}
		if !p.peek().is("OR") {
			return group, nil
		}
		p.next()
	}
}

// unit reads one condition or a parenthesised group.
func (p *parser) unit() (Group, error) {
	if p.peek().is("(") {
		return p.parenthesis()
	}
	not := false
	for p.peek().is("NOT") {
		p.next()
		not = !not
		if p.peek().is("(") {
			return nil, fmt.Errorf("NOT before a parenthesis at col %d is not allowed, negate each filter instead", p.peek().col)
		}
	}
	condition, err := p.condition()
	if err != nil {
		return nil, err
	}
	condition.Not = condition.Not != not
	return Group{condition}, nil
}

func (p *parser) parenthesis() (Group, error) {
	open := p.next()
	if p.depth++; p.depth > 50 {
		return nil, fmt.Errorf("too many parentheses at col %d", open.col)
	}
	group, err := p.group()
	if err != nil {
		return nil, err
	}
	p.depth--
	switch next := p.next(); {
	case next.is(")"):
		return group, nil
	case next.is("AND"):
		return nil, fmt.Errorf("filter (X AND Y) is not allowed in parentheses at col %d, only (X OR Y) AND Z is allowed", next.col)
	default:
		return nil, p.expected(next, "OR or )")
	}
}

func (t token) word() bool {
	return t.quoted || t.text != "" && !strings.Contains(signs, t.text[:1]) &&
		t.text != "AND" && t.text != "OR" && t.text != "NOT"
}
