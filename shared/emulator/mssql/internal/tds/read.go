package tds

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"
)

// The types on the wire.
const (
	wireNull     = 0x1f
	wireImage    = 0x22
	wireText     = 0x23
	wireGuid     = 0x24
	wireIntN     = 0x26
	wireDate     = 0x28
	wireTime     = 0x29
	wireDateTm2  = 0x2a
	wireDateOff  = 0x2b
	wireInt1     = 0x30
	wireBit      = 0x32
	wireInt2     = 0x34
	wireInt4     = 0x38
	wireDateTime = 0x3d
	wireFloat8   = 0x3e
	wireNText    = 0x63
	wireBitN     = 0x68
	wireDecimalN = 0x6a
	wireNumericN = 0x6c
	wireFloatN   = 0x6d
	wireDateTmN  = 0x6f
	wireInt8     = 0x7f
	wireVarBin   = 0xa5
	wireVarChar  = 0xa7
	wireBinary   = 0xad
	wireChar     = 0xaf
	wireNVarChar = 0xe7
	wireNChar    = 0xef
)

const (
	partly      = 0xffff // the length of a (max) type
	shortNull   = 0xffff
	partlyNull  = math.MaxUint64
	partlyOpen  = math.MaxUint64 - 1
	collation   = 5 // bytes
	nullPointer = 0xffffffff
)

// typed reads a parameter's type and value.
func (c *cursor) typed() (Type, any) {
	switch wire := c.u8(); wire {
	case wireNull:
		return Type{Kind: Null}, nil
	case wireInt1:
		return Type{Kind: TinyInt}, int64(c.u8())
	case wireInt2:
		return Type{Kind: SmallInt}, int64(int16(c.u16()))
	case wireInt4:
		return Type{Kind: Int}, int64(int32(c.u32()))
	case wireInt8:
		return Type{Kind: BigInt}, int64(c.u64())
	case wireBit:
		return Type{Kind: Bit}, c.u8() != 0
	case wireFloat8:
		return Type{Kind: Float}, math.Float64frombits(c.u64())
	case wireDateTime:
		return Type{Kind: DateTime}, dateTime(c.take(8))
	case wireIntN, wireBitN, wireFloatN, wireDateTmN, wireGuid:
		return c.byteSized(wire, int(c.u8()))
	case wireDecimalN, wireNumericN:
		c.u8()
		t := Type{Kind: Decimal, Precision: c.u8(), Scale: c.u8()}
		if t.Precision < 1 || t.Precision > 38 || t.Scale > t.Precision {
			c.fail(errors.New("a decimal has a wrong precision or scale"))
		}
		return t, c.decimal(t.Scale)
	case wireDate:
		return c.moment(Type{Kind: Date})
	case wireTime, wireDateTm2, wireDateOff:
		t := Type{Kind: map[uint8]Kind{wireTime: Time, wireDateTm2: DateTime2, wireDateOff: DateTimeOffset}[wire], Scale: c.u8()}
		if t.Scale > 7 {
			c.fail(errors.New("a time has a scale above 7"))
		}
		return c.moment(t)
	case wireNVarChar, wireNChar, wireVarChar, wireChar, wireVarBin, wireBinary:
		return c.lengthy(wire)
	case wireText, wireNText, wireImage:
		return c.long(wire)
	default:
		c.fail(fmt.Errorf("the type %#02x of a parameter is not emulated", wire))
		return Type{}, nil
	}
}

// byteSized reads a value whose length is a byte.
func (c *cursor) byteSized(wire uint8, most int) (t Type, v any) {
	kinds := map[uint8]map[int]Kind{
		wireIntN: {1: TinyInt, 2: SmallInt, 4: Int, 8: BigInt}, wireBitN: {1: Bit}, wireFloatN: {4: Float, 8: Float},
		wireDateTmN: {8: DateTime}, wireGuid: {16: Guid, 0: Guid},
	}
	kind, ok := kinds[wire][most]
	n := int(c.u8())
	if !ok || n != 0 && n != most {
		c.fail(fmt.Errorf("a value of type %#02x has %d bytes of at most %d", wire, n, most))
		return t, nil
	}
	t.Kind = kind
	b := c.take(n)
	if n == 0 || b == nil {
		return t, nil
	}
	switch {
	case kind == Bit:
		return t, b[0] != 0
	case kind == Guid:
		return t, guidText(b)
	case kind == DateTime:
		return t, dateTime(b)
	case kind == Float && n == 4:
		return t, float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case kind == Float:
		return t, math.Float64frombits(binary.LittleEndian.Uint64(b))
	case n == 1:
		return t, int64(b[0])
	case n == 2:
		return t, int64(int16(binary.LittleEndian.Uint16(b)))
	case n == 4:
		return t, int64(int32(binary.LittleEndian.Uint32(b)))
	}
	return t, int64(binary.LittleEndian.Uint64(b))
}

// decimal reads a decimal number.
func (c *cursor) decimal(scale uint8) any {
	b := c.take(int(c.u8()))
	if len(b) == 0 {
		return nil
	}
	if len(b) != 5 && len(b) != 9 && len(b) != 13 && len(b) != 17 {
		c.fail(errors.New("a decimal has a wrong size"))
		return nil
	}
	n := new(big.Int)
	for i := len(b) - 1; i > 0; i-- {
		n.Or(n.Lsh(n, 8), big.NewInt(int64(b[i])))
	}
	digits := n.String()
	for len(digits) <= int(scale) {
		digits = "0" + digits
	}
	if scale > 0 {
		digits = digits[:len(digits)-int(scale)] + "." + digits[len(digits)-int(scale):]
	}
	if b[0] == 0 && strings.Trim(digits, "0.") != "" {
		digits = "-" + digits
	}
	return digits
}

