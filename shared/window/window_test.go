package window

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func at(minute int) time.Time {
	return time.Date(2026, 3, 29, 0, minute, 0, 0, time.UTC)
}

func TestNext(t *testing.T) {
	mark := at(60)
	cases := map[string]struct {
		watermark *time.Time
		now       time.Time
		want      Window
	}{
		"the first window begins with history":   {nil, at(90), Window{at(-1000), at(90)}},
		"a later window reaches back":            {&mark, at(75), Window{at(30), at(75)}},
		"an outage makes a long window":          {&mark, at(10_000), Window{at(30), at(10_000)}},
		"a clock set back moves the start along": {&mark, at(20), Window{at(-10), at(20)}},
		"history that begins in the future":      {nil, at(-2000), Window{at(-2000), at(-2000)}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := Next(c.watermark, at(-1000), c.now, 30*time.Minute)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Next (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNoCommitIsSkipped plays random ticks and random transactions. Whatever was
// stamped at s and committed at c, at most the overlap later, must lie in a
// window that was read at or after c: before c nobody could see it.
func TestNoCommitIsSkipped(t *testing.T) {
	const overlap = 30 * time.Minute
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		windows := []Window{}
		mark := at(0)
		for now := at(0); len(windows) < 40; {
			now = now.Add(time.Duration(1 + rnd.Int64N(int64(50*time.Minute))))
			w := Next(&mark, at(-1000), now, overlap)
			windows = append(windows, w)
			if rnd.IntN(4) > 0 { // one run in four fails and leaves the watermark
				mark = w.To
			}
		}
		for range 200 {
			stamp := at(rnd.IntN(600))
			commit := stamp.Add(time.Duration(rnd.Int64N(int64(overlap))))
			if !seen(windows, stamp, commit) {
				t.Fatalf("seed %d: stamped %v, committed %v: in no window", seed, stamp, commit)
			}
		}
	}
}

// seen reports whether a window read at its end, when the commit was visible,
// contains the stamp; what lies after the last window is still to come.
func seen(windows []Window, stamp, commit time.Time) bool {
	for _, w := range windows {
		if !w.To.Before(commit) && w.Contains(stamp) {
			return true
		}
	}
	return windows[len(windows)-1].To.Before(commit)
}

func TestContainsIsHalfOpen(t *testing.T) {
	w := Window{at(0), at(10)}
	got := []bool{w.Contains(at(-1)), w.Contains(at(0)), w.Contains(at(9)), w.Contains(at(10))}
	if diff := cmp.Diff([]bool{false, true, true, false}, got); diff != "" {
		t.Error(diff)
	}
	if w.Empty() || w.Length() != 10*time.Minute {
		t.Errorf("length %v, empty %v", w.Length(), w.Empty())
	}
	back := Window{at(10), at(0)}
	if !back.Empty() || back.Length() != 0 {
		t.Errorf("a window that ends before it begins must be empty: %v", back)
	}
	if got := w.String(); got != "[2026-03-29T00:00:00Z, 2026-03-29T00:10:00Z)" {
		t.Error(got)
	}
}
