package console

import (
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// TestQuestionsThatAreRefused asks and acts with what makes no sense, and with what this
// console has no key for: nothing is opened, and each refusal says what to do.
func TestQuestionsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	w.parts.Bench = &wire.Bench{}
	for _, c := range []struct {
		path, body, text string
		status           int
	}{
		{"/ask/compare", `{}`, "name the entity", 400}, {"/ask/compare", `{"entity":"lost"}`, "there is no entity", 404},
		{"/ask/compare", `{"entity":"returns","deep":true}`, "ALGOLIA_BROWSE_KEY", 400}, {"/act/repair", `{"entity":"returns","deep":true}`, "ALGOLIA_BROWSE_KEY", 400},
		{"/ask/settings", `{"entity":"returns"}`, "returnsync settings diff", 404}, {"/act/push-settings", `{"entity":"returns"}`, "returnsync settings push", 404},
		{"/ask/nothing", `{}`, "there are", 404}, {"/ask/backfill", `{"colour":1}`, "does not have the fields", 400}, {"/ask/backfill", `{}`, "name the entity", 400},
	} {
		if got := w.page(t, "POST", c.path, c.body, operator(t)); got.StatusCode != c.status || !strings.Contains(got.body, c.text) {
			t.Errorf("%s %s: %d %s; want %d with %q", c.path, c.body, got.StatusCode, got.body, c.status, c.text)
		}
	}
	var jobs int
	if err := w.db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM sync_job").Scan(&jobs); err != nil || jobs != 0 {
		t.Errorf("%d jobs, %v", jobs, err)
	}
}

// TestRangesOfABackfill reads the ends of a range, of which each may be left out; a range
// without a moment in it is refused, and never becomes all of history.
func TestRangesOfABackfill(t *testing.T) {
	whole := window.Window{From: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	const spring, summer = "2024-03-01T00:00:00Z", "2024-06-01T02:00:00+02:00"
	for _, c := range []struct{ from, to, want string }{
		{"", "", "2020-01-01 to 2026-01-01"}, {spring, "", "2024-03-01 to 2026-01-01"}, {"", summer, "2020-01-01 to 2024-06-01"}, {spring, summer, "2024-03-01 to 2024-06-01"},
		{spring, spring, "bad-window"}, {summer, summer, "bad-window"}, {summer, spring, "bad-window"}, {"2026-01-01T00:00:00Z", "", "bad-window"}, {"yesterday", "", "bad-time"}, {"", "2024-06-01", "bad-time"},
	} {
		w, err := (&deed{request: request{From: c.from, To: c.to}}).within(whole)
		got := w.From.Format(time.DateOnly) + " to " + w.To.Format(time.DateOnly)
		if err != nil {
			got = fault.CodeOf(err)
		}
		if got != c.want {
			t.Errorf("from %q to %q: %s, want %s", c.from, c.to, got, c.want)
		}
	}
}

// TestOneComparisonAtATime refuses a second comparison while one is under way.
func TestOneComparisonAtATime(t *testing.T) {
	w := newWorld(t)
	w.parts.Bench = &wire.Bench{}
	d := &deed{function: &function{Console: w.parts, comparing: make(chan struct{}, 1)}}
	d.comparing <- struct{}{}
	d.Entity = "returns"
	if _, err := d.askCompare(t.Context()); err == nil || !strings.Contains(err.Error(), "another comparison is under way") {
		t.Error(err)
	}
}
