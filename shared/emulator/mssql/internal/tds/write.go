package tds

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"
)

// latin1General is the collation Latin1_General_CI_AS, which German installations have.
var latin1General = []byte{0x09, 0x04, 0xd0, 0x00, 0x34}

// typeInfo writes the type of a column.
func (t Type) typeInfo(b []byte) []byte {
	size := func(n, each int) []byte {
		if n == Max {
			return binary.LittleEndian.AppendUint16(nil, partly)
		}
		return binary.LittleEndian.AppendUint16(nil, uint16(n*each))
	}
	switch t.Kind {
	case Bit:
		return append(b, wireBitN, 1)
	case TinyInt:
		return append(b, wireIntN, 1)
	case SmallInt:
		return append(b, wireIntN, 2)
	case Int:
		return append(b, wireIntN, 4)
	case BigInt:
		return append(b, wireIntN, 8)
	case Float:
		return append(b, wireFloatN, 8)
	case Decimal:
		return append(b, wireDecimalN, byte(decimalSize(t.Precision)), t.Precision, t.Scale)
	case NVarChar:
		return append(append(append(b, wireNVarChar), size(t.Length, 2)...), latin1General...)
	case VarChar:
		return append(append(append(b, wireVarChar), size(t.Length, 1)...), latin1General...)
	case VarBinary:
		return append(append(b, wireVarBin), size(t.Length, 1)...)
	case DateTime:
		return append(b, wireDateTmN, 8)
	case Date:
		return append(b, wireDate)
	case Time:
		return append(b, wireTime, t.Scale)
	case DateTime2:
		return append(b, wireDateTm2, t.Scale)
	case DateTimeOffset:
		return append(b, wireDateOff, t.Scale)
	case Guid:
		return append(b, wireGuid, 16)
	}
	panic(fmt.Sprintf("no column has the type %v", t))
}

// value writes a value of the type. A value that is not one of the type is a mistake of
// the program.
func (t Type) value(b []byte, v any) []byte {
	if v == nil {
		return t.null(b)
	}
	switch t.Kind {
	case Bit:
		if v.(bool) {
			return append(b, 1, 1)
		}
		return append(b, 1, 0)
	case TinyInt:
		return append(b, 1, byte(v.(int64)))
	case SmallInt:
		return binary.LittleEndian.AppendUint16(append(b, 2), uint16(v.(int64)))
	case Int:
		return binary.LittleEndian.AppendUint32(append(b, 4), uint32(v.(int64)))
	case BigInt:
		return binary.LittleEndian.AppendUint64(append(b, 8), uint64(v.(int64)))
	case Float:
		return binary.LittleEndian.AppendUint64(append(b, 8), math.Float64bits(v.(float64)))
	case Decimal:
		return t.decimal(b, v.(string))
	case NVarChar:
		return t.lengthy(b, toUTF16(v.(string)))
	case VarChar:
		return t.lengthy(b, toLatin(v.(string)))
	case VarBinary:
		return t.lengthy(b, v.([]byte))
	case Guid:
		return append(append(b, 16), guidBytes(v.(string))...)
	}
	return t.moment(b, v.(time.Time))
}

// null writes NULL.
func (t Type) null(b []byte) []byte {
	switch t.Kind {
	case NVarChar, VarChar, VarBinary:
		if t.Length == Max {
			return binary.LittleEndian.AppendUint64(b, partlyNull)
		}
		return binary.LittleEndian.AppendUint16(b, shortNull)
	}
	return append(b, 0)
}

// lengthy writes bytes with their length, in parts for a (max) type.
func (t Type) lengthy(b, content []byte) []byte {
	if t.Length != Max {
		return append(binary.LittleEndian.AppendUint16(b, uint16(len(content))), content...)
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(len(content)))
	const part = 8000
	for len(content) > 0 {
		n := min(len(content), part)
		b = append(binary.LittleEndian.AppendUint32(b, uint32(n)), content[:n]...)
		content = content[n:]
	}
	return binary.LittleEndian.AppendUint32(b, 0)
}

// toLatin writes a text in Windows 1252; what it does not have becomes a question mark.
func toLatin(s string) []byte {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		switch {
		case r == '€':
			b = append(b, 0x80)
		case r > 0xff:
			b = append(b, '?')
		default:
			b = append(b, byte(r))
		}
	}
	return b
}

// decimalSize returns how many bytes a decimal has at most.
func decimalSize(precision uint8) int {
	switch {
	case precision <= 9:
		return 5
	case precision <= 19:
		return 9
	case precision <= 28:
		return 13
	}
	return 17
}

// decimal writes a decimal number that has at most the type's digits.
func (t Type) decimal(b []byte, text string) []byte {
	digits, negative := strings.CutPrefix(text, "-")
	whole, part, _ := strings.Cut(digits, ".")
	part += strings.Repeat("0", int(t.Scale)-len(part))
	n, ok := new(big.Int).SetString(whole+part, 10)
	if !ok {
		panic(fmt.Sprintf("%q is no decimal", text))
	}
	size := decimalSize(t.Precision)
	b = append(b, byte(size), 1)
	if negative {
		b[len(b)-1] = 0
	}
	bytes := n.FillBytes(make([]byte, size-1))
	for i := len(bytes) - 1; i >= 0; i-- {
		b = append(b, bytes[i])
	}
	return b
}

// moment writes a date or time.
func (t Type) moment(b []byte, v time.Time) []byte {
	utc := v.UTC()
	ofDay := utc.Sub(utc.Truncate(24 * time.Hour))
	days := utc.Add(-ofDay).Unix()/(24*3600) - first.Unix()/(24*3600) // both are midnights
	if t.Kind == DateTime {
		since := days - time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC).Unix()/(24*3600) + first.Unix()/(24*3600)
		b = binary.LittleEndian.AppendUint32(append(b, 8), uint32(int32(since)))
		return binary.LittleEndian.AppendUint32(b, uint32(ofDay*300/time.Second))
	}
	at := len(b)
	b = append(b, 0)
	if t.Kind != Date {
		ticks := uint64(ofDay)
		for s := t.Scale; s < 9; s++ {
			ticks /= 10
		}
		b = append(b, binary.LittleEndian.AppendUint64(nil, ticks)[:timeSize(t.Scale)]...)
	}
	if t.Kind != Time {
		b = append(b, byte(days), byte(days>>8), byte(days>>16))
	}
	if t.Kind == DateTimeOffset {
		_, offset := v.Zone()
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(offset/60)))
	}
	b[at] = byte(len(b) - at - 1)
	return b
}

// ValidGuid reports whether a text is a GUID.
func ValidGuid(s string) bool {
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	return err == nil && len(b) == 16 && len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-'
}

// guidBytes returns the bytes of a GUID as they travel.
func guidBytes(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(b) != 16 {
		panic(fmt.Sprintf("%q is no GUID", s))
	}
	b[0], b[1], b[2], b[3] = b[3], b[2], b[1], b[0]
	b[4], b[5], b[6], b[7] = b[5], b[4], b[7], b[6]
	return b
}
