package tds

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

// declared are types in the form of declarations.
var declared = []string{
	"bit", "tinyint", "smallint", "int", "bigint", "float", "decimal(9,0)", "decimal(18,2)", "decimal(28,28)", "decimal(38,10)", "nvarchar(1)", "nvarchar(4000)", "nvarchar(max)",
	"varchar(100)", "varchar(max)", "varbinary(8000)", "varbinary(max)", "date", "time(3)", "datetime", "datetime2(0)", "datetime2(7)", "datetimeoffset(4)", "datetimeoffset(7)", "uniqueidentifier",
}

// random returns a value of a type.
func random(r *rand.Rand, t Type) any {
	text := func(letters string, most int) string {
		if most == Max {
			most = 20000
		}
		var b strings.Builder
		for range r.IntN(min(most, 300) + 1) {
			runes := []rune(letters)
			b.WriteRune(runes[r.IntN(len(runes))])
		}
		return b.String()
	}
	day := first.AddDate(0, 0, r.IntN(3_652_059))
	within := func(unit time.Duration) time.Duration {
		return time.Duration(r.Int64N(int64(24*time.Hour/unit))) * unit
	}
	unit := time.Duration(math.Pow10(9 - int(t.Scale)))
	switch t.Kind {
	case Bit:
		return r.IntN(2) == 1
	case TinyInt:
		return int64(r.IntN(256))
	case SmallInt:
		return int64(int16(r.Uint32()))
	case Int:
		return int64(int32(r.Uint32()))
	case BigInt:
		return int64(r.Uint64())
	case Float:
		return r.NormFloat64() * 1e10
	case Decimal:
		digits := fmt.Sprint(1 + r.IntN(9))
		for len(digits) < int(t.Precision) {
			digits += fmt.Sprint(r.IntN(10))
		}
		if whole := digits[:len(digits)-int(t.Scale)]; t.Scale > 0 {
			if whole == "" {
				whole = "0"
			}
			digits = whole + "." + digits[len(digits)-int(t.Scale):]
		}
		if r.IntN(2) == 1 {
			return "-" + digits
		}
		return digits
	case NVarChar:
		return text("aß漢😀 ", t.Length/2)
	case VarChar:
		return text("aüß€ ", t.Length)
	case VarBinary:
		return []byte(text("ab\x00", min(t.Length, 300)))
	case Guid:
		return fmt.Sprintf("%08X-%04X-%04X-%04X-%012X", r.Uint32(), r.IntN(1<<16), r.IntN(1<<16), r.IntN(1<<16), r.Int64N(1<<48))
	case Date:
		return day
	case Time:
		return first.Add(within(unit))
	case DateTime:
		return time.Date(1753+r.IntN(8000), 1, 1+r.IntN(365), 0, 0, 0, 0, time.UTC).Add(within(time.Second))
	case DateTimeOffset:
		return day.AddDate(0, 0, -2).Add(within(unit) + 48*time.Hour).In(time.FixedZone("", (r.IntN(1681)-840)*60))
	}
	return day.Add(within(unit))
}

// TestValuesComeBack writes values as columns of an answer and reads them as parameters:
// both directions have the same form but for the length of a (max) type.
func TestValuesComeBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, text := range declared {
		kind, err := ParseType(text)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 300 {
			var v any
			if n > 0 {
				v = random(r, kind)
			}
			if at, ok := v.(time.Time); ok && (at.UTC().Year() < 1 || at.UTC().Year() > 9999) {
				continue
			}
			c := &cursor{b: kind.value(kind.typeInfo(nil), v)}
			back, got := c.typed()
			if c.err != nil || len(c.b) != 0 || back.Kind != kind.Kind || !same(got, v) {
				t.Fatalf("%s: %v came back as %s %v: %v", text, v, back, got, c.err)
			}
		}
	}
}

// same compares values, times with their offsets.
func same(a, b any) bool {
	x, ok := a.(time.Time)
	y, also := b.(time.Time)
	if ok && also {
		_, p := x.Zone()
		_, q := y.Zone()
		return x.Equal(y) && p == q
	}
	return reflect.DeepEqual(a, b)
}

