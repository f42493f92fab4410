package follow

import (
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/follow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

func TestFindings(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) *time.Time { at := now.Add(-d); return &at }
	for name, c := range map[string]struct {
		state *store.Following
		want  []judge.Kind
	}{
		"never":           {nil, []judge.Kind{silent}},
		"well":            {&store.Following{Held: true, CaughtUpAt: ago(time.Second), UpdatedAt: now, Now: now}, nil},
		"between two":     {&store.Following{CaughtUpAt: ago(time.Minute), UpdatedAt: *ago(time.Minute), Now: now}, nil},
		"dead":            {&store.Following{CaughtUpAt: ago(time.Hour), UpdatedAt: *ago(time.Hour), Now: now}, []judge.Kind{silent}},
		"cannot read":     {&store.Following{Held: true, Problem: "no log", CaughtUpAt: ago(time.Hour), UpdatedAt: now, Now: now}, []judge.Kind{failing}},
		"behind":          {&store.Following{Held: true, CaughtUpAt: ago(time.Hour), UpdatedAt: now, Now: now}, []judge.Kind{behind}},
		"a gap":           {&store.Following{Held: true, CaughtUpAt: ago(0), UpdatedAt: now, Now: now, Gaps: []follow.Gap{{Entity: "returns", Reason: "purged", FirstAt: *ago(time.Minute)}}}, []judge.Kind{gap}},
		"a failing check": {&store.Following{Held: true, CaughtUpAt: ago(0), UpdatedAt: now, Now: now, Gaps: []follow.Gap{{Entity: "returns", Error: "no answer", FirstAt: now}}}, []judge.Kind{gap}},
		"gap and silence": {&store.Following{UpdatedAt: *ago(time.Hour), Now: now, Gaps: []follow.Gap{{Entity: "returns", FirstAt: now}}}, []judge.Kind{gap, silent}},
	} {
		var have []judge.Kind
		for _, f := range judged(c.state) {
			have = append(have, f.Kind)
			if f.Problem == "" || f.Do == "" || f.Title == "" || f.Text == "" {
				t.Errorf("%s: %+v says too little", name, f)
			}
		}
		if len(have) != len(c.want) {
			t.Errorf("%s: %v, want %v", name, have, c.want)
			continue
		}
		for i := range have {
			if have[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", name, have, c.want)
			}
		}
	}
}
