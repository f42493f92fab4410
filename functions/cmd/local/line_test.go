package main

import (
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// TestLineSaysAsOfWhereItIs describes runs of every kind and end: only a synced window says
// as of when the index is.
func TestLineSaysAsOfWhereItIs(t *testing.T) {
	at := time.Date(2026, 3, 20, 9, 30, 0, 0, time.UTC)
	for _, kind := range []run.Kind{run.Window, run.Backfill, run.Repair, run.Record, run.Follow} {
		for _, state := range []run.State{run.Synced, run.Failed, run.Interrupted} {
			r := run.Run{ID: 7, Entity: "returns", Kind: kind, State: state, CreatedAt: at, Window: window.Window{To: at.Add(time.Minute)}, Counts: run.Counts{Found: 5, Saved: 5}}
			if state == run.Failed {
				r.LastError = "the index answers 503"
			}
			text := line(r)
			if asOf := strings.Contains(text, "as of 09:31:00"); asOf != (kind == run.Window && state == run.Synced) || !strings.HasPrefix(text, "returns ") || !strings.Contains(text, "found 5") || !strings.HasSuffix(text, r.LastError) {
				t.Errorf("%s, %s: %s", kind, state, text)
			}
			if since := strings.Contains(text, "followed since 09:30:00"); since != (kind == run.Follow && state == run.Synced) {
				t.Errorf("%s, %s: %s", kind, state, text)
			}
		}
	}
}
