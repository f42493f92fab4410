package algolia

import (
	"encoding/json"
	"errors"
	"io"
	"sync"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
)

// What stands around the records of a batch request.
const (
	batchHead  = `{"requests":[`
	batchTail  = `]}`
	between    = `,`
	saveHead   = `{"action":"addObject","body":`
	saveTail   = `}}` // the first closes the record, whose own brace is cut off for its stamp
	deleteHead = `{"action":"deleteObject","body":{"objectID":`
	deleteTail = `}}`
)

// batchBody is a batch request as it is sent: it is put together while it is
// read, from the records where they are. A page's records so stand in memory
// once, however many attempts it takes.
type batchBody struct {
	send  *gate
	ops   []destination.Op
	next  int      // the op whose pieces follow
	piece []byte   // what is being read
	rest  [][]byte // the pieces after it
	parts [4][]byte
}

// gate is what the bodies of one call of send are read through. An HTTP client may read a
// body after the request has ended, as where the answer came early; by then the memory of
// the records may hold others.
type gate struct {
	mu   sync.Mutex
	shut bool
}

// close waits for a reader and lets none in after it.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = true
}

// errShut is the error of a body that is read after its call of send.
var errShut = errors.New("the request has ended")

// newBatchBody returns the body of a batch request.
func newBatchBody(ops []destination.Op, g *gate) *batchBody {
	return &batchBody{send: g, ops: ops, piece: []byte(batchHead)}
}

// batchLength returns how many bytes the body of a batch request has.
func batchLength(ops []destination.Op) int64 {
	n := len(batchHead) + len(batchTail) + max(0, len(ops)-1)*len(between)
	for _, op := range ops {
		if op.Body == nil {
			n += len(deleteHead) + len(quote(op.ID)) + len(deleteTail)
			continue
		}
		n += len(saveHead) + op.Size() - 1 + len(saveTail)
	}
	return int64(n)
}

// quote returns a string as JSON.
func quote(s string) []byte {
	b, _ := json.Marshal(s) // a string always has a JSON form
	return b
}

// The constants as bytes, made once.
var (
	saveFirst, saveNext     = []byte(saveHead), []byte(between + saveHead)
	deleteFirst, deleteNext = []byte(deleteHead), []byte(between + deleteHead)
	saveEnd, deleteEnd      = []byte(saveTail), []byte(deleteTail)
	batchEnd                = []byte(batchTail)
)

// Read implements io.Reader.
func (b *batchBody) Read(p []byte) (n int, err error) {
	b.send.mu.Lock()
	defer b.send.mu.Unlock()
	if b.send.shut {
		return 0, errShut
	}
	for n < len(p) {
		if len(b.piece) == 0 && !b.advance() {
			return n, io.EOF
		}
		m := copy(p[n:], b.piece)
		b.piece = b.piece[m:]
		n += m
	}
	return n, nil
}

// advance goes to the next piece; false after the last.
func (b *batchBody) advance() bool {
	switch {
	case len(b.rest) > 0:
	case b.next < len(b.ops):
		b.rest = b.pieces(b.next)
		b.next++
	case b.next == len(b.ops):
		b.parts[0] = batchEnd
		b.rest = b.parts[:1]
		b.next++
	default:
		return false
	}
	b.piece, b.rest = b.rest[0], b.rest[1:]
	return true
}

// pieces returns the pieces of one op.
func (b *batchBody) pieces(i int) [][]byte {
	op := b.ops[i]
	first := i == 0
	if op.Body == nil {
		b.parts = [4][]byte{choose(first, deleteFirst, deleteNext), quote(op.ID), deleteEnd}
		return b.parts[:3]
	}
	b.parts = [4][]byte{choose(first, saveFirst, saveNext), op.Body[:len(op.Body)-1], op.Stamp, saveEnd}
	return b.parts[:4]
}

// choose returns a if it is so, else b.
func choose(so bool, a, b []byte) []byte {
	if so {
		return a
	}
	return b
}
