package mssql

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/golang-sql/civil"
	driver "github.com/microsoft/go-mssqldb"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// kind is a family of types whose values are treated alike.
type kind uint8

const (
	bits kind = iota + 1
	integers
	floats
	decimals
	texts
	dates
	moments // without a zone
	zoned
	guids
	binaries
)

// kinds are the families by the types' names.
var kinds = map[string]kind{
	"bit": bits, "tinyint": integers, "smallint": integers, "int": integers, "bigint": integers, "float": floats, "real": floats,
	"decimal": decimals, "numeric": decimals, "money": decimals, "nvarchar": texts, "varchar": texts, "nchar": texts, "char": texts,
	"date": dates, "datetime": moments, "datetime2": moments, "datetimeoffset": zoned, "uniqueidentifier": guids, "varbinary": binaries, "binary": binaries,
}

// parseType reads a declaration.
func parseType(text string) (k kind, most int, ok bool) {
	name, sizes, sized := strings.Cut(strings.ToLower(strings.TrimSpace(text)), "(")
	k = kinds[strings.TrimSpace(name)]
	if !sized {
		return k, 0, k != 0
	}
	inner, closed := strings.CutSuffix(sizes, ")")
	for one := range strings.SplitSeq(inner, ",") {
		one = strings.TrimSpace(one)
		n, err := strconv.Atoi(one)
		if err != nil && one != "max" || n < 0 {
			return 0, 0, false
		}
		if k == texts || k == binaries {
			most = n
		}
	}
	return k, most, closed && k != 0
}

// problem says why a value does not fit a column.
func (c Column) problem(v any) error {
	return fmt.Errorf("the column %s of type %s cannot hold the %T %.40q", c.Name, c.Type, v, fmt.Sprint(v))
}

// argument returns a field's value as an argument of a statement. Odoo's word for empty is
// false.
func (c Column) argument(v any) (any, error) {
	if v == nil || v == false && c.kind != bits || v == "" && c.kind != texts {
		if c.kind == binaries { // an untyped NULL is a text, which is never converted to bytes
			return []byte(nil), nil
		}
		return nil, nil
	}
	switch c.kind {
	case bits:
		return c.bit(v)
	case integers:
		if n, ok := transfer.Number(v); ok {
			if i, whole := n.(int64); whole {
				return i, nil
			}
		}
	case floats:
		if n, ok := transfer.Number(v); ok {
			f, _ := strconv.ParseFloat(fmt.Sprint(n), 64)
			return f, nil
		}
	case decimals:
		return c.decimal(v)
	case texts:
		if s, ok := v.(string); ok && (c.most == 0 || len(utf16.Encode([]rune(s))) <= c.most) {
			return s, nil
		}
	case dates, moments, zoned:
		return c.time(v)
	case guids:
		if s, ok := v.(string); ok && len(s) == 36 {
			return s, nil
		}
	case binaries:
		if b, ok := v.([]byte); ok && (c.most == 0 || len(b) <= c.most) {
			return append([]byte{}, b...), nil
		}
	}
	return nil, c.problem(v)
}

// bit returns a truth.
func (c Column) bit(v any) (any, error) {
	if b, ok := v.(bool); ok {
		return b, nil
	}
	if n, ok := transfer.Number(v); ok && (n == int64(0) || n == int64(1)) {
		return n == int64(1), nil
	}
	return nil, c.problem(v)
}

// decimal returns a decimal number as a text, of which no digit is lost on the way.
func (c Column) decimal(v any) (any, error) {
	switch n := v.(type) {
	case json.Number:
		return c.digits(n.String(), v)
	case string:
		return c.digits(n, v)
	case float64:
		if !math.IsNaN(n) && !math.IsInf(n, 0) {
			return strconv.FormatFloat(n, 'f', -1, 64), nil
		}
	default:
		if i, ok := transfer.Number(v); ok {
			return fmt.Sprint(i), nil
		}
	}
	return nil, c.problem(v)
}

// digits returns a text that is a decimal number without an exponent.
func (c Column) digits(text string, v any) (any, error) {
	if strings.ContainsAny(text, "eE") {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, c.problem(v)
		}
		return strconv.FormatFloat(f, 'f', -1, 64), nil
	}
	if strings.Trim(text, "0123456789.-") != "" || text == "" {
		return nil, c.problem(v)
	}
	return text, nil
}

// time returns a date or a point in time in the form of the column, so that the server
// does not convert it by its own settings.
func (c Column) time(v any) (any, error) {
	at, ok := transfer.Time(v)
	if !ok || at.Year() < 1 || at.Year() > 9999 {
		return nil, c.problem(v)
	}
	switch c.kind {
	case dates:
		return civil.DateOf(at), nil
	case moments:
		return civil.DateTimeOf(at), nil
	}
	return driver.DateTimeOffset(at), nil
}

// field returns what a driver has read as a value of a field.
func (c Column) field(v any) (any, error) {
	switch x := v.(type) {
	case nil:
		return nil, nil
	case bool, int64, float64, string:
		return x, nil
	case time.Time:
		if c.kind == dates {
			return x.Format(time.DateOnly), nil
		}
		return transfer.Micro(x), nil
	case []byte:
		switch c.kind {
		case decimals:
			return json.Number(x), nil
		case guids:
			var id driver.UniqueIdentifier
			err := id.Scan(x)
			return id.String(), err
		case binaries:
			return append([]byte{}, x...), nil
		}
	}
	return nil, fmt.Errorf("the column %s of type %s has a %T", c.Name, c.Type, v)
}
