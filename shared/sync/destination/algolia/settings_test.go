package algolia_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/algolia/algoliasearch-client-go/v3/algolia/opt"
	"github.com/algolia/algoliasearch-client-go/v3/algolia/search"
	"github.com/google/go-cmp/cmp"

	vendor "gitlab.com/eshopbox-team/return-sync/shared/algolia"
	emulator "gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
)

// wanted is an index with one replica.
var wanted = []algolia.Wanted{
	{Index: "things", Settings: []byte(`{"searchableAttributes":["number","name"],"attributesForFaceting":["filterOnly(account)"],"replicas":["things_at_desc"]}`)},
	{Index: "things_at_desc", Settings: []byte(`{"searchableAttributes":["number","name"],"ranking":["desc(at)","typo"]}`)},
}

// writes counts the calls that changed settings.
func (b *bench) writes() int {
	n := 0
	for _, count := range b.server.Stats().Requests["PUT /1/indexes/{index}/settings"] {
		n += count
	}
	return n
}

// hand changes settings as somebody in the dashboard would.
func (b *bench) hand(index string, s search.Settings) {
	b.t.Helper()
	conf, err := vendor.Configuration("APP", "admin", b.url)
	if err != nil {
		b.t.Fatal(err)
	}
	res, err := search.NewClientWithConfig(conf).InitIndex(index).SetSettings(s)
	if err == nil {
		err = b.Wait(b.t.Context(), index, res.TaskID)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// pushed pushes and demands that nothing differs afterwards.
func (b *bench) pushed() []algolia.IndexDrift {
	b.t.Helper()
	before, err := b.PushSettings(b.t.Context(), wanted)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, d := range b.compared() {
		if d.Drifted() {
			b.t.Errorf("after a push: %+v", d)
		}
	}
	return before
}

// compared compares.
func (b *bench) compared() []algolia.IndexDrift {
	b.t.Helper()
	list, err := b.CompareSettings(b.t.Context(), wanted)
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

// told returns the settings that the index answers.
func (b *bench) told(index string) map[string]any {
	b.t.Helper()
	raw, err := b.Settings(b.t.Context(), index)
	var m map[string]any
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return m
}

func TestPushSettingsMakesAndMends(t *testing.T) {
	b := newBench(t, nil)
	for _, d := range b.compared() {
		if !d.Missing || !d.Drifted() {
			t.Errorf("of an index that is missing: %+v", d)
		}
	}
	if b.writes() != 0 {
		t.Error("comparing wrote")
	}
	if before := b.pushed(); !before[0].Missing {
		t.Errorf("%+v", before)
	}
	if b.told("things_at_desc")["primary"] != "things" {
		t.Errorf("%v is no replica", b.told("things_at_desc"))
	}
	n := b.writes()
	if b.pushed(); b.writes() != n {
		t.Errorf("pushing what is in step wrote %d times", b.writes()-n)
	}

	b.hand("things", search.Settings{SearchableAttributes: opt.SearchableAttributes("name", "number"), HitsPerPage: opt.HitsPerPage(50)})
	want := []algolia.Difference{
		{Setting: "searchableAttributes", Have: json.RawMessage(`["name","number"]`), Want: json.RawMessage(`["number","name"]`), Default: json.RawMessage(`[]`)},
		{Setting: "hitsPerPage", Have: json.RawMessage(`50`), Default: json.RawMessage(`20`), LeftAlone: true},
	}
	drift := b.compared()
	if diff := cmp.Diff(want, drift[0].Differences); diff != "" || !drift[0].Drifted() || drift[1].Drifted() {
		t.Errorf("after a hand edit (-want +got):\n%s", diff)
	}
	n = b.writes()
	if b.pushed(); b.writes() != n+1 {
		t.Errorf("%d writes for one index", b.writes()-n)
	}
	if b.told("things")["hitsPerPage"] != 50.0 {
		t.Error("a setting that is not ours was changed")
	}
}

func TestPushSettingsKeepsStrangers(t *testing.T) {
	b := newBench(t, nil)
	b.pushed()
	b.push(ops(3))
	b.hand("things", search.Settings{Replicas: opt.Replicas("other")})
	drift := b.compared()[0]
	if got := drift.Differences; len(got) != 2 || string(got[0].Want) != `["things_at_desc"]` || string(got[0].Have) != `[]` || !got[1].LeftAlone || string(got[1].Have) != `["other"]` {
		t.Errorf("%+v", got)
	}
	b.pushed()
	if diff := cmp.Diff([]any{"things_at_desc", "other"}, b.told("things")["replicas"]); diff != "" {
		t.Error(diff)
	}
	if n := b.server.Stats().Records["APP"]["things_at_desc"]; n != 3 {
		t.Errorf("the replica that was linked again has %d records", n)
	}
}

func TestPushSettingsUnknownToTheClient(t *testing.T) {
	b := newBench(t, nil)
	if err := b.ApplySettings(t.Context(), "things", []byte(`{"semanticSearch":{"eventSources":["things"]},"hitsPerPage":7}`)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"eventSources": []any{"things"}}, b.told("things")["semanticSearch"]); diff != "" {
		t.Error(diff)
	}
	b.pushed()
	if b.told("things")["semanticSearch"] == nil {
		t.Error("a setting that is not ours was lost")
	}
	if err := b.ApplySettings(t.Context(), "things", []byte(`{"hitsPerPage":null}`)); err != nil || b.told("things")["hitsPerPage"] != 20.0 {
		t.Errorf("null does not reset: %v", err)
	}
}

func TestSettingsAreRefusedByName(t *testing.T) {
	b := newBench(t, nil)
	for text, code := range map[string]string{`[`: "bad-settings", `[]`: "bad-settings", `{"ranking":"x"}`: "bad-settings"} {
		if err := b.ApplySettings(t.Context(), "things", []byte(text)); fault.CodeOf(err) != code || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := b.Settings(t.Context(), "nothing"); fault.KindOf(err) != fault.NotFound || !strings.Contains(err.Error(), "nothing") {
		t.Error(err)
	}
}

// restricted returns a client with a key that has the rights alone, on those
// indices.
func (b *bench) restricted(acl, indexes []string) *algolia.Client {
	b.t.Helper()
	conf, err := vendor.Configuration("APP", "admin", b.url)
	if err != nil {
		b.t.Fatal(err)
	}
	key, err := search.NewClientWithConfig(conf).AddAPIKey(search.Key{ACL: acl, Indexes: indexes})
	if err != nil {
		b.t.Fatal(err)
	}
	c, err := algolia.NewAdmin(algolia.AdminConfig{AppID: "APP", Key: key.Key, URL: b.url})
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func TestMissingRightsAreNamed(t *testing.T) {
	b := newBench(t, nil)
	b.pushed()
	b.hand("things", search.Settings{SearchableAttributes: opt.SearchableAttributes("name")})
	compare := func(ctx context.Context, c *algolia.Client) error {
		_, err := c.CompareSettings(ctx, wanted)
		return err
	}
	push := func(ctx context.Context, c *algolia.Client) error { _, err := c.PushSettings(ctx, wanted); return err }
	drop := func(ctx context.Context, c *algolia.Client) error { return c.DeleteIndex(ctx, "things") }
	cases := map[string]struct {
		acl, indexes []string
		do           func(context.Context, *algolia.Client) error
		want         []string
	}{
		"compare": {[]string{"search"}, nil, compare, []string{"ALGOLIA_ADMIN_KEY", "(ACL) settings", "index things"}},
		"push":    {[]string{"settings"}, nil, push, []string{"(ACL) editSettings"}},
		"wait":    {[]string{"settings", "editSettings"}, nil, push, []string{"(ACL) addObject", "the change was sent"}},
		"delete":  {[]string{"settings", "editSettings", "addObject"}, nil, drop, []string{"(ACL) deleteIndex"}},
		"index":   {[]string{"settings"}, []string{"others"}, compare, []string{"may not use index things", "things_*"}},
	}
	for _, name := range []string{"compare", "push", "wait", "delete", "index"} {
		c := cases[name]
		err := c.do(t.Context(), b.restricted(c.acl, c.indexes))
		for _, words := range c.want {
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("%s: %v does not say %q", name, err, words)
			}
		}
		if fault.KindOf(err) != fault.Forbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
	unknown, err := algolia.NewAdmin(algolia.AdminConfig{AppID: "APP", Key: "nobody", URL: b.url})
	if err != nil {
		t.Fatal(err)
	}
	if err := compare(t.Context(), unknown); err == nil || !strings.Contains(err.Error(), "check ALGOLIA_APP_ID and ALGOLIA_ADMIN_KEY") {
		t.Error(err)
	}
}

func TestSettingsAreTriedAgain(t *testing.T) {
	b := newBench(t, nil, emulator.Fault{Kind: emulator.ServerError, Scope: "all", Probability: 1, Max: 2},
		emulator.Fault{Kind: emulator.RateLimit, Scope: "all", Probability: 1, Max: 1})
	b.pushed()
	if played := b.server.Stats().Faults; played[emulator.ServerError] != 2 || played[emulator.RateLimit] != 1 {
		t.Errorf("played %v", played)
	}
}

func TestDeleteIndex(t *testing.T) {
	b := newBench(t, nil)
	b.pushed()
	b.hand("things", search.Settings{Replicas: opt.Replicas("things_at_desc", "other")})
	b.hand("bystander", search.Settings{HitsPerPage: opt.HitsPerPage(3)})
	if err := b.DeleteIndex(t.Context(), "other"); fault.CodeOf(err) != "index-is-replica" {
		t.Errorf("deleting a replica alone: %v", err)
	}
	for range 2 { // the second finds nothing
		if err := b.DeleteIndex(t.Context(), "things"); err != nil {
			t.Fatal(err)
		}
	}
	for index, want := range map[string]bool{"things": false, "things_at_desc": false, "other": false, "bystander": true} {
		_, err := b.Settings(t.Context(), index)
		if got := fault.KindOf(err) != fault.NotFound; got != want || got && err != nil {
			t.Errorf("%s: %v, %v", index, got, err)
		}
	}
}
