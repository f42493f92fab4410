package filter

import (
	"strconv"
	"strings"
)

// condition reads attr:value, attr:low TO high, attr op number, or a bare tag.
func (p *parser) condition() (Condition, error) {
	name := p.next()
	if !name.word() {
		return Condition{}, p.expected(name, "an attribute or a tag")
	}
	switch next := p.peek(); {
	case next.is(":"):
		p.next()
		return p.valueOf(name.text)
	case !next.quoted && isOp(next.text):
		p.next()
		value, err := p.number()
		return Condition{Kind: Numeric, Attr: name.text, Op: Op(next.text), Low: value, Score: 1}, err
	}
	score, err := p.score()
	return Condition{Kind: Tag, Attr: "_tags", Value: name.text, Score: score}, err
}

func isOp(text string) bool {
	switch Op(text) {
	case Less, LessEqual, Equal, NotEqual, GreaterEqual, Greater:
		return true
	}
	return false
}

func (p *parser) number() (float64, error) {
	t := p.next()
	if v, ok := parseNumber(t.text); ok {
		return v, nil
	}
	return 0, p.expected(t, "a number")
}

// valueOf reads what follows "attr:".
func (p *parser) valueOf(attr string) (Condition, error) {
	value := p.next()
	if !value.word() {
		return Condition{}, p.expected(value, "a value")
	}
	if low, ok := parseNumber(value.text); ok && !value.quoted && p.peek().is("TO") {
		p.next()
		high, err := p.number()
		return Condition{Kind: Numeric, Attr: attr, Op: Between, Low: low, High: high, Score: 1}, err
	}
	score, err := p.score()
	if attr == "_tags" {
		return Condition{Kind: Tag, Attr: attr, Value: value.text, Score: score}, err
	}
	condition := facet(attr, value.text, !value.quoted)
	condition.Score = score
	return condition, err
}

// score reads an optional <score=n>.
func (p *parser) score() (int, error) {
	if !p.peek().is("<") || p.pos+1 >= len(p.tokens) || !p.tokens[p.pos+1].is("score") {
		return 1, nil
	}
	p.pos += 2
	if t := p.next(); !t.is("=") {
		return 0, p.expected(t, "= after score")
	}
	value := p.next()
	n, err := strconv.Atoi(value.text)
	if err != nil {
		return 0, p.expected(value, "a whole number as score")
	}
	if t := p.next(); !t.is(">") {
		return 0, p.expected(t, "> after the score")
	}
	return n, nil
}

func parseNumber(text string) (float64, bool) {
	if strings.Trim(text, "0123456789.eE+-") != "" {
		return 0, false
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}

// facet builds a facet condition; a leading minus negates, a backslash before
// it keeps it as part of the value.
func facet(attr, value string, minus bool) Condition {
	c := Condition{Kind: Facet, Attr: attr, Value: value, Score: 1}
	if minus && len(value) > 1 && value[0] == '-' {
		c.Value, c.Not = value[1:], true
	}
	if strings.HasPrefix(value, `\-`) {
		c.Value = value[1:]
	}
	return c
}
