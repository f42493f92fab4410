package sample

import (
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// dice is a seeded source of choices. Two dice with the same seeds give the
// same choices in the same order, on every machine.
type dice struct{ *rand.Rand }

func newDice(seed, stream uint64) dice { return dice{rand.New(rand.NewPCG(seed, stream))} }

// chance is true in so many of a thousand cases.
func (d dice) chance(perMille int) bool { return d.IntN(1000) < perMille }

// between is a duration from low to high, to the microsecond that the columns
// keep.
func (d dice) between(low, high time.Duration) time.Duration {
	return (low + time.Duration(d.Int64N(int64(high-low)+1))).Truncate(time.Microsecond)
}

// fill replaces every # of a pattern by a digit and every @ by a capital letter.
func (d dice) fill(pattern string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '#':
			return rune('0' + d.IntN(10))
		case '@':
			return rune('A' + d.IntN(26))
		}
		return r
	}, pattern)
}

// number is a whole number from 1 to most, as text.
func (d dice) number(most int) string { return strconv.Itoa(1 + d.IntN(most)) }

// one picks any of a list, all alike.
func one[T any](d dice, list []T) T { return list[d.IntN(len(list))] }

// share is a choice and its weight among others.
type share[T any] struct {
	weight int
	value  T
}

// UnmarshalJSON reads [weight, value].
func (s *share[T]) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[2]any{&s.weight, &s.value})
}

// weighted picks by weight.
func weighted[T any](d dice, list []share[T]) T {
	total := 0
	for _, s := range list {
		total += s.weight
	}
	n := d.IntN(total)
	for _, s := range list {
		if n -= s.weight; n < 0 {
			return s.value
		}
	}
	panic("sample: weights do not add up")
}
