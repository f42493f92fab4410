package mysql

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"regexp"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// letters is how the source compares a column of keys.
type letters struct {
	charset, collation string
	space              []byte // the weight of a space, where trailing ones do not count
}

// exact reports a column whose values are equal if their bytes are.
func (l letters) exact() bool { return l.charset == "" || l.charset == "binary" }

// lossless reports a charset that has every letter of a session's.
func (l letters) lossless() bool { return l.charset == "utf8mb4" }

// plainName is the form of the names of charsets and collations.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

// lettersOf returns how the source compares the columns of a definition's keys in
// rows.sql, asked once a definition.
func (s *Source) lettersOf(ctx context.Context, d entity.Definition) ([]letters, error) {
	if known, ok := s.letters.Load(d.Source); ok {
		return known.([]letters), nil
	}
	text, args := d.Rows.Bind(noKey(d))
	list := make([]letters, len(d.Key))
	for i, column := range d.RootColumns() {
		if d.Key[i] != entity.Text {
			continue
		}
		l := &list[i]
		err := s.aside.QueryRowContext(ctx, "SELECT CHARSET(MAX("+column+")), COLLATION(MAX("+column+")) FROM ("+text+") AS current_rows", args...).Scan(&l.charset, &l.collation)
		if err != nil {
			return nil, broken(err, d.Source+"/rows.sql")
		}
		if !plainName.MatchString(l.charset) || !plainName.MatchString(l.collation) {
			return nil, sqldb.Wrong(fmt.Errorf("%s has the collation %q of %q", column, l.collation, l.charset), d.Source+"/rows.sql")
		}
		if l.exact() {
			continue
		}
		err = s.aside.QueryRowContext(ctx, "SELECT CASE WHEN "+l.of("'a'")+" = "+l.of("'a '")+" THEN WEIGHT_STRING("+l.of("' '")+") END").Scan(&l.space)
		if err != nil {
			return nil, sqldb.Source(err)
		}
	}
	s.letters.Store(d.Source, list)
	return list, nil
}

// of returns an expression in the column's letters.
func (l letters) of(expression string) string {
	return "CONVERT(" + expression + " USING " + l.charset + ") COLLATE " + l.collation
}

// weight returns the expression of a text that is equal for equal values, with the number
// of its parameters, which all are the value. It is NULL for a value with a letter that
// the column's charset lacks: no key of the column equals it.
func (l letters) weight() (expression string, parameters int) {
	value := l.of("?")
	if l.space != nil {
		value = "RTRIM(" + value + ")" // collations of several levels end with the weights of the last
	}
	if l.lossless() {
		return "WEIGHT_STRING(" + value + ")", 1
	}
	return "CASE WHEN CAST(CONVERT(CONVERT(? USING " + l.charset + ") USING utf8mb4) AS BINARY) = CAST(? AS BINARY) THEN WEIGHT_STRING(" + value + ") END", 3
}

// unpadded removes trailing spaces, and what weighs as much, from a weight.
func (l letters) unpadded(weight []byte) []byte {
	for len(l.space) > 0 && bytes.HasSuffix(weight, l.space) {
		weight = weight[:len(weight)-len(l.space)]
	}
	return weight
}

// weighedAtOnce is how many values one statement weighs, a column of its answer each.
const weighedAtOnce = 250

// weights returns for each value bytes that are equal for values which the source holds
// equal; nil for a value that the column cannot hold.
func (s *Source) weights(ctx context.Context, l letters, values []string) ([][]byte, error) {
	out := make([][]byte, 0, len(values))
	if l.exact() {
		for _, v := range values {
			out = append(out, []byte(v))
		}
		return out, nil
	}
	expression, parameters := l.weight()
	for start := 0; start < len(values); start += weighedAtOnce {
		part := values[start:min(start+weighedAtOnce, len(values))]
		args := make([]any, 0, parameters*len(part))
		for _, v := range part {
			for range parameters {
				args = append(args, v)
			}
		}
		raw := make([][]byte, len(part))
		into := make([]any, len(part))
		for i := range raw {
			into[i] = &raw[i]
		}
		text := "SELECT " + strings.TrimSuffix(strings.Repeat(expression+", ", len(part)), ", ")
		if err := s.aside.QueryRowContext(ctx, text, args...).Scan(into...); err != nil {
			return nil, sqldb.Source(err)
		}
		for _, w := range raw {
			out = append(out, l.unpadded(w))
		}
	}
	return out, nil
}

// sames returns for each key a text that is equal for keys which the source holds equal. A
// key with a letter that its column's charset lacks is left out: it has no row, and a
// statement that named it would be refused.
func (s *Source) sames(ctx context.Context, d entity.Definition, keys []entity.Key) (map[entity.Key]string, error) {
	list, err := s.lettersOf(ctx, d)
	if err != nil {
		return nil, err
	}
	usable := make([]entity.Key, 0, len(keys))
	columns := make([][]string, len(d.Key))
	for _, k := range keys {
		values, ok := d.Values(k)
		if !ok {
			continue
		}
		usable = append(usable, k)
		for i, v := range values {
			columns[i] = append(columns[i], v)
		}
	}
	packed, strange := make([][]byte, len(usable)), make([]bool, len(usable))
	for i := range columns {
		weights, err := s.weights(ctx, list[i], columns[i])
		if err != nil {
			return nil, err
		}
		for n, w := range weights {
			packed[n] = append(binary.AppendUvarint(packed[n], uint64(len(w))), w...)
			strange[n] = strange[n] || w == nil
		}
	}
	out := make(map[entity.Key]string, len(usable))
	for n, k := range usable {
		if !strange[n] {
			out[k] = string(packed[n])
		}
	}
	return out, nil
}
