package record

import (
	"fmt"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string. Bytes that are not UTF-8 become U+FFFD. Only
// the escapes that JSON demands are made: the index counts bytes.
func appendString(dst, s []byte) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			if r, size := utf8.DecodeRune(s[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		dst = append(dst, s[start:i]...)
		dst = appendEscaped(dst, c)
		i++
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// appendEscaped appends a byte that a JSON string must escape.
func appendEscaped(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	if c >= utf8.RuneSelf {
		return append(dst, "\uFFFD"...)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// epochMillis reads "2006-01-02", "2006-01-02 15:04:05" and either with a
// fraction, as UTC, and returns milliseconds since 1970. It is written by hand
// because time.Parse costs more than the rest of a record.
func epochMillis(v []byte) (int64, error) {
	if len(v) < 10 || v[4] != '-' || v[7] != '-' {
		return 0, fmt.Errorf("%q is not a date", v)
	}
	year, ok1 := digits(v[0:4])
	month, ok2 := digits(v[5:7])
	day, ok3 := digits(v[8:10])
	if !ok1 || !ok2 || !ok3 || month < 1 || month > 12 || day < 1 || day > 31 {
		return 0, fmt.Errorf("%q is not a date", v)
	}
	ms := daysSince1970(year, month, day) * 86_400_000
	if len(v) == 10 {
		return ms, nil
	}
	clock, err := clockMillis(v[10:])
	if err != nil {
		return 0, fmt.Errorf("%q is not a time: %w", v, err)
	}
	return ms + clock, nil
}

// clockMillis reads " 15:04:05" with an optional fraction, cut off at a millisecond.
func clockMillis(v []byte) (int64, error) {
	if len(v) < 9 || v[3] != ':' || v[6] != ':' {
		return 0, fmt.Errorf("want hours, minutes and seconds")
	}
	hour, ok1 := digits(v[1:3])
	minute, ok2 := digits(v[4:6])
	second, ok3 := digits(v[7:9])
	if !ok1 || !ok2 || !ok3 || hour > 23 || minute > 59 || second > 59 {
		return 0, fmt.Errorf("out of range")
	}
	ms := ((hour*60+minute)*60 + second) * 1000
	if len(v) == 9 {
		return ms, nil
	}
	if v[9] != '.' || len(v) == 10 {
		return 0, fmt.Errorf("want a fraction after the seconds")
	}
	for i, scale := 10, int64(100); i < len(v); i, scale = i+1, scale/10 {
		d, ok := digits(v[i : i+1])
		if !ok {
			return 0, fmt.Errorf("want digits in the fraction")
		}
		ms += d * scale
	}
	return ms, nil
}

// digits reads a whole number of decimal digits.
func digits(v []byte) (int64, bool) {
	var n int64
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// daysSince1970 counts days in the proleptic Gregorian calendar. A year begins in March
// here, so that the leap day is its last day; and 400 years are added, so that the first
// two months of the year 0 have no negative year.
func daysSince1970(year, month, day int64) int64 {
	year += 400
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	yearOfEra := year - era*400
	dayOfYear := (153*(month-3)+2)/5 + day - 1
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return (era-1)*146_097 + dayOfEra - 719_468
}
