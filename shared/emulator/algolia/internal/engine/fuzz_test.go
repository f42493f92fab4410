package engine

import (
	"encoding/json"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/jsonscan"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/params"
)

// FuzzSearch indexes any record and asks any query: nothing panics, hits are
// JSON objects that hold the objectID, and a change back leaves one record.
func FuzzSearch(f *testing.F) {
	f.Add(`{"a":"Red Shoe","b":[1,{"c":"x"}]}`, "red sh", "a:1")
	f.Add(`{"a":{"b":{"c":["d é","e"]}},"n":-2.5e3}`, "é d", "n<0 OR n>1")
	f.Add(`{"objectID":"2","_tags":["x"]}`, "", "x")
	s, err := NewSettings(nil, []byte(`{"attributesForFaceting":["a","searchable(b)"],"attributesToSnippet":["*:2"],"customRanking":["desc(n)"]}`))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, record, query, filters string) {
		raw, err := jsonscan.Compact(nil, []byte(record))
		if err != nil || raw[0] != '{' {
			return
		}
		raw, _ = Merge(raw, []byte(`{"objectID":"1"}`))
		x := New(s)
		x.Apply([]Change{{"1", raw}, {"2", []byte(`{"objectID":"2","a":"red"}`)}})
		x.Apply([]Change{{"2", nil}})
		q, err := params.Parse(params.Values{"query": query, "filters": filters, "facets": "*", "facetQuery": query}, nil)
		if err != nil {
			return
		}
		for _, hit := range x.Search(q).Hits {
			if !json.Valid(hit) || string(jsonscan.Member(hit, "objectID")) != `"1"` {
				t.Fatalf("hit %s of %s", hit, raw)
			}
		}
		x.FacetValues("b", q)
		if hits, n, _ := x.Browse(q, 0, 10); len(hits) != n {
			t.Fatalf("browsed %d of %d", len(hits), n)
		}
	})
}

// FuzzMerge checks that a partial update of any object is an object.
func FuzzMerge(f *testing.F) {
	f.Add(`{"n":1,"t":["a"]}`, `{"n":{"_operation":"IncrementSet","value":2},"t":{"_operation":"Add","value":"b"}}`)
	f.Fuzz(func(t *testing.T, current, update string) {
		a, errA := jsonscan.Compact(nil, []byte(current))
		b, errB := jsonscan.Compact(nil, []byte(update))
		if errA != nil || errB != nil || CheckOperations(b) != nil {
			return
		}
		if merged, _ := Merge(a, b); !json.Valid(merged) || merged[0] != '{' {
			t.Fatalf("%s + %s = %s", a, b, merged)
		}
	})
}
