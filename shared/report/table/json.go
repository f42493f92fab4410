package table

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"

	"gitlab.com/eshopbox-team/return-sync/shared/report"
)

// JSON is where the rows of a JSON document are.
type JSON struct {
	// Rows is the JSON pointer (RFC 6901) to the list of rows; empty: the document is
	// the list.
	Rows string
	// Next is the pointer to the cursor of the next page; empty for none. The document
	// may have it before or after its rows.
	Next string
	// First is the number of the first row; 0 is 1.
	First int64
}

// maxDepth bounds the depth of a document outside its rows.
const maxDepth = 100

// errStop ends the reading when the receiver wants no more rows.
var errStop = errors.New("stop")

// Each streams the rows of a document and returns the cursor of the next page, empty
// for none. It stops when fn returns false.
func (j JSON) Each(r io.Reader, fn func(report.Row) bool) (next string, err error) {
	w := &walker{json: j, fn: fn, number: max(j.First, 1) - 1}
	w.dec = json.NewDecoder(transform.NewReader(r, encoding.UTF8Validator))
	w.dec.UseNumber()
	err = w.walk("", 0)
	switch {
	case errors.Is(err, errStop):
		return "", nil
	case err != nil:
		return "", w.wrong(err)
	case !w.found:
		return "", bad("the document has no list of rows at %q", j.Rows)
	}
	if _, err := w.dec.Token(); !errors.Is(err, io.EOF) {
		return "", bad("something stands behind the end of the JSON document")
	}
	return w.next, nil
}

// walker reads one document.
type walker struct {
	json   JSON
	dec    *json.Decoder
	fn     func(report.Row) bool
	number int64
	next   string
	found  bool
}

// wrong gives an error of the decoder its kind: broken JSON is the document's, the
// rest is the reader's.
func (w *walker) wrong(err error) error {
	var syntax *json.SyntaxError
	var value *json.UnmarshalTypeError
	switch {
	case errors.Is(err, encoding.ErrInvalidUTF8):
		return bad("the document is not valid UTF-8 after row %d", w.number)
	case errors.As(err, &syntax):
		return bad("the document is not JSON after row %d: it may be a page of HTML", w.number)
	case errors.As(err, &value):
		return bad("row %d is not an object", w.number+1)
	case errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF // an empty or a cut document
	}
	return err
}

// walk reads the value at a path.
func (w *walker) walk(path string, depth int) error {
	if depth > maxDepth {
		return bad("the document is nested deeper than %d", maxDepth)
	}
	token, err := w.dec.Token()
	if err != nil {
		return err
	}
	switch delim, _ := token.(json.Delim); {
	case delim == '[' && path == w.json.Rows && !w.found:
		w.found = true
		return w.rows()
	case delim == '[':
		return w.list(path, depth)
	case delim == '{':
		return w.object(path, depth)
	}
	if path == w.json.Next && path != "" {
		if text, ok := token.(fmt.Stringer); ok {
			w.next = text.String()
		} else if text, ok := token.(string); ok {
			w.next = text
		}
	}
	return nil
}

// rows streams the list of rows.
func (w *walker) rows() error {
	for w.dec.More() {
		var fields map[string]any
		if err := w.dec.Decode(&fields); err != nil {
			return err
		}
		if w.number++; fields == nil {
			return bad("row %d is not an object", w.number)
		}
		if !w.fn(report.Row{Number: w.number, Fields: fields}) {
			return errStop
		}
	}
	_, err := w.dec.Token()
	return err
}

// list reads a list that has no rows.
func (w *walker) list(path string, depth int) error {
	for i := 0; w.dec.More(); i++ {
		if err := w.walk(path+"/"+strconv.Itoa(i), depth+1); err != nil {
			return err
		}
	}
	_, err := w.dec.Token()
	return err
}

// pointerEscape writes a name as a part of a JSON pointer.
var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

// object reads an object.
func (w *walker) object(path string, depth int) error {
	for w.dec.More() {
		name, err := w.dec.Token()
		if err != nil {
			return err
		}
		text, _ := name.(string)
		if err := w.walk(path+"/"+pointerEscape.Replace(text), depth+1); err != nil {
			return err
		}
	}
	_, err := w.dec.Token()
	return err
}
