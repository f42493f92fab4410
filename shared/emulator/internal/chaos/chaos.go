// Package chaos decides faults so that a story replays: every decision is a
// function of a seed and of what is being decided (a fault's name, a task's
// name, an attempt's number), never of the order in which goroutines ask.
package chaos

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// Dice draws from one seed. Its zero value draws with seed 0. Safe for
// concurrent use: it holds no state.
type Dice struct{ Seed int64 }

// Fraction returns a number in [0, 1) that is always the same for the same
// seed, fault, subject and attempt.
func (d Dice) Fraction(fault, subject string, attempt int) float64 {
	return d.source(fault, subject, attempt).Float64()
}

// Hit reports whether a fault of the given probability strikes.
func (d Dice) Hit(probability float64, fault, subject string, attempt int) bool {
	return probability > 0 && d.Fraction(fault, subject, attempt) < probability
}

// Between returns a duration in [low, high]; low where high is smaller.
func (d Dice) Between(low, high Duration, subject string, attempt int) time.Duration {
	span := max(time.Duration(high-low), 0)
	return time.Duration(low) + time.Duration(d.Fraction("between", subject, attempt)*float64(span))
}

// Digits returns an identifier of decimal digits, the n-th of this seed.
func (d Dice) Digits(n int) string {
	return fmt.Sprintf("%019d", d.source("id", "", n).Uint64()>>1)
}

func (d Dice) source(fault, subject string, attempt int) *rand.Rand {
	hash := fnv.New64a()
	var number [16]byte
	binary.LittleEndian.PutUint64(number[:8], uint64(d.Seed))
	binary.LittleEndian.PutUint64(number[8:], uint64(attempt))
	hash.Write(number[:])
	fmt.Fprintf(hash, "%s\x00%s", fault, subject)
	return rand.New(rand.NewPCG(uint64(d.Seed), hash.Sum64()))
}

// Duration is a time.Duration that reads and writes itself in JSON as text
// such as "250ms".
type Duration time.Duration

// MarshalText writes the duration as time.Duration.String does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads and refuses negative
// durations.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf(`duration %q: write it as "250ms" or "2s"`, text)
	}
	if parsed < 0 {
		return fmt.Errorf("duration %q: must not be negative", text)
	}
	*d = Duration(parsed)
	return nil
}

// CheckProbability returns an error that names the field unless p is in
// [0, 1].
func CheckProbability(field string, p float64) error {
	if !(p >= 0 && p <= 1) {
		return fmt.Errorf("%s is %v: a probability from 0 to 1 is expected", field, p)
	}
	return nil
}
