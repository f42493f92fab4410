package formula

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// kind is what a token is.
type kind int

const (
	end kind = iota
	word
	quoted
	number
	braced
	sign
)

type token struct {
	kind kind
	text string
}

type parser struct {
	tokens []token
	next   int
	depth  int
	fields []string
}

// maxDepth is how deep a formula may be nested.
const maxDepth = 100

// signs are the operators and brackets, the longest first.
var signs = []string{"<=", ">=", "!=", "=", "<", ">", "&", "+", "-", "*", "/", "(", ")", ","}

// split cuts a text into tokens.
func (p *parser) split(text string) error {
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		one, length, err := first(text)
		if err != nil {
			return err
		}
		p.tokens = append(p.tokens, one)
		text = text[length:]
	}
	return nil
}

// first returns the token that a text begins with, and its length.
func first(text string) (token, int, error) {
	switch c := text[0]; {
	case c == '"' || c == '\'':
		return quotedText(text)
	case c == '{':
		at := strings.IndexByte(text, '}')
		if at < 0 {
			return token{}, 0, fmt.Errorf("a field's name has no }")
		}
		return token{braced, text[1:at]}, at + 1, nil
	case c >= '0' && c <= '9' || c == '.':
		n := len(text) - len(strings.TrimLeft(text, "0123456789."))
		return token{number, text[:n]}, n, nil
	}
	for _, s := range signs {
		if strings.HasPrefix(text, s) {
			return token{sign, s}, len(s), nil
		}
	}
	n := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' })
	if n < 0 {
		n = len(text)
	}
	if n == 0 {
		return token{}, 0, fmt.Errorf("%q was not expected", string([]rune(text)[0]))
	}
	return token{word, text[:n]}, n, nil
}

// quotedText reads a text in quotes, where a backslash keeps the next character.
func quotedText(text string) (token, int, error) {
	var out strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == text[0]:
			return token{quoted, out.String()}, i + 1, nil
		case text[i] == '\\' && i+1 < len(text):
			i++
			out.WriteString(escaped(text[i]))
		default:
			out.WriteByte(text[i])
		}
	}
	return token{}, 0, fmt.Errorf("a text has no end")
}

// escaped is the character behind a backslash.
func escaped(c byte) string {
	switch c {
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case 'r':
		return "\r"
	}
	return string([]byte{c})
}

// peek returns the next token.
func (p *parser) peek() token {
	if p.next < len(p.tokens) {
		return p.tokens[p.next]
	}
	return token{end, "the end"}
}

// take returns the next token and goes past it.
func (p *parser) take() token {
	t := p.peek()
	p.next++
	return t
}

// levels are the operators, the weakest first.
var levels = [][]string{{"=", "!=", "<", "<=", ">", ">="}, {"&"}, {"+", "-"}, {"*", "/"}}

// expression reads operators of a level and stronger ones.
func (p *parser) expression(level int) (node, error) {
	if level == len(levels) {
		return p.operand()
	}
	left, err := p.expression(level + 1)
	for err == nil {
		t := p.peek()
		if t.kind != sign || !slices.Contains(levels[level], t.text) {
			return left, nil
		}
		p.next++
		var right node
		right, err = p.expression(level + 1)
		left = operator{t.text, left, right}
	}
	return nil, err
}

// operand reads a value, a field, a call or a part in brackets.
func (p *parser) operand() (node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("the formula is nested too deep")
	}
	defer func() { p.depth-- }()
	switch t := p.take(); t.kind {
	case quoted:
		return constant{t.text}, nil
	case number:
		value, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no number", t.text)
		}
		return constant{value}, nil
	case braced:
		return p.field(t.text), nil
	case word:
		if p.peek() == (token{sign, "("}) {
			return p.call(t.text)
		}
		return p.field(t.text), nil
	case sign:
		if t.text == "-" {
			of, err := p.operand()
			return operator{"-", constant{0.0}, of}, err
		}
		if t.text == "(" {
			inner, err := p.expression(0)
			if err == nil {
				err = p.expect(")")
			}
			return inner, err
		}
		return nil, fmt.Errorf("%q was not expected", t.text)
	}
	return nil, fmt.Errorf("a value is missing at the end")
}

// field notes a field.
func (p *parser) field(name string) node {
	p.fields = append(p.fields, name)
	return field{name}
}

// expect goes past a sign.
func (p *parser) expect(text string) error {
	if t := p.take(); t != (token{sign, text}) {
		return fmt.Errorf("%q was expected, not %q", text, t.text)
	}
	return nil
}

// call reads the arguments of a function.
func (p *parser) call(name string) (node, error) {
	f, known := functions[strings.ToUpper(name)]
	if !known {
		return nil, fmt.Errorf("the emulator does not know the function %s", name)
	}
	p.next++ // the bracket
	var args []node
	for p.peek() != (token{sign, ")"}) {
		if len(args) > 0 {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
		arg, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
	}
	p.next++
	if len(args) < f.least || len(args) > f.most {
		return nil, fmt.Errorf("%s takes %d to %d arguments, not %d", strings.ToUpper(name), f.least, f.most, len(args))
	}
	return call{f, args}, nil
}
