package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"
)

// maxDepth is the deepest nesting of a field's path.
const maxDepth = 8

// Root returns the id of a row's root.
func (p *Plan) Root(row [][]byte) (uint64, error) {
	text := row[p.roots[0]]
	id, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("column %s is %q: a root's id must be a whole number from 0", RootColumn, text)
	}
	return id, nil
}

// KeyColumns returns how many columns a root's id or key has.
func (p *Plan) KeyColumns() int { return len(p.roots) }

// Key returns the values of the columns of a row's root.
func (p *Plan) Key(row [][]byte) [][]byte {
	values := make([][]byte, len(p.roots))
	for i, at := range p.roots {
		values[i] = row[at]
	}
	return values
}

// ID returns the record's id, empty if the row has none, or one that is longer than MaxID.
func (p *Plan) ID(row [][]byte) string {
	id := p.format.IDs.Of(string(row[p.id]))
	if len(id) > MaxID {
		return ""
	}
	return id
}

// Version returns a number for a row's id and version columns, the same in every
// process. The versions of a root's rows are summed: the sum changes when a row is
// added, removed or changed. No tenant chooses the values of version columns, so a fast
// hash is enough.
func (p *Plan) Version(row [][]byte) uint64 {
	var room [256]byte
	b := append(room[:0], row[p.id]...)
	for _, i := range p.versions {
		b = append(append(b, 0), row[i]...)
	}
	return xxhash.Sum64(b)
}

// Append appends the record of a row to dst as compact JSON. The error names the field
// without a JSON form; dst is then returned unchanged.
func (p *Plan) Append(dst []byte, row [][]byte) ([]byte, error) {
	if len(row[p.id]) == 0 {
		return dst, errNoID
	}
	if len(row[p.id]) > MaxID && p.ID(row) == "" {
		return dst, fmt.Errorf("%s has %d bytes; at most %d are taken", IDField, len(row[p.id]), MaxID)
	}
	if p.account >= 0 && len(bytes.TrimSpace(row[p.account])) == 0 {
		return dst, fmt.Errorf("field %s is NULL or empty: the record belongs to no account, so no search could find it", p.format.Account)
	}
	start := len(dst)
	dst = append(dst, '{')
	var opened [maxDepth]int // the beginning of each open object, to remove it if it stays empty
	depth := 0
	for i := range p.steps {
		s := &p.steps[i]
		switch s.op {
		case opOpen:
			if depth == maxDepth {
				return dst[:start], fmt.Errorf("fields nest deeper than %d", maxDepth)
			}
			opened[depth] = len(dst)
			depth++
			dst = append(comma(dst), s.key...)
			dst = append(dst, '{')
		case opClose:
			depth--
			if dst[len(dst)-1] == '{' {
				dst = dst[:opened[depth]]
				continue
			}
			dst = append(dst, '}')
		case opField:
			if row[s.column] == nil || s.kind == EpochMillis && isZeroDate(row[s.column]) {
				continue
			}
			var err error
			dst = append(comma(dst), s.key...)
			if s.column == p.id && len(p.format.IDs) > 0 {
				dst = appendString(dst, []byte(p.ID(row)))
				continue
			}
			if dst, err = appendValue(dst, s.kind, row[s.column]); err != nil {
				return dst[:start], fmt.Errorf("field %s: %w", s.name, err)
			}
		}
	}
	if p.account >= 0 && p.format.AccountKey {
		dst = append(dst, `,"`+AccountKeyField+`":"`...)
		dst = append(appendAccountKey(dst, row[p.account]), '"')
	}
	return append(dst, '}'), nil
}

// isZeroDate reports MySQL's 0000-00-00, which old tables use for "unknown".
func isZeroDate(v []byte) bool { return bytes.HasPrefix(v, []byte("0000-00-00")) }

// comma separates a field from the one before it.
func comma(dst []byte) []byte {
	if dst[len(dst)-1] == '{' {
		return dst
	}
	return append(dst, ',')
}

