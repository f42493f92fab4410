package entity

import (
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
)

// Part is the kind of one column of a root's key.
type Part string

// The kinds of columns. Dates, decimals and UUIDs are texts.
const (
	Number Part = "number" // whole numbers
	Text   Part = "text"
	Binary Part = "binary" // bytes, such as a UUID in BINARY(16)
)

// parts are all kinds, for errors.
var parts = []Part{Number, Text, Binary}

// The limits of keys. The longest key of a table of InnoDB has 3072 bytes.
const (
	maxParts = 8
	MaxKey   = 3072 + 3*maxParts
)

// Key is the exact bytes of a root's key, as the source gives them to a session in
// utf8mb4: a single column's as they are, several columns' each behind its length.
// Numbers are written in decimal digits without leading zeros.
type Key string

// rootTypes is rootType as written: a word, or a list of words for several columns.
type rootTypes []string

// UnmarshalYAML reads a word or a list of words.
func (r *rootTypes) UnmarshalYAML(read func(any) error) error {
	var word string
	if read(&word) == nil {
		*r = rootTypes{word}
		return nil
	}
	var words []string
	if err := read(&words); err != nil {
		return errors.New("rootType: want number, text or binary, or a list of them for a key of several columns, such as [number, text]")
	}
	*r = words
	return nil
}

// parse checks rootType. A single number is the usual root and needs no map of keys.
func (r rootTypes) parse() ([]Part, error) {
	if len(r) > maxParts {
		return nil, fmt.Errorf("rootType: want at most %d columns", maxParts)
	}
	var list []Part
	for _, word := range r {
		if !slices.Contains(parts, Part(word)) {
			return nil, fmt.Errorf("rootType: %q is none of %v", word, parts)
		}
		list = append(list, Part(word))
	}
	if len(list) == 1 && list[0] == Number {
		return nil, nil
	}
	return list, nil
}

// Keyed reports whether the definition's roots are keys that are no numbers, so that a
// map of ours gives them numbers.
func (d Definition) Keyed() bool { return len(d.Key) > 0 }

// KeySpace returns the name under which the map keeps the definition's keys: the
// entity's, whichever of its targets (package target) the definition feeds, so that a
// rebuild keeps the numbers.
func (d Definition) KeySpace() string {
	name, _, _ := strings.Cut(d.Name, "~")
	return name
}

// RootColumns returns the columns of a root in changed.sql, roots.sql and rows.sql:
// _root, or _root1, _root2 and so on for a key of several columns.
func (d Definition) RootColumns() []string {
	if len(d.Key) < 2 {
		return []string{record.RootColumn}
	}
	list := make([]string, len(d.Key))
	for i := range list {
		list[i] = record.RootColumn + strconv.Itoa(i+1)
	}
	return list
}

// Samples returns n values of :ids, for plans and columns: the numbers from first on, and
// for other keys texts that are dates as well, because a server refuses to compare a date
// with another text. The texts from 0 on begin with NULL, which no key equals.
func (d Definition) Samples(first, n int) []any {
	list := make([]any, n)
	for i := range list {
		tuple := make([]any, len(d.RootColumns()))
		for j := range tuple {
			tuple[j] = first + i
			if d.Keyed() && d.Key[j] != Number {
				tuple[j] = sampleText(first + i)
			}
		}
		if list[i] = tuple; len(tuple) == 1 {
			list[i] = tuple[0]
		}
	}
	return list
}

// sampleText returns a text for Samples.
func sampleText(n int) any {
	if n == 0 {
		return nil
	}
	return fmt.Sprintf("2000-01-%02d", n)
}

// errNoKey is the error of a key with a NULL in it.
var errNoKey = errors.New("a column of the root's key is NULL")

// PackKey returns the key of the columns' values.
func (d Definition) PackKey(values [][]byte) (Key, error) {
	if len(values) != len(d.Key) {
		return "", fmt.Errorf("a root's key has %d columns, not %d", len(d.Key), len(values))
	}
	var packed []byte
	for i, v := range values {
		if v == nil {
			return "", errNoKey
		}
		if d.Key[i] == Number {
			n, err := decimal(string(v))
			if err != nil {
				return "", err
			}
			v = []byte(n)
		}
		if len(values) > 1 {
			packed = binary.AppendUvarint(packed, uint64(len(v)))
		}
		packed = append(packed, v...)
	}
	if len(packed) > MaxKey {
		return "", fmt.Errorf("a root's key has %d bytes: want at most %d", len(packed), MaxKey)
	}
	return Key(packed), nil
}

// decimal writes a whole number without leading zeros.
func decimal(text string) (string, error) {
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return strconv.FormatUint(n, 10), nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return "", fmt.Errorf("%q is no whole number: say text in rootType", text)
	}
	return strconv.FormatInt(n, 10), nil
}

// Values returns the values of a key's columns; false if the key is not of this
// definition's form.
func (d Definition) Values(k Key) ([]string, bool) {
	if len(d.Key) == 1 {
		return []string{string(k)}, true
	}
	rest, list := []byte(k), make([]string, 0, len(d.Key))
	for range d.Key {
		n, width := binary.Uvarint(rest)
		if width <= 0 || n > uint64(len(rest)-width) {
			return nil, false
		}
		list = append(list, string(rest[width:width+int(n)]))
		rest = rest[width+int(n):]
	}
	return list, len(rest) == 0
}

// Bound returns a key as a value of :ids: a text is compared as a text and bytes as
// bytes, so that an index serves both; a tuple for several columns. False as in Values.
func (d Definition) Bound(k Key) (any, bool) {
	values, ok := d.Values(k)
	if !ok {
		return nil, false
	}
	tuple := make([]any, len(values))
	for i, v := range values {
		tuple[i] = v
		switch d.Key[i] {
		case Binary:
			tuple[i] = []byte(v)
		case Number:
			if n, err := strconv.ParseUint(v, 10, 64); err == nil {
				tuple[i] = n
			} else if n, err := strconv.ParseInt(v, 10, 64); err == nil {
				tuple[i] = n
			}
		}
	}
	if len(tuple) == 1 {
		return tuple[0], true
	}
	return tuple, true
}

// KeyText writes a key for people and flags: bytes in hexadecimal, several columns with
// commas between, as a line of CSV.
func (d Definition) KeyText(k Key) string {
	values, ok := d.Values(k)
	if !ok {
		return hex.EncodeToString([]byte(k))
	}
	for i := range values {
		if d.Key[i] == Binary {
			values[i] = hex.EncodeToString([]byte(values[i]))
		}
	}
	if len(values) == 1 {
		return values[0]
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write(values) // a strings.Builder takes everything
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}

// ParseKey reads what KeyText writes. Hexadecimal bytes may begin with 0x and have the
// hyphens of a UUID.
func (d Definition) ParseKey(text string) (Key, error) {
	fields := []string{text}
	if len(d.Key) > 1 {
		r := csv.NewReader(strings.NewReader(text))
		var err error
		if fields, err = r.Read(); err != nil || len(fields) != len(d.Key) {
			return "", fmt.Errorf("%q is no key of %s: want %d values with commas between, in quotes where a value has a comma", text, d.Name, len(d.Key))
		}
	}
	values := make([][]byte, len(fields))
	for i, f := range fields {
		values[i] = []byte(f)
		if d.Key[i] == Binary {
			var err error
			if values[i], err = hex.DecodeString(strings.ReplaceAll(strings.TrimPrefix(f, "0x"), "-", "")); err != nil {
				return "", fmt.Errorf("%q is no key of %s: want bytes in hexadecimal", f, d.Name)
			}
		}
	}
	return d.PackKey(values)
}
