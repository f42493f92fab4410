package main

import (
	"bytes"
	"math"
	"os"
	"strings"
	"testing"
)

// TestModelMeetsTheMeasured plays first syncs of 100,000 returns as the bench measured them
// (shared/README.md): 200 pages, whose processor time two cores share.
func TestModelMeetsTheMeasured(t *testing.T) {
	for _, c := range []struct {
		name         string
		slots        int
		cpu, seconds float64 // processor seconds a million records; measured
	}{
		{"first", 4, 38.9, 4.829}, {"first_durable", 4, 42.7, 5.484}, {"first_50ms", 15, 38.7, 4.844},
	} {
		page := c.cpu / 1e6 * 225957 / 200 * float64(c.slots) / 2
		got := play(1, 200, 0, page, c.slots, queueRate)[0]
		if off := math.Abs(got-c.seconds) / c.seconds; off > .15 {
			t.Errorf("%s: the model says %.2f s, measured %.2f: %.0f %% off", c.name, got, c.seconds, 100*off)
		}
	}
}

// TestQueueGrows sees a backlog where slots are too few, and none where they suffice.
func TestQueueGrows(t *testing.T) {
	enough, few := play(20, 100, 100, 2, 4, queueRate), play(20, 100, 100, 2, 1, queueRate)
	if enough[19] > 60 || few[19] < 10*few[0] {
		t.Errorf("enough %v, few %v", enough, few)
	}
	if limited := play(1, 1000, 0, 0.001, 100, 10)[0]; limited < 99 {
		t.Errorf("1,000 tasks at 10 a second ended after %v s", limited)
	}
}

// TestCapacityIsWrittenDown compares the page with what the program prints.
func TestCapacityIsWrittenDown(t *testing.T) {
	var out bytes.Buffer
	if err := capacity(&out); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../../shared/README.md")
	if err != nil || !strings.Contains(string(page), out.String()) {
		t.Errorf("shared/README.md has not, below \"Scale on paper\": %v\n%s", err, out.String())
	}
}
