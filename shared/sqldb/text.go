package sqldb

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Marks returns "?,?,?", a placeholder for each of n values.
func Marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

// Tuples returns "(?,?),(?,?)", placeholders for rows of width values each.
func Tuples(rows, width int) string {
	return strings.TrimSuffix(strings.Repeat("("+Marks(width)+"),", rows), ",")
}

// Args returns the values of a list behind those that stand before them.
func Args[T any](list []T, before ...any) []any {
	args := make([]any, len(before), len(before)+len(list))
	copy(args, before)
	for _, v := range list {
		args = append(args, v)
	}
	return args
}

// Values returns the placeholders and the arguments of an INSERT's rows; row
// returns one row's values, always as many. The list is not empty.
func Values[T any](list []T, row func(T) []any) (tuples string, args []any) {
	for _, v := range list {
		args = append(args, row(v)...)
	}
	return Tuples(len(list), len(args)/len(list)), args
}

// ChunkSize is how many rows one statement writes: large enough for speed, far
// below the server's max_allowed_packet.
const ChunkSize = 1000

// InChunks calls fn with successive parts of a list, ChunkSize long at most.
func InChunks[T any](list []T, fn func([]T) error) error {
	for start := 0; start < len(list); start += ChunkSize {
		if err := fn(list[start:min(start+ChunkSize, len(list))]); err != nil {
			return err
		}
	}
	return nil
}

// Micros returns a duration as MySQL's INTERVAL ? MICROSECOND wants it.
func Micros(d time.Duration) int64 { return d.Microseconds() }

// Cut makes a text fit for a column: n bytes at most, and whole characters only,
// because a strict server refuses the row otherwise.
func Cut(s string, n int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= n {
		return s
	}
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
