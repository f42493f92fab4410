package table

import (
	"io"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Limit returns a reader of a document that ends with a fault.TooLarge behind most
// bytes, because an orderly end would take a part for the whole.
func Limit(r io.Reader, most int64) io.Reader { return &limited{r, most, most} }

// limited is a document that may be too large.
type limited struct {
	r          io.Reader
	left, most int64
}

// Read implements io.Reader.
func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, fault.New(fault.TooLarge, "bad-document", "the document has more than %d bytes", l.most)
	}
	return n, err
}
