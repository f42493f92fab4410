package console

import (
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
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
