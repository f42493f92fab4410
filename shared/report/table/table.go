// Package table reads the rows of a document: of a text with a header, its fields
// separated by tabs, as Amazon's flat files, or CSV (RFC 4180), and of JSON. It streams, and refuses what is no such text
// with the row's number: a row with other fields than the header, bytes that are not of
// the charset, a page of HTML.
package table

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
)

// Format is how a text is written.
type Format struct {
	// Comma separates fields; a tab means fields without quotes.
	Comma rune
	// Charset is the text's encoding, such as windows-1252; empty is UTF-8.
	Charset string
}

// maxLine is the longest line in bytes.
const maxLine = 1 << 20

// bad is the error of a text that a second reading cannot cure.
func bad(format string, args ...any) error {
	return fault.New(fault.Misconfigured, "bad-document", format, args...)
}

// Rows streams the rows of a text. Every field is a string. An error of r comes back
// as it is.
func Rows(r io.Reader, f Format) iter.Seq2[report.Row, error] {
	return func(yield func(report.Row, error) bool) {
		if err := each(r, f, func(row report.Row) bool { return yield(row, nil) }); err != nil {
			yield(report.Row{}, err)
		}
	}
}

// each calls fn with every row until it returns false.
func each(r io.Reader, f Format, fn func(report.Row) bool) error {
	text, err := decoded(r, f.Charset)
	if err != nil {
		return err
	}
	next := records(text, f.Comma)
	header, err := next()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return placed(err, 0)
	}
	if err := checkHeader(header); err != nil {
		return err
	}
	for number := int64(1); ; number++ {
		record, err := next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return placed(err, number)
		case len(record) != len(header):
			return bad("row %d has %d fields, the header has %d", number, len(record), len(header))
		}
		fields := make(map[string]any, len(header))
		for i, name := range header {
			if !utf8.ValidString(record[i]) {
				return bad("row %d: column %q is not valid text in the document's charset", number, name)
			}
			fields[name] = record[i]
		}
		if !fn(report.Row{Number: number, Fields: fields}) {
			return nil
		}
	}
}

// decoded returns the text as UTF-8 without a byte order mark.
func decoded(r io.Reader, charset string) (*bufio.Reader, error) {
	switch strings.ToLower(charset) {
	case "", "utf-8", "utf8", "us-ascii":
	default:
		e, err := htmlindex.Get(charset)
		if err != nil {
			return nil, bad("the document's charset %q is not known", charset)
		}
		r = e.NewDecoder().Reader(r)
	}
	text := bufio.NewReaderSize(r, 64<<10)
	if mark, err := text.Peek(3); err == nil && string(mark) == "\uFEFF" {
		_, _ = text.Discard(3) // they are there
	}
	return text, nil
}

// checkHeader refuses what is no header.
func checkHeader(header []string) error {
	if strings.HasPrefix(strings.TrimSpace(header[0]), "<") {
		return bad("the document is a page of HTML or XML, not a table")
	}
	seen := map[string]bool{}
	for i, name := range header {
		name = strings.TrimSpace(name)
		header[i] = name
		if name == "" || seen[name] || !utf8.ValidString(name) {
			return bad("the header's column %d is empty, stands twice or is not valid text", i+1)
		}
		seen[name] = true
	}
	return nil
}

// placed gives an error of a row its number. An error of the reader below stays as it
// is.
func placed(err error, number int64) error {
	var syntax *csv.ParseError
	switch {
	case errors.As(err, &syntax):
		return bad("row %d cannot be read: %v", number, syntax.Err)
	case errors.Is(err, bufio.ErrTooLong):
		return bad("row %d is longer than %d bytes", number, maxLine)
	}
	return err
}

// records returns a function that reads one record after the other.
func records(text *bufio.Reader, comma rune) func() ([]string, error) {
	if comma != '\t' {
		c := csv.NewReader(&bounded{r: text})
		c.Comma, c.FieldsPerRecord = comma, -1
		return c.Read
	}
	below := &remembered{r: text}
	lines := bufio.NewScanner(below)
	lines.Buffer(nil, maxLine)
	lines.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		if atEOF && below.err != nil && !errors.Is(below.err, io.EOF) && bytes.IndexByte(data, '\n') < 0 {
			return 0, nil, below.err // the last line is not whole
		}
		return bufio.ScanLines(data, atEOF)
	})
	return func() ([]string, error) {
		for lines.Scan() {
			if line := lines.Text(); line != "" {
				return strings.Split(line, "\t"), nil
			}
		}
		if err := lines.Err(); err != nil {
			return nil, err
		}
		return nil, io.EOF
	}
}

// remembered keeps the error of a reader.
type remembered struct {
	r   io.Reader
	err error
}

// Read implements io.Reader.
func (r *remembered) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil {
		r.err = err
	}
	return n, err
}

// bounded ends a text with a line longer than maxLine, which the CSV reader would
// collect in memory. Quoted line breaks end a line too.
type bounded struct {
	r    io.Reader
	line int // bytes since the last line break
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	for _, c := range p[:n] {
		if b.line++; c == '\n' {
			b.line = 0
		}
		if b.line > maxLine {
			return 0, bufio.ErrTooLong
		}
	}
	return n, err
}