func TestTypesAreDeclared(t *testing.T) {
	for _, text := range declared {
		kind, err := ParseType(strings.ToUpper(" " + text))
		if err != nil || kind.String() != text {
			t.Errorf("%s: %s, %v", text, kind, err)
		}
	}
	for _, text := range []string{"", "xml", "nvarchar(0)", "nvarchar(4001)", "decimal(39,0)", "decimal(5,6)", "datetime2(8)", "int(4)", "nvarchar(5", "null", "nvarchar(-5)", "decimal(1,2,3)"} {
		if kind, err := ParseType(text); err == nil {
			t.Errorf("%q is %s", text, kind)
		}
	}
}

// TestMessagesInPackets writes messages of many sizes in packets of many sizes.
func TestMessagesInPackets(t *testing.T) {
	for _, size := range []int{512, 4096, 32767} {
		for _, n := range []int{0, 1, size - 9, size - 8, size - 7, 3*size + 5} {
			body := bytes.Repeat([]byte{7}, n)
			var wire bytes.Buffer
			if err := writeMessage(&wire, RPC, body, size, 51); err != nil {
				t.Fatal(err)
			}
			m, err := readMessage(&wire)
			if err != nil || m.Type != RPC || !bytes.Equal(m.Body, body) || wire.Len() != 0 {
				t.Errorf("%d in %d: %d bytes, %v", n, size, len(m.Body), err)
			}
		}
	}
}

func TestMessagesThatAreRefused(t *testing.T) {
	packet := func(kind, status byte, size int) []byte {
		b := make([]byte, max(size, 8))
		b[0], b[1] = kind, status
		binary.BigEndian.PutUint16(b[2:], uint16(size))
		return b
	}
	large := bytes.Repeat(packet(Batch, 0, 32000), MaxMessage/32000+2)
	for name, wire := range map[string][]byte{
		"no header": {1, 2}, "small": packet(Batch, 1, 7), "another type within": append(packet(Batch, 0, 9), packet(RPC, 1, 9)...), "too large": large, "cut": packet(Batch, 1, 100)[:50],
	} {
		if _, err := readMessage(bytes.NewReader(wire)); err == nil {
			t.Errorf("%s: read", name)
		}
	}
}

// FuzzRequests reads what anybody may send: nothing panics, and a message is read or
// refused.
func FuzzRequests(f *testing.F) {
	headers := []byte{22, 0, 0, 0, 18, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0}
	for _, text := range declared {
		kind, err := ParseType(text)
		if err != nil {
			f.Fatal(err)
		}
		param := kind.value(append([]byte{2, '@', 0, 'a', 0, 0}, kind.typeInfo(nil)...), random(rand.New(rand.NewPCG(3, 4)), kind))
		f.Add(append(append(append([]byte{}, headers...), 0xff, 0xff, 10, 0, 0, 0), param...))
	}
	f.Add(append(append([]byte{}, headers...), toUTF16("SELECT 1")...))
	f.Add(append(append([]byte{}, headers...), 5, 0, 2, 0))
	f.Add(PreloginAnswer(EncryptOn))
	f.Add(make([]byte, loginFixed))
	f.Fuzz(func(t *testing.T, body []byte) {
		_, _ = ParsePrelogin(body)
		_, _ = ParseLogin(body)
		_, _ = ParseBatch(body)
		_, _, _ = ParseTransaction(body)
		if call, err := ParseCall(body); err == nil {
			for _, p := range call.Params {
				if p.Value != nil && p.Type.Kind == Null {
					t.Errorf("%+v", p)
				}
			}
		}
		if m, err := readMessage(bytes.NewReader(body)); err == nil && len(m.Body) > len(body) {
			t.Errorf("%d bytes out of %d", len(m.Body), len(body))
		}
	})
}

// FuzzType reads declarations: one that is read is written and read again as the same.
func FuzzType(f *testing.F) {
	for _, text := range declared {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		kind, err := ParseType(text)
		if err != nil {
			return
		}
		if again, err := ParseType(kind.String()); err != nil || again != kind {
			t.Errorf("%q is %s, then %s: %v", text, kind, again, err)
		}
	})
}
