package formula

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// function is a function with the number of its arguments.
type function struct {
	least, most int
	apply       func(row Row, args []any) (any, error)
}

// many is the most arguments that a function of any number takes.
const many = 1000

// functions are those that the emulator knows.
var functions = map[string]function{
	"TRUE":  {0, 0, func(Row, []any) (any, error) { return true, nil }},
	"FALSE": {0, 0, func(Row, []any) (any, error) { return false, nil }},
	"BLANK": {0, 0, func(Row, []any) (any, error) { return nil, nil }},
	"AND": {1, many, func(_ Row, args []any) (any, error) {
		for _, arg := range args {
			if !truth(arg) {
				return false, nil
			}
		}
		return true, nil
	}},
	"OR": {1, many, func(_ Row, args []any) (any, error) {
		for _, arg := range args {
			if truth(arg) {
				return true, nil
			}
		}
		return false, nil
	}},
	"NOT": {1, 1, func(_ Row, args []any) (any, error) { return !truth(args[0]), nil }},
	"IF": {2, 3, func(_ Row, args []any) (any, error) {
		if truth(args[0]) {
			return args[1], nil
		}
		return append(args, nil)[2], nil
	}},
	"LOWER": {1, 1, func(_ Row, args []any) (any, error) { return strings.ToLower(text(args[0])), nil }},
	"UPPER": {1, 1, func(_ Row, args []any) (any, error) { return strings.ToUpper(text(args[0])), nil }},
	"TRIM":  {1, 1, func(_ Row, args []any) (any, error) { return strings.TrimSpace(text(args[0])), nil }},
	"LEN":   {1, 1, func(_ Row, args []any) (any, error) { return float64(utf8.RuneCountInString(text(args[0]))), nil }},
	"CONCATENATE": {1, many, func(_ Row, args []any) (any, error) {
		var out strings.Builder
		for _, arg := range args {
			out.WriteString(text(arg))
		}
		return out.String(), nil
	}},
	"FIND": {2, 2, func(_ Row, args []any) (any, error) { return position(text(args[1]), text(args[0])), nil }},
	"SEARCH": {2, 2, func(_ Row, args []any) (any, error) {
		at := position(strings.ToLower(text(args[1])), strings.ToLower(text(args[0])))
		if at == 0 {
			return nil, nil
		}
		return at, nil
	}},
	"VALUE":              {1, 1, func(_ Row, args []any) (any, error) { return asNumber(args[0]) }},
	"RECORD_ID":          {0, 0, func(row Row, _ []any) (any, error) { return row.ID(), nil }},
	"CREATED_TIME":       {0, 0, func(row Row, _ []any) (any, error) { return row.Created().Format(time.RFC3339Nano), nil }},
	"LAST_MODIFIED_TIME": {0, 0, func(row Row, _ []any) (any, error) { return row.Modified().Format(time.RFC3339Nano), nil }},
	"DATETIME_PARSE": {1, 1, func(_ Row, args []any) (any, error) {
		at, err := asTime(args[0])
		return at.Format(time.RFC3339Nano), err
	}},
	"IS_BEFORE": {2, 2, dates(func(a, b time.Time) bool { return a.Before(b) })},
	"IS_AFTER":  {2, 2, dates(func(a, b time.Time) bool { return a.After(b) })},
	"IS_SAME": {2, 3, func(row Row, args []any) (any, error) {
		if len(args) == 3 && text(args[2]) != "day" {
			return nil, fmt.Errorf("the emulator compares by 'day' only, not by %q", text(args[2]))
		}
		day := len(args) == 3
		return dates(func(a, b time.Time) bool {
			if day {
				return a.Format(time.DateOnly) == b.Format(time.DateOnly)
			}
			return a.Equal(b)
		})(row, args[:2])
	}},
}

// position returns where a text stands in another, counted in characters from 1; 0 for
// nowhere.
func position(in, part string) float64 {
	at := strings.Index(in, part)
	if at < 0 {
		return 0
	}
	return float64(utf8.RuneCountInString(in[:at]) + 1)
}

// dates is a comparison of two dates. A blank one makes it false.
func dates(holds func(a, b time.Time) bool) func(Row, []any) (any, error) {
	return func(_ Row, args []any) (any, error) {
		if text(args[0]) == "" || text(args[1]) == "" {
			return false, nil
		}
		a, err := asTime(args[0])
		if err != nil {
			return nil, err
		}
		b, err := asTime(args[1])
		if err != nil {
			return nil, err
		}
		return holds(a, b), nil
	}
}
