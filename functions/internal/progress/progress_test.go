package progress

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestALogGetsALineNowAndThen(t *testing.T) {
	var log bytes.Buffer
	now := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	b := New(&log, IsTerminal(&log), "returns", func() time.Time { return now })
	for i := range 4 {
		b.Set(i, 4, fmt.Sprintf("%d of 4 pages", i))
		now = now.Add(3 * time.Second)
	}
	b.End()
	if got := log.String(); got != "returns: 2 of 4 pages\n" {
		t.Errorf("%q", got)
	}
}

func TestATerminalGetsABar(t *testing.T) {
	var screen bytes.Buffer
	b := New(&screen, true, "returns", time.Now)
	for _, words := range []string{"listing", "2 of 4 pages"} {
		b.Set(2, 4, words)
		time.Sleep(120 * time.Millisecond) // the bar is drawn at most every 100 ms
	}
	b.Set(4, 4, "done")
	b.End()
	for _, want := range []string{"listing", "2 of 4 pages"} {
		if !strings.Contains(screen.String(), want) {
			t.Errorf("%q does not show %q", screen.String(), want)
		}
	}
}