// first is the first day that a date can be.
var first = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)

// dateTime reads the older type of a date with a time: days since 1900 and a three
// hundredth of a second.
func dateTime(b []byte) any {
	if b == nil {
		return nil
	}
	days, ticks := int32(binary.LittleEndian.Uint32(b)), binary.LittleEndian.Uint32(b[4:])
	return time.Date(1900, 1, 1+int(days), 0, 0, int(ticks/300), int(ticks%300)*1e9/300, time.UTC)
}

// timeSize returns how many bytes a time of day has.
func timeSize(scale uint8) int {
	switch {
	case scale <= 2:
		return 3
	case scale <= 4:
		return 4
	}
	return 5
}

// little reads a whole number of up to eight bytes.
func little(b []byte) (n uint64) {
	for i := len(b) - 1; i >= 0; i-- {
		n = n<<8 | uint64(b[i])
	}
	return n
}

// moment reads a date or time.
func (c *cursor) moment(t Type) (Type, any) {
	n := int(c.u8())
	if n == 0 {
		return t, nil
	}
	want := map[Kind]int{Date: 3, Time: timeSize(t.Scale), DateTime2: timeSize(t.Scale) + 3, DateTimeOffset: timeSize(t.Scale) + 5}[t.Kind]
	if n != want {
		c.fail(fmt.Errorf("a value of %s has %d bytes", t, n))
		return t, nil
	}
	v := first
	if t.Kind != Date {
		ticks := little(c.take(timeSize(t.Scale)))
		for s := t.Scale; s < 9; s++ {
			ticks *= 10
		}
		if ticks >= uint64(24*time.Hour) {
			c.fail(errors.New("a time of day is longer than a day"))
		}
		v = v.Add(time.Duration(ticks))
	}
	if t.Kind != Time {
		v = v.AddDate(0, 0, int(little(c.take(3))))
	}
	if v.Year() > 9999 {
		c.fail(errors.New("a date lies after the year 9999"))
	}
	if t.Kind == DateTimeOffset {
		minutes := int(int16(c.u16()))
		if minutes < -14*60 || minutes > 14*60 {
			c.fail(errors.New("an offset of a time is larger than 14 hours"))
		}
		v = v.In(time.FixedZone("", minutes*60))
	}
	return t, v
}

// lengthy reads a text or bytes whose length is two bytes, or that comes in parts.
func (c *cursor) lengthy(wire uint8) (t Type, v any) {
	most := int(c.u16())
	t = Type{Kind: VarBinary, Length: most}
	switch wire {
	case wireNVarChar, wireNChar:
		t.Kind, t.Length = NVarChar, most/2
	case wireVarChar, wireChar:
		t.Kind = VarChar
	}
	if t.Kind != VarBinary {
		c.take(collation)
	}
	var b []byte
	if most == partly {
		t.Length = Max
		if b = c.parts(); b == nil {
			return t, nil
		}
	} else {
		n := int(c.u16())
		if n == shortNull {
			return t, nil
		}
		if n > most {
			c.fail(errors.New("a value is longer than its type"))
		}
		b = c.take(n)
	}
	return t, c.content(t.Kind, b)
}

// content makes the value of bytes.
func (c *cursor) content(kind Kind, b []byte) any {
	switch kind {
	case NVarChar:
		if len(b)%2 != 0 {
			c.fail(errors.New("a text is no UTF-16"))
		}
		return fromUTF16(b)
	case VarChar:
		return latin(b)
	}
	return append([]byte{}, b...)
}

// latin reads a text in the code page of the server's collation, Windows 1252; what it
// has beside Latin 1 is not emulated but for the sign of the euro.
func latin(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		if runes[i] = rune(c); c == 0x80 {
			runes[i] = '€'
		}
	}
	return string(runes)
}

// parts reads a value that comes in parts, nil for NULL.
func (c *cursor) parts() []byte {
	size := c.u64()
	if size == partlyNull {
		return nil
	}
	all := []byte{}
	for c.err == nil {
		n := c.u32()
		if n == 0 {
			break
		}
		all = append(all, c.take(int(n))...)
	}
	if size != partlyOpen && uint64(len(all)) != size && c.err == nil {
		c.fail(errors.New("a value in parts has another size than it says"))
	}
	return all
}

// long reads a value of the older large types.
func (c *cursor) long(wire uint8) (t Type, v any) {
	t = Type{Kind: map[uint8]Kind{wireText: VarChar, wireNText: NVarChar, wireImage: VarBinary}[wire], Length: Max}
	c.u32()
	if wire != wireImage {
		c.take(collation)
	}
	n := c.u32()
	if n == nullPointer {
		return t, nil
	}
	return t, c.content(t.Kind, c.take(int(n)))
}

// guidText writes a GUID as SQL Server shows it: the first three groups are stored with
// the lowest byte first.
func guidText(b []byte) string {
	return strings.ToUpper(fmt.Sprintf("%x-%x-%x-%x-%x", []byte{b[3], b[2], b[1], b[0]}, []byte{b[5], b[4]}, []byte{b[7], b[6]}, b[8:10], b[10:16]))
}
