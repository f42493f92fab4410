package search

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxNumber is the largest number that the index filters by, either sign.
const maxNumber = 4611686018427387

// maxValue is the most bytes of a value.
const maxValue = 512

// byValue returns the condition that a field has a value. A number's field that
// is no other facet compares by number.
func (s *Schema) byValue(param, field, value string) (Condition, error) {
	switch {
	case slices.Contains(s.Filters, field):
		if !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return Condition{}, invalid(param, "the value of %s has characters that no value has", field)
		}
		if len(value) > maxValue {
			return Condition{}, invalid(param, "the value of %s has %d bytes; %d are the most", field, len(value), maxValue)
		}
		return Condition{Field: field, Value: value}, nil
	case slices.Contains(s.Numbers, field):
		return s.byNumber(param, field, "=", value)
	default:
		return Condition{}, s.unknown(param, field)
	}
}

// byNumber returns the comparison of a field with a number or a time.
func (s *Schema) byNumber(param, field, op, text string) (Condition, error) {
	if !slices.Contains(s.Numbers, field) {
		if slices.Contains(s.Filters, field) {
			return Condition{}, invalid(param, "%s cannot be compared by range: use %s:VALUE, or one of %s", field, field, strings.Join(s.Numbers, ", "))
		}
		return Condition{}, s.unknown(param, field)
	}
	if slices.Contains(s.Exact, field) && op != "=" && op != "!=" {
		return Condition{}, invalid(param, "%s cannot be compared by range: use = or !=", field)
	}
	v, ok := readNumber(text)
	if !ok {
		return Condition{}, invalid(param, "%q cannot be compared with %s: want a number, or a time such as 2026-11-01T14:15:00Z", clip(text), field)
	}
	return Condition{Field: field, Op: op, Low: v}, nil
}

// between returns the condition that a number lies between two, both included.
func (s *Schema) between(param, field, low, high string) (Condition, error) {
	c, err := s.byNumber(param, field, "TO", low)
	if err != nil {
		return c, err
	}
	end, err := s.byNumber(param, field, "TO", high)
	c.High = end.Low
	return c, err
}

// unknown says which fields there are.
func (s *Schema) unknown(param, field string) error {
	return invalid(param, "%q cannot be filtered by: use one of %s; by range one of %s",
		clip(field), strings.Join(s.Filters, ", "), strings.Join(s.Numbers, ", "))
}

// clip bounds what of a caller's text an error repeats.
func clip(text string) string {
	if len(text) > 60 {
		return strings.ToValidUTF8(text[:60], "") + "..."
	}
	return text
}

// readNumber reads a number, or a time as epoch milliseconds.
func readNumber(text string) (float64, bool) {
	if strings.Trim(text, "0123456789.-+eE") == "" {
		v, err := strconv.ParseFloat(text, 64)
		if err == nil && math.Abs(v) <= maxNumber {
			return v, true
		}
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return float64(at.UnixMilli()), true
		}
	}
	return 0, false
}
