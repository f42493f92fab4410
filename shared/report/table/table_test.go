package table_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/table"
)

// read reads a text.
func read(r io.Reader, f table.Format) (list []report.Row, err error) {
	for row, err := range table.Rows(r, f) {
		if err != nil {
			return list, err
		}
		list = append(list, row)
	}
	return list, nil
}

// TestTablesAreRead reads tabs, CSV, byte order marks and charsets.
func TestTablesAreRead(t *testing.T) {
	latin, err := charmap.Windows1252.NewEncoder().String("name\tamount\nMüller\t1\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []report.Row{{Number: 1, Fields: map[string]any{"name": "Müller", "amount": "1"}}}
	for name, c := range map[string]struct {
		text string
		f    table.Format
	}{
		"tabs":              {"name\tamount\r\nMüller\t1\r\n", table.Format{Comma: '\t'}},
		"no last line feed": {"name\tamount\nMüller\t1", table.Format{Comma: '\t'}},
		"byte order mark":   {"\uFEFFname\tamount\nMüller\t1\n", table.Format{Comma: '\t', Charset: "UTF-8"}},
		"windows-1252":      {latin, table.Format{Comma: '\t', Charset: "Cp1252"}},
		"CSV":               {"name,amount\n\"Müller\",1\n", table.Format{Comma: ','}},
		"semicolons":        {"name;amount\nMüller;1\n", table.Format{Comma: ';'}},
	} {
		if c.f.Charset == "Cp1252" {
			c.f.Charset = "windows-1252"
		}
		got, err := read(strings.NewReader(c.text), c.f)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
	if got, err := read(strings.NewReader(""), table.Format{Comma: '\t'}); err != nil || got != nil {
		t.Errorf("an empty text: %v, %v", got, err)
	}
	if got, err := read(strings.NewReader("a\tb\n"), table.Format{Comma: '\t'}); err != nil || got != nil {
		t.Errorf("a header alone: %v, %v", got, err)
	}
}

// TestBadTextIsRefusedWithItsRow says which row is wrong.
func TestBadTextIsRefusedWithItsRow(t *testing.T) {
	tabs, commas := table.Format{Comma: '\t'}, table.Format{Comma: ','}
	for name, c := range map[string]struct {
		text string
		f    table.Format
		want string
	}{
		"too few fields":      {"a\tb\n1\t2\n3\n", tabs, "row 2 has 1 fields, the header has 2"},
		"too many fields":     {"a,b\n1,2\n3,4,5\n", commas, "row 2 has 3 fields, the header has 2"},
		"wrong charset":       {"a\tb\n1\t2\nM\xfcller\t2\n", tabs, `row 2: column "a" is not valid text`},
		"unknown charset":     {"a\n", table.Format{Comma: '\t', Charset: "klingon"}, `charset "klingon" is not known`},
		"HTML":                {"<!doctype html>\n<html>", tabs, "HTML"},
		"HTML for CSV":        {"  <html>,\n", commas, "HTML"},
		"a column twice":      {"a\ta\n", tabs, "column 2"},
		"an open quote":       {"a,b\n\"1,2\n", commas, "row 1 cannot be read"},
		"a line without end":  {"a,b\n" + strings.Repeat("x", 2<<20), commas, "row 1 is longer"},
		"a long line of tabs": {"a\tb\n" + strings.Repeat("x", 2<<20), tabs, "row 1 is longer"},
	} {
		_, err := read(strings.NewReader(c.text), c.f)
		if err == nil || !strings.Contains(err.Error(), c.want) || fault.Retryable(err) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestAnErrorOfTheReaderStays keeps the cause of a broken stream.
func TestAnErrorOfTheReaderStays(t *testing.T) {
	for _, comma := range []rune{'\t', ','} {
		r := io.MultiReader(strings.NewReader("a"+string(comma)+"b\n1"+string(comma)+"2\n3"), &broken{})
		got, err := read(r, table.Format{Comma: comma})
		if !errors.Is(err, io.ErrUnexpectedEOF) || len(got) != 1 {
			t.Errorf("%q: %d rows, %v", comma, len(got), err)
		}
	}
}

// broken is a stream that breaks off.
type broken struct{}

func (*broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// FuzzRows finds no text of which a row has other fields than the header.
func FuzzRows(f *testing.F) {
	f.Add("a\tb\n1\t2\n", true)
	f.Add("a,b\n\"1\",2\n", false)
	f.Fuzz(func(t *testing.T, text string, tabs bool) {
		comma := ','
		if tabs {
			comma = '\t'
		}
		width := -1
		for row, err := range table.Rows(strings.NewReader(text), table.Format{Comma: comma}) {
			if err != nil {
				return
			}
			if width >= 0 && len(row.Fields) != width {
				t.Errorf("row %d has %d fields", row.Number, len(row.Fields))
			}
			width = len(row.Fields)
		}
	})
}

// TestADocumentThatIsTooLargeIsNoWholeOne ends behind the bound with an error that
// nobody retries, whatever reads the document.
func TestADocumentThatIsTooLargeIsNoWholeOne(t *testing.T) {
	const text, list = "a\tb\n1\t2\n", `[{"a":1}]`
	if rows, err := read(table.Limit(strings.NewReader(text), int64(len(text))), table.Format{Comma: '\t'}); err != nil || len(rows) != 1 {
		t.Errorf("a document of the bound's size: %v, %v", rows, err)
	}
	for name, err := range map[string]error{
		"tabs": second(read(table.Limit(strings.NewReader(text), int64(len(text))-1), table.Format{Comma: '\t'})),
		"CSV":  second(read(table.Limit(strings.NewReader(text), 3), table.Format{Comma: ','})),
		"JSON": second(table.JSON{}.Each(table.Limit(strings.NewReader(list), int64(len(list))-1), func(report.Row) bool { return true })),
	} {
		if fault.KindOf(err) != fault.TooLarge {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// second is the error of two results.
func second[T any](_ T, err error) error { return err }
