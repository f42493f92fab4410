// Package xmlrpc writes calls and reads answers of XML-RPC as Odoo speaks it.
//
//	nil       <nil/>               written and read
//	bool      <boolean>            read from 0, 1, true, false
//	int64     <int>, <i8>          i8 where an int of 32 bits is too small; read from all sizes
//	float64   <double>
//	string    <string>             read from <dateTime.iso8601> too, and from a value without a type
//	time.Time <string>             in Odoo's form, UTC
//	[]byte    <base64>
//	[]any     <array>              also []int64 and []string
//	map       <struct>             map[string]any
//
// The reader is tolerant: characters that XML forbids become a space, since Odoo sends
// what a database holds; elements that it does not know inside an answer are an error. An
// answer is bounded in depth and in the number of its values, and its size is the
// caller's bound.
package xmlrpc

import (
	"errors"
	"fmt"
)

// The bounds of one answer.
const (
	MaxDepth  = 64
	MaxValues = 1 << 20
)

// ErrForm says that a text is no XML-RPC.
var ErrForm = errors.New("this is no XML-RPC")

// Fault is an answer that says why a call failed.
type Fault struct {
	Code   int64
	Letter string // a code that is no number, as very old servers send it
	Text   string
}

// Error returns the code and the last line of the text, which names the exception of a
// traceback.
func (f *Fault) Error() string {
	if f.Letter != "" {
		return fmt.Sprintf("fault %s: %s", f.Letter, LastLine(f.Text))
	}
	return fmt.Sprintf("fault %d: %s", f.Code, LastLine(f.Text))
}
