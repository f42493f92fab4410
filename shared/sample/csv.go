package sample

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the files' wall clock must be known on machines without zone data
	"unicode/utf8"
)

// CSVError is a fault of a file, with its place.
type CSVError struct {
	// File is the file's path.
	File string
	// Line counts from 1, the header included; 0 means the file as a whole.
	Line int
	// Column is the header's name of the column; empty means the whole line.
	Column string
	// Reason names the fault in words.
	Reason string
}

// Error gives place and reason on one line.
func (e *CSVError) Error() string {
	place := e.File
	if e.Line > 0 {
		place += fmt.Sprintf(", line %d", e.Line)
	}
	if e.Column != "" {
		place += ", column " + e.Column
	}
	return "sample: " + place + ": " + e.Reason
}

// sheet reads a CSV file with a header line, by column name. The first thing
// that is wrong is kept and ends the reading.
type sheet struct {
	file    string
	reader  *csv.Reader
	columns map[string]int
	row     []string
	err     error
}

// newSheet reads the header, which must name at least the wanted columns, in
// any order.
func newSheet(file string, from io.Reader, want []string) (*sheet, error) {
	s := &sheet{file: file, reader: csv.NewReader(from), columns: map[string]int{}}
	s.reader.ReuseRecord = true
	header, err := s.reader.Read()
	if err != nil {
		return nil, s.broken(err)
	}
	for i, name := range header {
		s.columns[strings.TrimPrefix(name, "\ufeff")] = i
	}
	for _, name := range want {
		if _, ok := s.columns[name]; !ok {
			return nil, &CSVError{file, 1, name, "the header does not name this column"}
		}
	}
	return s, nil
}

// broken reports a file that is not CSV, or not readable to its end.
func (s *sheet) broken(err error) error {
	var parse *csv.ParseError
	switch {
	case errors.As(err, &parse):
		return &CSVError{s.file, parse.Line, "", parse.Err.Error()}
	case errors.Is(err, io.EOF):
		return &CSVError{s.file, 0, "", "the file is empty; want a header line"}
	default:
		return &CSVError{s.file, 0, "", "the file cannot be read to its end: " + err.Error()}
	}
}

// next moves to the next line, and is false at the end or when something is wrong.
func (s *sheet) next() bool {
	if s.err != nil {
		return false
	}
	row, err := s.reader.Read()
	if errors.Is(err, io.EOF) {
		return false
	}
	if err != nil {
		s.err = s.broken(err)
		return false
	}
	s.row = row
	return true
}

// line is the number of the present line.
func (s *sheet) line() int {
	line, _ := s.reader.FieldPos(0)
	return line
}

// wrong keeps the first error.
func (s *sheet) wrong(column, reason string) {
	if s.err == nil {
		s.err = &CSVError{s.file, s.line(), column, reason}
	}
}

// text is a cell of at most so many characters, with its spaces.
func (s *sheet) text(column string, limit int) string {
	cell := strings.Clone(s.row[s.columns[column]])
	if !utf8.ValidString(cell) {
		s.wrong(column, "not valid UTF-8")
	}
	if n := utf8.RuneCountInString(cell); n > limit {
		s.wrong(column, fmt.Sprintf("%d characters; the table keeps %d", n, limit))
	}
	return cell
}

// key is a text that may not be blank.
func (s *sheet) key(column string, limit int) string {
	cell := s.text(column, limit)
	if strings.TrimSpace(cell) == "" {
		s.wrong(column, "is blank")
	}
	return cell
}

// whole is a count from low up, within a database INT.
func (s *sheet) whole(column string, low int64) int64 {
	cell := s.row[s.columns[column]]
	n, err := strconv.ParseInt(cell, 10, 32)
	if err != nil || n < low {
		s.wrong(column, fmt.Sprintf("%q is not a whole number from %d to 2147483647", cell, low))
	}
	return n
}

// amount is a sum of money with at most three decimals.
func (s *sheet) amount(column string) money {
	cell := s.row[s.columns[column]]
	m, ok := parseMoney(cell)
	if !ok {
		s.wrong(column, fmt.Sprintf("%q is not an amount with at most 11 digits before and 3 after the point", cell))
	}
	return m
}

// parseMoney reads a decimal number exactly, without floating point.
func parseMoney(cell string) (money, bool) {
	digits, negative := strings.CutPrefix(cell, "-")
	whole, decimals, point := strings.Cut(digits, ".")
	if whole == "" || len(whole) > 11 || len(decimals) > 3 || point && decimals == "" {
		return 0, false
	}
	n, err := strconv.ParseUint(whole+(decimals + "000")[:3], 10, 63)
	if err != nil {
		return 0, false
	}
	if negative {
		return -money(n), true
	}
	return money(n), true
}

// clock is an instant given as the wall clock of a place; blank is the zero time.
func (s *sheet) clock(column string, place *time.Location) time.Time {
	cell := s.row[s.columns[column]]
	if cell == "" {
		return time.Time{}
	}
	at, err := time.ParseInLocation(time.DateTime, cell, place)
	if err != nil {
		s.wrong(column, fmt.Sprintf("%q is not a time like %s", cell, time.DateTime))
		return time.Time{}
	}
	if at.Year() < 1971 {
		s.wrong(column, fmt.Sprintf("%q is before 1971", cell))
	}
	return at.UTC()
}
