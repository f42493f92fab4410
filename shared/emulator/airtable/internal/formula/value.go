package formula

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// plain turns a list into a text.
func plain(value any) any {
	if list, ok := value.([]string); ok {
		return strings.Join(list, ", ")
	}
	return value
}

// truth reports whether a value counts as true.
func truth(value any) bool {
	switch v := value.(type) {
	case string:
		return v != ""
	case float64:
		return v != 0
	case bool:
		return v
	}
	return false
}

// text is a value as a text.
func text(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		if v {
			return "1"
		}
		return "0"
	}
	return ""
}

// asNumber is a value as a number; blank is 0.
func asNumber(value any) (float64, error) {
	switch v := value.(type) {
	case nil:
		return 0, nil
	case float64:
		return v, nil
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	case string:
		if n, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil {
			return n, nil
		}
	}
	return 0, fmt.Errorf("%q is no number", text(value))
}

// asTime reads a date or a point of time.
func asTime(value any) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly, "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, text(value)); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no date", text(value))
}

// combine computes an operator.
func combine(name string, left, right any) (any, error) {
	switch name {
	case "=":
		return same(left, right), nil
	case "!=":
		return !same(left, right), nil
	case "&":
		return text(left) + text(right), nil
	case "<", "<=", ">", ">=":
		return compare(name, left, right)
	}
	a, err := asNumber(left)
	if err != nil {
		return nil, err
	}
	b, err := asNumber(right)
	if err != nil {
		return nil, err
	}
	switch name {
	case "+":
		return a + b, nil
	case "-":
		return a - b, nil
	case "*":
		return a * b, nil
	}
	if b == 0 {
		return nil, fmt.Errorf("a division by 0")
	}
	return a / b, nil
}

// same reports whether two values are equal. Blank equals an empty text, 0 and false.
func same(left, right any) bool {
	if left == nil || right == nil {
		return !truth(left) && !truth(right)
	}
	_, leftText := left.(string)
	_, rightText := right.(string)
	if leftText || rightText {
		return leftText && rightText && left == right
	}
	a, _ := asNumber(left)
	b, _ := asNumber(right)
	return a == b
}

// compare orders two values: points of time where both are, else numbers.
func compare(name string, left, right any) (any, error) {
	var order int
	a, err := asTime(left)
	b, err2 := asTime(right)
	if err == nil && err2 == nil {
		order = a.Compare(b)
	} else {
		x, err := asNumber(left)
		if err != nil {
			return nil, err
		}
		y, err := asNumber(right)
		if err != nil {
			return nil, err
		}
		order = cmp.Compare(x, y)
	}
	switch name {
	case "<":
		return order < 0, nil
	case "<=":
		return order <= 0, nil
	case ">":
		return order > 0, nil
	}
	return order >= 0, nil
}
