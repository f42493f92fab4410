package algolia_test

import (
	"encoding/json"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
)

// TestDrift compares pairs of settings: what is different by meaning and what is
// not.
func TestDrift(t *testing.T) {
	cases := map[string]struct {
		have, want string
		differ     string // the setting that differs, "" for none
		alone      bool
	}{
		"same":                          {`{"a":1}`, `{"a":1}`, "", false},
		"nothing":                       {``, `{}`, "", false},
		"spacing and numbers":           {`{"a":{"y":1.0,"x":[1, 2]}}`, `{"a":{"x":[1,2],"y":1}}`, "", false},
		"unset is the default":          {`{}`, `{"hitsPerPage":20}`, "", false},
		"null is the default":           {`{"hitsPerPage":null}`, `{"hitsPerPage":20}`, "", false},
		"wanted null is the default":    {`{"hitsPerPage":20}`, `{"hitsPerPage":null}`, "", false},
		"wanted null resets":            {`{"hitsPerPage":50}`, `{"hitsPerPage":null}`, "hitsPerPage", false},
		"unset is not another":          {`{}`, `{"hitsPerPage":21}`, "hitsPerPage", false},
		"none is null":                  {`{"attributesForFaceting":null}`, `{"attributesForFaceting":[]}`, "", false},
		"none is not all":               {`{"attributesToHighlight":null}`, `{"attributesToHighlight":[]}`, "attributesToHighlight", false},
		"no numbers is all":             {`{"numericAttributesForFiltering":null}`, `{"numericAttributesForFiltering":[]}`, "", false},
		"facets have no order":          {`{"attributesForFaceting":["b","filterOnly(a)"]}`, `{"attributesForFaceting":["filterOnly(a)","b"]}`, "", false},
		"facets have modifiers":         {`{"attributesForFaceting":["a"]}`, `{"attributesForFaceting":["filterOnly(a)"]}`, "attributesForFaceting", false},
		"numbers have no order":         {`{"numericAttributesForFiltering":["b","a"]}`, `{"numericAttributesForFiltering":["a","b"]}`, "", false},
		"searchable has":                {`{"searchableAttributes":["b","a"]}`, `{"searchableAttributes":["a","b"]}`, "searchableAttributes", false},
		"ranking has":                   {`{"ranking":["words","typo"]}`, `{"ranking":["typo","words"]}`, "ranking", false},
		"customRanking has":             {`{"customRanking":["desc(b)","asc(a)"]}`, `{"customRanking":["asc(a)","desc(b)"]}`, "customRanking", false},
		"one level":                     {`{"searchableAttributes":["b, a","c"]}`, `{"searchableAttributes":["a,b","c"]}`, "", false},
		"levels":                        {`{"searchableAttributes":["a","b"]}`, `{"searchableAttributes":["a,b"]}`, "searchableAttributes", false},
		"default ranking":               {`{}`, `{"ranking":["typo","geo","words","filters","proximity","attribute","exact","custom"]}`, "", false},
		"true is one":                   {`{"distinct":true}`, `{"distinct":1}`, "", false},
		"false is unset":                {`{}`, `{"distinct":false}`, "", false},
		"true is not two":               {`{"distinct":true}`, `{"distinct":2}`, "distinct", false},
		"a text of true":                {`{"typoTolerance":"true"}`, `{"typoTolerance":true}`, "", false},
		"typo min":                      {`{"typoTolerance":"min"}`, `{"typoTolerance":true}`, "typoTolerance", false},
		"a text for a list":             {`{"optionalWords":"a"}`, `{"optionalWords":["a"]}`, "", false},
		"beyond ours":                   {`{"hitsPerPage":50}`, `{}`, "hitsPerPage", true},
		"beyond ours by default":        {`{"hitsPerPage":20,"version":2,"ranking":["typo","geo","words","filters","proximity","attribute","exact","custom"]}`, `{}`, "", false},
		"unknown to us":                 {`{"somethingNew":{"a":[1]}}`, `{}`, "somethingNew", true},
		"reported only":                 {`{"primary":"p","version":2}`, `{}`, "", false},
		"replicas":                      {`{"replicas":["i_b","i_a"]}`, `{"replicas":["i_a","i_b"]}`, "", false},
		"a replica is missing":          {`{"replicas":["i_a"]}`, `{"replicas":["i_a","i_b"]}`, "replicas", false},
		"a replica of the other kind":   {`{"replicas":["virtual(i_a)"]}`, `{"replicas":["i_a"]}`, "replicas", false},
		"a stranger":                    {`{"replicas":["i_a","other"]}`, `{"replicas":["i_a"]}`, "replicas", true},
		"a stranger and nothing wanted": {`{"replicas":["virtual(other)"]}`, `{}`, "replicas", true},
	}
	for name, c := range cases {
		list, err := algolia.Drift([]byte(c.have), []byte(c.want))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		switch {
		case c.differ == "" && len(list) == 0:
		case len(list) != 1 || list[0].Setting != c.differ || list[0].LeftAlone != c.alone:
			t.Errorf("%s: %+v, want %q, left alone %v", name, list, c.differ, c.alone)
		}
	}
	for _, bad := range [][2]string{{`[`, `{}`}, {`{}`, `[]`}} {
		if list, err := algolia.Drift([]byte(bad[0]), []byte(bad[1])); err == nil {
			t.Errorf("%v: %+v", bad, list)
		}
	}
}

// FuzzDrift holds any two settings to what must be true of a comparison: none
// with itself, and the same settings whichever side asks.
func FuzzDrift(f *testing.F) {
	f.Add([]byte(`{"searchableAttributes":["a, b"],"distinct":true,"replicas":["virtual(x)"]}`), []byte(`{"hitsPerPage":null,"typoTolerance":"true","replicas":["x"]}`))
	f.Add([]byte(`{"optionalWords":"a","ranking":[1,"b"]}`), []byte(`null`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		forward, err := algolia.Drift(a, b)
		if err != nil {
			return
		}
		for _, d := range forward {
			if !json.Valid(d.Have) || !d.LeftAlone && !json.Valid(d.Want) {
				t.Fatalf("%s against %s: %+v", a, b, d)
			}
		}
		self, err := algolia.Drift(a, a)
		if err != nil || len(self) > 0 {
			t.Fatalf("%s against itself: %+v %v", a, self, err)
		}
		if back, err := algolia.Drift(b, a); err != nil || (len(back) == 0) != (len(forward) == 0) {
			t.Fatalf("%s against %s: %+v one way, %+v %v the other", a, b, forward, back, err)
		}
	})
}
