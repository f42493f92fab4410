package edge

import "net/http"

// Ready is an answer that is JSON already, in pieces that are written one after
// the other. The pieces are neither checked nor copied: answers may be large.
type Ready [][]byte

// Taker is an http.ResponseWriter that keeps the pieces of an answer in place of
// writing them; they must not be changed.
type Taker interface {
	http.ResponseWriter
	Take(Ready)
}

// writeTo writes the pieces. An error of writing is the reader's.
func (r Ready) writeTo(w http.ResponseWriter) {
	if t, ok := w.(Taker); ok {
		t.Take(r)
		return
	}
	for _, piece := range r {
		if _, err := w.Write(piece); err != nil {
			return
		}
	}
}

// Size returns how many bytes the answer has.
func (r Ready) Size() int {
	n := 0
	for _, piece := range r {
		n += len(piece)
	}
	return n
}
