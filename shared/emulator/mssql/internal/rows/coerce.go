package rows

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/tds"
)

// Coerce makes a value of a type of one of another, as an assignment does, or fails with
// SQL Server's own error.
func Coerce(v any, from, to tds.Type) (any, *tds.Error) {
	if to.Kind == tds.VarBinary && (from.Kind == tds.NVarChar || from.Kind == tds.VarChar || from.Kind == tds.Null) {
		return nil, fail(257, 16, "Implicit conversion from data type %s to %s is not allowed. Use the CONVERT function to run this query.", name(from), name(to))
	}
	if v == nil {
		return nil, nil
	}
	switch to.Kind {
	case tds.Bit:
		return toBit(v, from, to)
	case tds.TinyInt, tds.SmallInt, tds.Int, tds.BigInt:
		return toInt(v, from, to)
	case tds.Decimal:
		return toDecimal(v, from, to)
	case tds.NVarChar, tds.VarChar:
		return toText(v, from, to)
	case tds.Date, tds.DateTime2, tds.DateTimeOffset, tds.DateTime:
		return toTime(v, from, to)
	case tds.Guid:
		if s, ok := v.(string); ok && tds.ValidGuid(s) {
			return strings.ToUpper(s), nil
		}
		return nil, fail(8169, 16, "Conversion failed when converting from a character string to uniqueidentifier.")
	case tds.VarBinary:
		b, ok := v.([]byte)
		if !ok {
			return nil, clash(from, to)
		}
		if to.Length != tds.Max && len(b) > to.Length {
			return nil, fail(2628, 16, "String or binary data would be truncated.")
		}
		return b, nil
	case tds.Float:
		if f, ok := v.(float64); ok {
			return f, nil
		}
	}
	return nil, clash(from, to)
}

// fail makes an error of the server.
func fail(number int32, class uint8, format string, args ...any) *tds.Error {
	return &tds.Error{Number: number, State: 1, Class: class, Message: fmt.Sprintf(format, args...)}
}

// name returns a type's name without sizes.
func name(t tds.Type) string {
	if t.Kind == tds.Null {
		return "nvarchar"
	}
	text, _, _ := strings.Cut(t.String(), "(")
	if t.Kind == tds.Decimal {
		return "numeric"
	}
	return text
}

// clash is the error of types of which none becomes the other.
func clash(from, to tds.Type) *tds.Error {
	return fail(206, 16, "Operand type clash: %s is incompatible with %s", name(from), name(to))
}

// toBit converts to a bit: a number other than 0 is 1.
func toBit(v any, from, to tds.Type) (any, *tds.Error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case int64:
		return v != 0, nil
	case string:
		switch strings.ToLower(v) {
		case "true", "1":
			return true, nil
		case "false", "0":
			return false, nil
		}
		return nil, fail(245, 16, "Conversion failed when converting the %s value '%s' to data type bit.", name(from), v)
	}
	return nil, clash(from, to)
}

// ranges are the least and the largest number of types.
var ranges = map[tds.Kind][2]int64{
	tds.TinyInt: {0, 255}, tds.SmallInt: {-1 << 15, 1<<15 - 1}, tds.Int: {-1 << 31, 1<<31 - 1}, tds.BigInt: {-1 << 63, 1<<63 - 1},
}

// toInt converts to a whole number.
func toInt(v any, from, to tds.Type) (any, *tds.Error) {
	var n int64
	switch v := v.(type) {
	case int64:
		n = v
	case bool:
		if v {
			n = 1
		}
	case float64:
		n = int64(v)
	case string:
		whole := strings.TrimSpace(v)
		if from.Kind == tds.Decimal {
			whole, _, _ = strings.Cut(whole, ".")
		}
		parsed, err := strconv.ParseInt(whole, 10, 64)
		if err != nil {
			return nil, fail(245, 16, "Conversion failed when converting the %s value '%s' to data type %s.", name(from), v, name(to))
		}
		n = parsed
	default:
		return nil, clash(from, to)
	}
	if r := ranges[to.Kind]; n < r[0] || n > r[1] {
		return nil, fail(8115, 16, "Arithmetic overflow error converting expression to data type %s.", name(to))
	}
	return n, nil
}

// toDecimal converts to a decimal number, rounded to the type's scale.
func toDecimal(v any, from, to tds.Type) (any, *tds.Error) {
	n := new(big.Rat)
	ok := true
	switch v := v.(type) {
	case int64:
		n.SetInt64(v)
	case float64:
		ok = n.SetFloat64(v) != nil
	case string:
		if len(v) > 60 || strings.ContainsAny(v, "/xXpP_") {
			return nil, fail(8114, 16, "Error converting data type %s to numeric.", name(from))
		}
		_, ok = n.SetString(strings.TrimSpace(v))
		if ok && strings.ContainsAny(v, "eE") {
			ok = false // a text with an exponent is no numeric
		}
	default:
		return nil, clash(from, to)
	}
	if !ok {
		return nil, fail(8114, 16, "Error converting data type %s to numeric.", name(from))
	}
	text := n.FloatString(int(to.Scale))
	digits := len(strings.TrimLeft(strings.NewReplacer("-", "", ".", "").Replace(text), "0"))
	if digits > int(to.Precision) {
		return nil, fail(8115, 16, "Arithmetic overflow error converting %s to data type numeric.", name(from))
	}
	if strings.Trim(text, "-0.") == "" {
		text = strings.TrimPrefix(text, "-")
	}
	return text, nil
}

// toText converts to a text.
func toText(v any, from, to tds.Type) (any, *tds.Error) {
	var s string
	switch v := v.(type) {
	case string:
		s = v
	case int64:
		s = strconv.FormatInt(v, 10)
	case bool:
		s = map[bool]string{true: "1", false: "0"}[v]
	default:
		return nil, clash(from, to)
	}
	if to.Length != tds.Max && len(utf16.Encode([]rune(s))) > to.Length {
		return nil, fail(2628, 16, "String or binary data would be truncated. Truncated value: '%.20s'.", s)
	}
	return s, nil
}

// forms are the forms of dates and times in texts.
var forms = []string{"2006-01-02", "2006-01-02 15:04:05.9999999", "2006-01-02T15:04:05.9999999", "2006-01-02T15:04:05.9999999Z07:00", "2006-01-02 15:04:05.9999999 -07:00", "20060102"}

// toTime converts to a date or a time. What has no offset is taken as UTC.
func toTime(v any, from, to tds.Type) (any, *tds.Error) {
	var at time.Time
	switch v := v.(type) {
	case time.Time:
		at = v
	case string:
		ok := false
		for _, form := range forms {
			if parsed, err := time.Parse(form, v); err == nil {
				at, ok = parsed, true
			}
		}
		if !ok {
			return nil, fail(241, 16, "Conversion failed when converting date and/or time from character string.")
		}
	default:
		return nil, clash(from, to)
	}
	if to.Kind != tds.DateTimeOffset { // the wall clock stays, the offset goes
		at = time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), time.UTC)
	}
	if to.Kind == tds.Date {
		return at.Truncate(24 * time.Hour), nil
	}
	unit := time.Duration(1e9)
	for range to.Scale {
		unit /= 10
	}
	if to.Kind == tds.DateTime {
		unit = time.Second / 300
	}
	return at.Round(unit), nil
}
