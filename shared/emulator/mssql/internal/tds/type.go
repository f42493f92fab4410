package tds

import (
	"fmt"
	"strconv"
	"strings"
)

// Kind is a type of SQL.
type Kind uint8

// The kinds, with the values that they have in Go. NULL is nil.
const (
	Null           Kind = iota // a parameter without a type
	Bit                        // bool
	TinyInt                    // int64
	SmallInt                   // int64
	Int                        // int64
	BigInt                     // int64
	Float                      // float64
	Decimal                    // string, such as "12.50"
	NVarChar                   // string
	VarChar                    // string
	DateTime                   // time.Time, UTC stands for no zone
	Date                       // time.Time at midnight
	Time                       // time.Time on the first day
	DateTime2                  // time.Time, UTC stands for no zone
	DateTimeOffset             // time.Time with its offset
	Guid                       // string, such as "6F9619FF-8B86-D011-B42D-00C04FC964FF"
	VarBinary                  // []byte
)

// Max is the length of a (max) type.
const Max = -1

// Type is a type with its sizes.
type Type struct {
	Kind      Kind
	Length    int // characters, or bytes of VarBinary; Max
	Precision uint8
	Scale     uint8
}

// names are the names of kinds, as declarations write them.
var names = map[Kind]string{
	Null: "null", Bit: "bit", TinyInt: "tinyint", SmallInt: "smallint", Int: "int", BigInt: "bigint", Float: "float", Decimal: "decimal", NVarChar: "nvarchar", VarChar: "varchar",
	DateTime: "datetime", Date: "date", Time: "time", DateTime2: "datetime2", DateTimeOffset: "datetimeoffset", Guid: "uniqueidentifier", VarBinary: "varbinary",
}

// String returns the declaration.
func (t Type) String() string {
	name := names[t.Kind]
	switch t.Kind {
	case NVarChar, VarChar, VarBinary:
		if t.Length == Max {
			return name + "(max)"
		}
		return fmt.Sprintf("%s(%d)", name, t.Length)
	case Decimal:
		return fmt.Sprintf("%s(%d,%d)", name, t.Precision, t.Scale)
	case DateTime2, DateTimeOffset, Time:
		return fmt.Sprintf("%s(%d)", name, t.Scale)
	}
	return name
}

// ParseType reads a declaration such as nvarchar(255), decimal(18, 2) or datetime2.
func ParseType(text string) (Type, error) {
	wrong := fmt.Errorf("%q is no type that is emulated", text)
	name, sizes, sized := strings.Cut(strings.ToLower(strings.TrimSpace(text)), "(")
	var numbers []int
	if sized {
		inner, ok := strings.CutSuffix(sizes, ")")
		if !ok {
			return Type{}, wrong
		}
		for one := range strings.SplitSeq(inner, ",") {
			n, err := strconv.Atoi(strings.TrimSpace(one))
			if strings.TrimSpace(one) == "max" {
				n, err = Max, nil
			}
			if err != nil || n < Max {
				return Type{}, wrong
			}
			numbers = append(numbers, n)
		}
	}
	for kind, known := range names {
		if known == strings.TrimSpace(name) && kind != Null {
			t := Type{Kind: kind}
			return t, t.size(numbers, wrong)
		}
	}
	return Type{}, wrong
}

// size sets the sizes of a declaration.
func (t *Type) size(n []int, wrong error) error {
	switch t.Kind {
	case NVarChar, VarChar, VarBinary:
		most := 8000
		if t.Kind == NVarChar {
			most = 4000
		}
		if t.Length = 1; len(n) == 1 {
			t.Length = n[0]
		}
		if len(n) > 1 || t.Length == 0 || t.Length > most {
			return wrong
		}
	case Decimal:
		t.Precision = 18
		if len(n) > 0 && n[0] >= 1 && n[0] <= 38 {
			t.Precision = uint8(n[0])
		} else if len(n) > 0 {
			return wrong
		}
		if len(n) == 2 && n[1] >= 0 && n[1] <= int(t.Precision) {
			t.Scale = uint8(n[1])
		} else if len(n) > 1 {
			return wrong
		}
	case DateTime2, DateTimeOffset, Time:
		t.Scale = 7
		if len(n) == 1 && n[0] >= 0 && n[0] <= 7 {
			t.Scale = uint8(n[0])
		} else if len(n) > 0 {
			return wrong
		}
	default:
		if len(n) > 0 {
			return wrong
		}
	}
	return nil
}
