package tds

import (
	"errors"
	"fmt"
	"strings"
)

// Param is a parameter of a call.
type Param struct {
	Name  string // with its @, empty for one by position
	Out   bool
	Type  Type
	Value any // as Type.Kind says; nil is NULL
}

// Call is a call of a procedure.
type Call struct {
	Name   string
	Params []Param
}

// maxParams is SQL Server's own limit.
const maxParams = 2100

// procedures are those that clients name by a number.
var procedures = map[uint16]string{
	2: "sp_cursoropen", 7: "sp_cursorfetch", 9: "sp_cursorclose", 10: "sp_executesql", 11: "sp_prepare", 12: "sp_execute", 13: "sp_prepexec", 15: "sp_unprepare",
}

// headers skips the headers that stand before a request of version 7.2 and later.
func (c *cursor) headers() {
	if len(c.b) < 4 {
		c.fail(errShort)
		return
	}
	whole := *c
	n := int(whole.u32())
	if n < 4 || n > len(c.b) {
		c.fail(errors.New("the headers of the request have a wrong length"))
		return
	}
	c.take(n)
}

// ParseBatch reads the text of a batch.
func ParseBatch(body []byte) (string, error) {
	c := &cursor{b: body}
	c.headers()
	if c.err == nil && len(c.b)%2 != 0 {
		c.fail(errors.New("the text is no UTF-16"))
	}
	return fromUTF16(c.b), c.err
}

// ParseCall reads a call with its typed parameters.
func ParseCall(body []byte) (Call, error) {
	c := &cursor{b: body}
	c.headers()
	var call Call
	if n := c.u16(); n == 0xffff {
		id := c.u16()
		call.Name = procedures[id]
		if call.Name == "" && c.err == nil {
			c.fail(fmt.Errorf("there is no procedure of number %d", id))
		}
	} else {
		call.Name = c.text(int(n))
	}
	c.u16() // options
	for c.err == nil && len(c.b) > 0 {
		if len(call.Params) == maxParams {
			return call, errors.New("the call has too many parameters")
		}
		p := Param{Name: c.text(int(c.u8()))}
		flags := c.u8()
		p.Out = flags&1 != 0
		if flags&8 != 0 {
			return call, errors.New("encrypted parameters are not emulated")
		}
		p.Type, p.Value = c.typed()
		call.Params = append(call.Params, p)
	}
	return call, c.err
}

// Verb is what a transaction request asks for.
type Verb uint16

// The verbs of transactions.
const (
	Begin    Verb = 5
	Commit   Verb = 7
	Rollback Verb = 8
)

// ParseTransaction reads a request to the transaction manager. Again says that a
// transaction is to begin when this one has ended.
func ParseTransaction(body []byte) (v Verb, again bool, err error) {
	c := &cursor{b: body}
	c.headers()
	v = Verb(c.u16())
	switch v {
	case Begin:
		if level := c.u8(); level > 5 {
			c.fail(fmt.Errorf("there is no isolation level %d", level))
		}
		c.text(int(c.u8()))
	case Commit, Rollback:
		c.text(int(c.u8()))
		again = c.u8()&1 != 0
	default:
		if c.err == nil {
			c.fail(fmt.Errorf("the transaction request %d is not emulated", v))
		}
	}
	return v, again, c.err
}

// Named returns a parameter by its name, in any case of letters.
func (c Call) Named(name string) (Param, bool) {
	for _, p := range c.Params {
		if strings.EqualFold(p.Name, name) {
			return p, true
		}
	}
	return Param{}, false
}
