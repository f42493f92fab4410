// Package jsonscan reads JSON text in place, without building trees.
//
// An index keeps its records as compact JSON bytes. Compact checks and squeezes
// text that came from outside, once; every other function takes text that
// Compact has produced (Each, Walk) and therefore has no errors to report.
package jsonscan

import (
	"fmt"
)

// maxDepth bounds nesting, so that hostile input cannot exhaust the stack.
const maxDepth = 200

// Compact appends src to dst without insignificant white space and returns the
// extended slice. The error names the byte offset at which src stops being one
// JSON value.
func Compact(dst, src []byte) ([]byte, error) {
	c := compacter{src: src, dst: dst}
	if err := c.value(0); err != nil {
		return dst, err
	}
	if c.space(); c.pos < len(src) {
		return dst, c.fail("unexpected data after the value")
	}
	return c.dst, nil
}

type compacter struct {
	src, dst []byte
	pos      int
}

func (c *compacter) fail(what string) error {
	return fmt.Errorf("invalid JSON at byte %d: %s", c.pos, what)
}

func (c *compacter) space() {
	for c.pos < len(c.src) {
		switch c.src[c.pos] {
		case ' ', '\t', '\n', '\r':
			c.pos++
		default:
			return
		}
	}
}

func (c *compacter) peek() byte {
	c.space()
	if c.pos < len(c.src) {
		return c.src[c.pos]
	}
	return 0
}

func (c *compacter) copyByte() {
	c.dst = append(c.dst, c.src[c.pos])
	c.pos++
}

func (c *compacter) value(depth int) error {
	if depth > maxDepth {
		return c.fail("nested too deeply")
	}
	switch b := c.peek(); {
	case b == '{':
		return c.list(depth, '}', true)
	case b == '[':
		return c.list(depth, ']', false)
	case b == '"':
		return c.text()
	case b == '-' || b >= '0' && b <= '9':
		return c.number()
	case b == 't':
		return c.literal("true")
	case b == 'f':
		return c.literal("false")
	case b == 'n':
		return c.literal("null")
	case b == 0 && c.pos >= len(c.src):
		return c.fail("unexpected end")
	}
	return c.fail("expected a value")
}

func (c *compacter) list(depth int, end byte, keyed bool) error {
	c.copyByte()
	if c.peek() == end {
		c.copyByte()
		return nil
	}
	for {
		if keyed {
			if err := c.key(); err != nil {
				return err
			}
		}
		if err := c.value(depth + 1); err != nil {
			return err
		}
		switch c.peek() {
		case ',':
			c.copyByte()
		case end:
			c.copyByte()
			return nil
		default:
			return c.fail("expected a comma or the closing bracket")
		}
	}
}

func (c *compacter) key() error {
	if c.peek() != '"' {
		return c.fail("expected a member name")
	}
	if err := c.text(); err != nil {
		return err
	}
	if c.peek() != ':' {
		return c.fail("expected a colon")
	}
	c.copyByte()
	return nil
}
