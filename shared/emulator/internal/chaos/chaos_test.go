package chaos

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"
)

func TestDiceAreFairAndRepeat(t *testing.T) {
	hits := 0
	for i := range 10000 {
		subject := fmt.Sprint("task", i)
		hit := Dice{1}.Hit(0.3, "late", subject, 0)
		if hit != (Dice{1}).Hit(0.3, "late", subject, 0) {
			t.Fatalf("%s is decided twice differently", subject)
		}
		if hit {
			hits++
		}
	}
	if hits < 2800 || hits > 3200 {
		t.Errorf("%d of 10000 hit, want about 3000", hits)
	}
}

func TestDiceDependOnEverything(t *testing.T) {
	seen := map[float64]string{}
	for _, draw := range []struct {
		seed           int64
		fault, subject string
		attempt        int
	}{{1, "a", "b", 0}, {2, "a", "b", 0}, {1, "ab", "", 0}, {1, "a", "c", 0}, {1, "a", "b", 1}} {
		fraction := Dice{draw.seed}.Fraction(draw.fault, draw.subject, draw.attempt)
		if other, ok := seen[fraction]; ok {
			t.Errorf("%v draws the same as %s", draw, other)
		}
		seen[fraction] = fmt.Sprint(draw)
	}
}

func TestHitAtTheEdges(t *testing.T) {
	for i := range 1000 {
		if (Dice{}).Hit(0, "f", "s", i) || !(Dice{}).Hit(1, "f", "s", i) {
			t.Fatal("probability 0 must never hit, 1 always")
		}
	}
}

func TestBetween(t *testing.T) {
	for i := range 1000 {
		if d := (Dice{}).Between(5, 10, "s", i); d < 5 || d > 10 {
			t.Fatalf("%v is outside", d)
		}
		if d := (Dice{}).Between(7, 0, "s", i); d != 7 {
			t.Fatalf("%v, want the low end", d)
		}
	}
}

func TestDigits(t *testing.T) {
	first, second := Dice{4}.Digits(1), Dice{4}.Digits(2)
	if len(first) != 19 || first == second || first != (Dice{4}).Digits(1) {
		t.Errorf("%q and %q", first, second)
	}
}

func TestCheckProbability(t *testing.T) {
	for p, ok := range map[float64]bool{0: true, 0.5: true, 1: true, -0.1: false, 1.1: false, math.Inf(1): false} {
		if err := CheckProbability("f", p); (err == nil) != ok {
			t.Errorf("%v: %v", p, err)
		}
	}
	if CheckProbability("f", math.NaN()) == nil {
		t.Error("NaN was taken")
	}
}

func FuzzDuration(f *testing.F) {
	f.Add(`"250ms"`)
	f.Add(`"-1s"`)
	f.Add(`5`)
	f.Fuzz(func(t *testing.T, text string) {
		var d, again Duration
		if json.Unmarshal([]byte(text), &d) != nil {
			return
		}
		written, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(written, &again); err != nil || again != d || time.Duration(d) < 0 {
			t.Errorf("%s became %v, then %v (%v)", text, time.Duration(d), time.Duration(again), err)
		}
	})
}
