package schedule_test

import (
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
)

func TestDiff(t *testing.T) {
	zone := 5.5
	before := schedule.Edit{Name: "n", TargetKind: "entity", Target: "returns", Run: "Daily", Time: "23:30"}
	after := before
	after.Time, after.Timezone, after.Disabled, after.Name = "22:15", &zone, true, "two words"
	for name, c := range map[string]struct {
		before, after schedule.Edit
		was, is       string
	}{
		"nothing":   {before, before, "", ""},
		"some":      {before, after, `name "n", time 23:30, no timezone, no disabled`, `name "two words", time 22:15, timezone 5.5, disabled yes`},
		"all of it": {schedule.Edit{}, before, "no name, no target_kind, no target, no run, no time", `name "n", target_kind entity, target returns, run Daily, time 23:30`},
	} {
		if was, is := schedule.Diff(c.before, c.after); was != c.was || is != c.is {
			t.Errorf("%s: %q -> %q", name, was, is)
		}
	}
}
