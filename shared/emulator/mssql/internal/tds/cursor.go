package tds

import (
	"encoding/binary"
	"errors"
	"unicode/utf16"
)

// errShort says that a message ends before what it announces.
var errShort = errors.New("the message ends too early")

// cursor reads a message from its beginning. After the first error everything is zero.
type cursor struct {
	b   []byte
	err error
}

// take returns the next n bytes.
func (c *cursor) take(n int) []byte {
	if c.err != nil || n < 0 || n > len(c.b) {
		c.fail(errShort)
		return nil
	}
	part := c.b[:n]
	c.b = c.b[n:]
	return part
}

// fail keeps the first error.
func (c *cursor) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// u8 reads a byte.
func (c *cursor) u8() uint8 {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

// u16 reads two bytes.
func (c *cursor) u16() uint16 {
	if b := c.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

// u32 reads four bytes.
func (c *cursor) u32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// u64 reads eight bytes.
func (c *cursor) u64() uint64 {
	if b := c.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// text reads n characters of UTF-16.
func (c *cursor) text(n int) string { return fromUTF16(c.take(2 * n)) }

// fromUTF16 reads a text in the protocol's form. An odd last byte is no character.
func fromUTF16(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// toUTF16 writes a text in the protocol's form.
func toUTF16(s string) []byte {
	units := utf16.Encode([]rune(s))
	b := make([]byte, 0, 2*len(units))
	for _, u := range units {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}
