package doctor

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// census is records of roots 1 to n, one each.
type census []string

func (c census) Roots(_ context.Context, _ entity.Definition, r source.Range, limit int) (ids []uint64, err error) {
	for id := r.After + 1; id <= uint64(len(c)) && len(ids) < limit; id++ {
		ids = append(ids, id)
	}
	return ids, nil
}

func (c census) Rows(_ context.Context, _ entity.Definition, ids []uint64) (rows source.Rows, err error) {
	for _, id := range ids {
		rows.Records = append(rows.Records, source.Record{Root: id, Body: fmt.Appendf(nil, `{"owner":{"name":%q}}`, c[id-1])})
	}
	return rows, nil
}

func (c census) ChangedIn(context.Context, entity.Definition, window.Window, int) ([]uint64, error) {
	return nil, nil
}

func (c census) RootNames(context.Context, entity.Definition, []uint64) (map[uint64]string, error) {
	return nil, nil
}

func (c census) Now(context.Context) (time.Time, error) { return time.Time{}, nil }

// TestAlikeAccounts looks for accounts that an index takes for one.
func TestAlikeAccounts(t *testing.T) {
	d := entity.Definition{Name: "stock", Account: "owner.name"}
	nameable := func(account string) bool { return !strings.ContainsAny(account, " é") }
	many := make(census, 5000)
	for i := range many {
		many[i] = "acme"
	}
	many[4900] = "ACME"
	for name, c := range map[string]struct {
		accounts census
		want     []string // one for each finding
	}{
		"none":               {nil, []string{"0 accounts"}},
		"different":          {census{"acme", "acme2", "other"}, []string{"3 accounts"}},
		"case":               {census{"amberlane", "x", "AMBERLANE"}, []string{`["AMBERLANE" "amberlane"]`}},
		"sharp s, width":     {census{"straße", "STRASSE", "ａｂ", "ab"}, []string{`["STRASSE" "straße"]`, `["ab" "ａｂ"]`}},
		"accents and spaces": {census{"cafe", "café", "ca fe"}, []string{`"ca fe"`, `"café"`, `["ca fe" "cafe" "café"]`}},
		"Kelvin":             {census{"k", "\u212a"}, []string{`"k" "` + "\u212a"}},
		"far from the first": {many, []string{`["ACME" "acme"]`}},
	} {
		found := Accounts(t.Context(), c.accounts, d, nameable)
		text := fmt.Sprint(found)
		if len(found) != len(c.want) {
			t.Errorf("%s: %v", name, found)
		}
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %v does not say %s", name, found, want)
			}
		}
	}
}

// TestApart judges how the records of a live index are written.
func TestApart(t *testing.T) {
	for name, c := range map[string]struct {
		target      Target
		keys, reads bool
		want        Severity
		say         string
	}{
		"all is well":           {Target{Keyed: true}, false, false, OK, "distinguishes all accounts"},
		"no key of the account": {Target{Entity: "returns"}, false, false, Warn, "returnsync rebuild --entity returns"},
		"keys and plain ids":    {Target{Keyed: true}, true, true, Warn, "secretIds: true"},
		"keys and secret ids":   {Target{Keyed: true, Secret: true}, true, true, Info, "cannot be guessed"},
		"an index that heeds":   {Target{Keyed: true}, true, false, OK, "reads no record"},
	} {
		found := Apart(t.Context(), c.target, c.keys, func(context.Context, string) (bool, error) { return c.reads, nil })
		if len(found) != 1 || found[0].Severity != c.want || !strings.Contains(fmt.Sprint(found), c.say) {
			t.Errorf("%s: %+v", name, found)
		}
	}
}
