package algolia_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	emulator "gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

// browser returns a browser before a bench's emulator.
func (b *bench) browser(key string) *algolia.Browser {
	b.t.Helper()
	r, err := algolia.NewBrowser(algolia.BrowseConfig{AppID: "APP", Key: key, URL: b.url, Attempts: 4, Timeout: 2 * time.Second})
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// browse returns the ids of a part, sorted.
func browse(t *testing.T, r *algolia.Browser, p destination.Part) []string {
	t.Helper()
	var ids []string
	err := r.Browse(t.Context(), "things", p, func(body []byte) error {
		var doc struct{ ObjectID string }
		err := json.Unmarshal(body, &doc)
		ids = append(ids, doc.ObjectID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(ids)
	return ids
}

// TestBrowseReadsEveryRecordOnce goes over several pages, with failures between.
func TestBrowseReadsEveryRecordOnce(t *testing.T) {
	b := newBench(t, nil)
	if got := browse(t, b.browser("admin"), destination.Part{Roots: source.Every}); got != nil {
		t.Errorf("an index that is not there has %v", got)
	}
	b.push(ops(2_500))
	if err := b.faults(emulator.Fault{Kind: emulator.ServerError, Probability: 0.6, Scope: "all", Max: 2},
		emulator.Fault{Kind: emulator.RateLimit, Probability: 0.5, Scope: "all", Max: 2}); err != nil {
		t.Fatal(err)
	}
	got := browse(t, b.browser("admin"), destination.Part{Roots: source.Every})
	if len(got) != 2_500 || len(slices.Compact(got)) != 2_500 {
		t.Errorf("read %d records", len(got))
	}
	if len(b.server.Stats().Faults) == 0 {
		t.Error("no fault struck")
	}
}

// TestBrowseOfAPart filters by account and root.
func TestBrowseOfAPart(t *testing.T) {
	b := newBench(t, nil)
	if err := b.ApplySettings(t.Context(), "things", []byte(`{"attributesForFaceting": ["filterOnly(account)"]}`)); err != nil {
		t.Fatal(err)
	}
	var list []destination.Op
	for n := 1; n <= 6; n++ {
		account := []string{"a", `b "quoted\" c`}[n%2]
		body, _ := json.Marshal(map[string]any{"objectID": fmt.Sprint(n), "account": account, "root": n})
		list = append(list, destination.Op{ID: fmt.Sprint(n), Body: body})
	}
	list = append(list, destination.Op{ID: "none", Body: []byte(`{"objectID":"none"}`)})
	b.push(list)
	for name, c := range map[string]struct {
		part destination.Part
		want []string
	}{
		"all":     {destination.Part{AccountField: "account", RootField: "root", Roots: source.Every}, []string{"1", "2", "3", "4", "5", "6", "none"}},
		"account": {destination.Part{AccountField: "account", Account: `b "quoted\" c`, Roots: source.Every}, []string{"1", "3", "5"}},
		"roots":   {destination.Part{RootField: "root", Roots: source.Range{After: 2, Upto: 4}}, []string{"3", "4"}},
		"both":    {destination.Part{AccountField: "account", Account: "a", RootField: "root", Roots: source.Range{After: 2, Upto: 9}}, []string{"4", "6"}},
	} {
		if got := browse(t, b.browser("admin"), c.part); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestObjects asks for more than one request's worth, some of it not there.
func TestObjects(t *testing.T) {
	b := newBench(t, nil)
	b.push(ops(1_500))
	ids := []string{"no", "r0"}
	for n := range 1_400 {
		ids = append(ids, fmt.Sprint("r", n+1), fmt.Sprint("no", n))
	}
	got, err := b.browser("admin").Objects(t.Context(), "things", ids)
	if err != nil || len(got) != 1_401 || string(got["r7"]) != `{"objectID":"r7","n":7}` {
		t.Errorf("%d objects, r7 is %s, %v", len(got), got["r7"], err)
	}
	if got, err = b.browser("admin").Objects(t.Context(), "nothing", []string{"a"}); err != nil || len(got) != 0 {
		t.Errorf("an index that is not there: %v, %v", got, err)
	}
}

// TestBrowseNeedsAKeyThatMay is a key without the right, and none.
func TestBrowseNeedsAKeyThatMay(t *testing.T) {
	b := newBench(t, nil)
	b.push(ops(1))
	err := b.browser("search").Browse(t.Context(), "things", destination.Part{Roots: source.Every}, func([]byte) error { return nil })
	if fault.CodeOf(err) != "index-refuses-us" {
		t.Errorf("%v", err)
	}
	if _, err := algolia.NewBrowser(algolia.BrowseConfig{AppID: "APP", Attempts: 1}); err == nil {
		t.Error("without a key")
	}
	if _, err := algolia.NewBrowser(algolia.BrowseConfig{AppID: "APP", AdminKey: "k"}); err == nil {
		t.Error("without attempts")
	}
}