// appendValue appends one column's text as JSON.
func appendValue(dst []byte, k Kind, v []byte) ([]byte, error) {
	switch k {
	case Number:
		return appendNumber(dst, v)
	case Bool:
		return appendBool(dst, v)
	case bits:
		return appendBits(dst, v)
	case anyBit:
		return strconv.AppendBool(dst, len(bytes.Trim(v, "\x00")) > 0), nil
	case rawText:
		if !utf8.Valid(v) {
			return dst, errors.New("its bytes are no text: convert them in the SQL, such as with HEX()")
		}
		return appendString(dst, v), nil
	case EpochMillis:
		ms, err := epochMillis(v)
		if err != nil {
			return dst, err
		}
		return strconv.AppendInt(dst, ms, 10), nil
	case JSON:
		return appendJSON(dst, v)
	default:
		return appendString(dst, v), nil
	}
}

// words are what tables write for true and false, in small letters. An empty text is what
// they write for "not set".
var words = map[string]bool{
	"": false, "0": false, "n": false, "no": false, "f": false, "false": false, "off": false,
	"1": true, "y": true, "yes": true, "t": true, "true": true, "on": true,
}

// appendBool appends true or false: a number is true unless it is zero, however written,
// and a text has to be one of words.
func appendBool(dst, v []byte) ([]byte, error) {
	v = bytes.TrimSpace(v)
	if so, ok := words[strings.ToLower(string(v))]; ok {
		return strconv.AppendBool(dst, so), nil
	}
	if isNumber(v) || len(bytes.Trim(v, "0123456789")) == 0 { // ZEROFILL's zeros
		return strconv.AppendBool(dst, hasDigit(v)), nil
	}
	return dst, fmt.Errorf("%q is neither true nor false: convert it in the SQL", v)
}

// hasDigit reports whether a number is another than zero.
func hasDigit(v []byte) bool {
	for _, c := range v {
		if c >= '1' && c <= '9' {
			return true
		}
		if c == 'e' || c == 'E' {
			return false
		}
	}
	return false
}

// appendBits appends the number that the bytes of a BIT are.
func appendBits(dst, v []byte) ([]byte, error) {
	if len(v) > 8 {
		return dst, fmt.Errorf("%d bytes are no BIT", len(v))
	}
	var n uint64
	for _, b := range v {
		n = n<<8 | uint64(b)
	}
	return strconv.AppendUint(dst, n, 10), nil
}

// isNumber reports a number in JSON's form.
func isNumber(v []byte) bool {
	return isPlain(v) || len(v) > 0 && (v[0] == '-' || v[0] >= '0' && v[0] <= '9') && json.Valid(v)
}

// appendNumber appends a number as MySQL prints it, which is also JSON, except
// for ZEROFILL's leading zeros and the space around a text.
func appendNumber(dst, v []byte) ([]byte, error) {
	v = bytes.TrimSpace(v)
	for len(v) > 1 && v[0] == '0' && v[1] >= '0' && v[1] <= '9' {
		v = v[1:]
	}
	if !isNumber(v) {
		return dst, fmt.Errorf("%q is not a number", v)
	}
	return append(dst, v...), nil
}

// isPlain reports a number of the usual form: digits, perhaps after a minus and with a
// point between. It saves checking every letter.
func isPlain(v []byte) bool {
	if len(v) > 0 && v[0] == '-' {
		v = v[1:]
	}
	if len(v) == 0 || v[0] == '0' && len(v) > 1 && v[1] != '.' {
		return false
	}
	points := 0
	for _, c := range v {
		if c == '.' {
			points++
		} else if c < '0' || c > '9' {
			return false
		}
	}
	return points == 0 || points == 1 && v[0] != '.' && v[len(v)-1] != '.'
}

// appendJSON appends a JSON column without its white space.
func appendJSON(dst, v []byte) ([]byte, error) {
	buf := bytes.NewBuffer(dst)
	if err := json.Compact(buf, v); err != nil {
		return dst, fmt.Errorf("not valid JSON: %w", err)
	}
	return buf.Bytes(), nil
}
