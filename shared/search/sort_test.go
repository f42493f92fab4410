package search_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

func TestParseSorts(t *testing.T) {
	list, err := search.ParseSorts([]string{"updatedAt_desc", "refund.amountMinor_asc", "unit_price_desc", "lot.best_before_asc"})
	if diff := cmp.Diff([]search.Sort{{Field: "updatedAt", Desc: true}, {Field: "refund.amountMinor"}, {Field: "unit_price", Desc: true}, {Field: "lot.best_before"}}, list); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	for _, bad := range [][]string{{"a"}, {"a_asc", "a_asc"}, {""}, {"a_up"}, {"_asc"}, {"_a_asc"}, {"asc"}, {"a,b_asc"}} {
		if list, err := search.ParseSorts(bad); err == nil {
			t.Errorf("%q: %+v", bad, list)
		}
	}
}

// TestReplicaSettingsKeepTheRanking puts a sort before the index's own criteria,
// and leaves the index's own alone.
func TestReplicaSettingsKeepTheRanking(t *testing.T) {
	all, err := search.ReplicaSettings([]byte(`{"ranking":["words","custom"]}`), "prod", []search.Sort{{Field: "at", Desc: true}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"prod":         `{"ranking":["words","custom"],"replicas":["prod_at_desc"]}`,
		"prod_at_desc": `{"ranking":["desc(at)","words","custom"]}`,
	}
	for name, text := range want {
		if string(all[name]) != text {
			t.Errorf("%s: %s, want %s", name, all[name], text)
		}
	}
	if all, err = search.ReplicaSettings([]byte(`{}`), "prod", nil); err != nil || string(all["prod"]) != `{"replicas":[]}` || len(all) != 1 {
		t.Errorf("without sorts: %s %v", all, err)
	}
	for text, say := range map[string]string{`{"replicas":["x"]}`: "replicas", `{"ranking":"x"}`: "ranking", `[`: "settings"} {
		if _, err := search.ReplicaSettings([]byte(text), "prod", nil); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestDistinctNeedsAGroup(t *testing.T) {
	for text, ok := range map[string]bool{`{"attributesForFaceting":["a"]}`: false, `{"attributesForFaceting":["a"],"attributeForDistinct":"id"}`: true} {
		_, err := search.NewSchema(search.Schema{Index: "i", Account: "a", Distinct: true}, []byte(text))
		if (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}
