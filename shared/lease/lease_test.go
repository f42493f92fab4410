package lease_test

import (
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/lease"
)

func TestDecide(t *testing.T) {
	now := time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)
	before, after := now.Add(-time.Second), now.Add(time.Second)
	for name, c := range map[string]struct {
		row  lease.Row
		key  string
		want lease.Decision
	}{
		"free":                         {lease.Row{}, "k1", lease.Free},
		"free, another key":            {lease.Row{Key: "k0"}, "k1", lease.Free},
		"free, the same key":           {lease.Row{Key: "k1"}, "k1", lease.Duplicate},
		"free, no keys":                {lease.Row{}, "", lease.Free},
		"held":                         {lease.Row{Held: true, Until: &after}, "k1", lease.Held},
		"held, the same key":           {lease.Row{Held: true, Until: &after, Key: "k1"}, "k1", lease.Held},
		"held, over":                   {lease.Row{Held: true, Until: &before}, "k1", lease.Expired},
		"held, over at this moment":    {lease.Row{Held: true, Until: &now}, "k1", lease.Expired},
		"held, without an end":         {lease.Row{Held: true}, "k1", lease.Expired},
		"held, over, with its own key": {lease.Row{Held: true, Until: &before, Key: "k1"}, "k1", lease.Expired},
	} {
		c.row.Now = now
		if got := lease.Decide(c.row, c.key); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestNewTokenIsFresh(t *testing.T) {
	if a, b := lease.NewToken(), lease.NewToken(); a == b || len(a) != 32 {
		t.Errorf("%q %q", a, b)
	}
}
