package jsonscan

import "unicode/utf8"

func (c *compacter) literal(word string) error {
	if len(c.src)-c.pos < len(word) || string(c.src[c.pos:c.pos+len(word)]) != word {
		return c.fail("expected " + word)
	}
	c.dst = append(c.dst, word...)
	c.pos += len(word)
	return nil
}

func (c *compacter) digits() bool {
	start := c.pos
	for c.pos < len(c.src) && c.src[c.pos] >= '0' && c.src[c.pos] <= '9' {
		c.pos++
	}
	return c.pos > start
}

func (c *compacter) at(set string) bool {
	for i := 0; c.pos < len(c.src) && i < len(set); i++ {
		if c.src[c.pos] == set[i] {
			c.pos++
			return true
		}
	}
	return false
}

func (c *compacter) number() error {
	start := c.pos
	c.at("-")
	if !c.at("0") && !c.digits() {
		return c.fail("expected a digit")
	}
	if c.at(".") && !c.digits() {
		return c.fail("expected a digit after the point")
	}
	if c.at("eE") {
		c.at("+-")
		if !c.digits() {
			return c.fail("expected a digit in the exponent")
		}
	}
	c.dst = append(c.dst, c.src[start:c.pos]...)
	return nil
}

func (c *compacter) text() error {
	start := c.pos
	c.pos++
	for c.pos < len(c.src) {
		switch b := c.src[c.pos]; {
		case b == '"':
			c.pos++
			if !utf8.Valid(c.src[start:c.pos]) {
				return c.fail("a string is not UTF-8")
			}
			c.dst = append(c.dst, c.src[start:c.pos]...)
			return nil
		case b == '\\':
			if err := c.escape(); err != nil {
				return err
			}
		case b < 0x20:
			return c.fail("control character in a string")
		default:
			c.pos++
		}
	}
	return c.fail("unterminated string")
}

func (c *compacter) escape() error {
	c.pos++
	if c.at(`"\/bfnrt`) {
		return nil
	}
	if !c.at("u") {
		return c.fail("unknown escape")
	}
	for range 4 {
		if !c.at("0123456789abcdefABCDEF") {
			return c.fail("expected four hexadecimal digits")
		}
	}
	return nil
}
