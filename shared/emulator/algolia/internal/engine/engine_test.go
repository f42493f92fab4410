package engine

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/jsonscan"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/params"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/word"
)

// build makes an index of records given as JSON, with objectIDs "1", "2" and so
// on unless they have their own.
func build(t testing.TB, settings string, records ...string) *Index {
	t.Helper()
	s, err := NewSettings(nil, []byte(settings))
	if err != nil {
		t.Fatal(err)
	}
	x := New(s)
	var changes []Change
	for n, text := range records {
		raw, err := jsonscan.Compact(nil, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		id := jsonscan.Text(jsonscan.Member(raw, "objectID"))
		if id == "" {
			id = fmt.Sprint(n + 1)
			raw, _ = Merge(raw, fmt.Appendf(nil, `{"objectID":%q}`, id))
		}
		changes = append(changes, Change{id, raw})
	}
	x.Apply(changes)
	return x
}

func ask(t testing.TB, x *Index, values params.Values) *Result {
	t.Helper()
	q, err := params.Parse(values, x.Settings().Defaults)
	if err != nil {
		t.Fatal(err)
	}
	return x.Search(q)
}

func hitIDs(res *Result) string {
	var ids []string
	for _, hit := range res.Hits {
		ids = append(ids, jsonscan.Text(jsonscan.Member(hit, "objectID")))
	}
	return strings.Join(ids, " ")
}

func TestMatching(t *testing.T) {
	x := build(t, `{"searchableAttributes":["name","note"],"disablePrefixOnAttributes":["note"]}`,
		`{"name":"Apple iPhone"}`, `{"name":"Galaxy Phone"}`, `{"name":"Phonograph","note":"orders"}`,
		`{"name":"Café au lait"}`, `{"name":"smart watch"}`, `{"name":"smartwatch band"}`, `{"name":"AWB0012345"}`)
	tests := []struct {
		query string
		more  params.Values
		want  string
	}{
		{"phone", nil, "2 3 1"}, // the word, a beginning with one mistake, a wrong first letter
		{"phone", params.Values{"typoTolerance": "false"}, "2"},
		{"phone ", params.Values{"typoTolerance": "false"}, "2"},
		{"pho", nil, "3 2"},
		{"pho ", nil, ""},
		{"pho", params.Values{"queryType": "prefixNone"}, ""},
		{"gal pho", nil, ""},
		{"gal pho", params.Values{"queryType": "prefixAll"}, "2"},
		{"ihpone", nil, "1"},
		{"zhone", params.Values{"typoTolerance": "min"}, "2"},
		{"gxy", nil, ""},
		{"CAFE", nil, "4"},
		{"orde", nil, ""},
		{"orders", nil, "3"},
		{"smartwatch", nil, "6"},
		{"smart watch", nil, "5"},
		{"awb0012346", nil, "7"},
		{"awb0012346", params.Values{"allowTyposOnNumericTokens": "false"}, ""},
		{"phone nothing", nil, ""},
		{"phone nothing", params.Values{"removeWordsIfNoResults": "lastWords", "typoTolerance": "false"}, "2"},
		{"nothing phone", params.Values{"removeWordsIfNoResults": "firstWords", "typoTolerance": "false"}, "2"},
		{"galaxy smart", params.Values{"removeWordsIfNoResults": "allOptional", "typoTolerance": "false"}, "2 5 6"},
		{"galaxy absent", params.Values{"optionalWords": "absent"}, "2"},
		{"phone", params.Values{"restrictSearchableAttributes": "note"}, ""},
	}
	for _, tt := range tests {
		values := params.Values{"query": tt.query}
		for k, v := range tt.more {
			values[k] = v
		}
		if got := hitIDs(ask(t, x, values)); got != tt.want {
			t.Errorf("%q %v = %q, want %q", tt.query, tt.more, got, tt.want)
		}
	}
}

func TestRanking(t *testing.T) {
	tests := []struct {
		name, settings, query, want string
		records                     []string
	}{
		{"custom", `{"customRanking":["desc(n)"]}`, "", "2 3 1", []string{`{"n":1}`, `{"n":3}`, `{"n":2}`}},
		{"missing last", `{"customRanking":["asc(n)"]}`, "", "3 2 1", []string{`{}`, `{"n":"x"}`, `{"n":2}`}},
		{"sort first", `{"ranking":["asc(n)","typo"]}`, "abcd", "2 1", []string{`{"a":"abcd","n":2}`, `{"a":"abce","n":1}`}},
		{"typo first", `{"customRanking":["asc(n)"]}`, "abcd", "1 2", []string{`{"a":"abcd","n":2}`, `{"a":"abce","n":1}`}},
		{"proximity", `{}`, "red shoe", "2 1", []string{`{"a":"red big old shoe"}`, `{"a":"red shoe"}`}},
		{"order of words", `{}`, "red shoe", "2 1", []string{`{"a":"shoe red"}`, `{"a":"red shoe"}`}},
		{"attribute", `{"searchableAttributes":["b","a"]}`, "red", "2 1", []string{`{"a":"red"}`, `{"b":"red"}`}},
		{"position", `{"searchableAttributes":["a"]}`, "red", "2 1", []string{`{"a":"a red"}`, `{"a":"red a"}`}},
		{"unordered", `{"searchableAttributes":["unordered(a)"]}`, "red", "2 1", []string{`{"a":"red a"}`, `{"a":"a red"}`}},
		{"same level", `{"searchableAttributes":["unordered(b),unordered(a)"]}`, "red", "2 1", []string{`{"b":"red"}`, `{"a":"red"}`}},
		{"exact", `{}`, "red", "2 1", []string{`{"a":"redder"}`, `{"a":"red"}`}},
		{"first letter", `{}`, "bcde", "2 1", []string{`{"a":"xcde"}`, `{"a":"bcdx"}`}},
	}
	for _, tt := range tests {
		x := build(t, tt.settings, tt.records...)
		if got := hitIDs(ask(t, x, params.Values{"query": tt.query})); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestFilters(t *testing.T) {
	x := build(t, `{"attributesForFaceting":["color","filterOnly(secret)","size","ok","deep.in"]}`,
		`{"color":"Red","size":1,"ok":true,"_tags":["A","b"]}`,
		`{"color":["red","blue"],"size":2.0005,"secret":"x"}`,
		`{"color":"green","size":[5,9],"deep":{"in":"sea"}}`,
		`{"hidden":"y"}`)
	for filters, want := range map[string]string{
		"color:RED": "2 1", "NOT color:red": "4 3", "color:red AND NOT color:blue": "1",
		"size > 1": "3 2", "size:2 TO 6": "3 2", "size = 2.001": "2", "size=9": "3", "NOT size<3": "4 3",
		"ok:true": "1", "A": "1", "a": "", "_tags:b": "1", "hidden:y": "", "NOT hidden:y": "4 3 2 1",
		"secret:x": "2", "deep.in:sea": "3", "size:1": "1", "color:blue OR color:green": "3 2",
		"color:red<score=1> OR color:green<score=5>": "3 2 1",
	} {
		if got := hitIDs(ask(t, x, params.Values{"filters": filters})); got != want {
			t.Errorf("%s = %q, want %q", filters, got, want)
		}
	}
}

func TestFacets(t *testing.T) {
	x := build(t, `{"attributesForFaceting":["color","filterOnly(secret)","n"],"maxValuesPerFacet":2}`,
		`{"color":["b","b","a"],"n":1}`, `{"color":"c","n":2.5,"secret":"x"}`, `{"color":"c"}`, `{"color":"a"}`, `{"color":"d"}`, `{"color":"c"}`)
	res := ask(t, x, params.Values{"facets": `["*"]`, "hitsPerPage": "0"})
	want := []FacetCounts{
		{"color", []FacetValue{{Value: "c", Count: 3}, {Value: "a", Count: 2}}},
		{"n", []FacetValue{{Value: "1", Count: 1}, {Value: "2.5", Count: 1}}},
	}
	if diff := cmp.Diff(want, res.Facets); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]FacetStats{{"n", 1, 2.5, 1.75, 3.5}}, res.Stats); diff != "" {
		t.Error(diff)
	}
	res = ask(t, x, params.Values{"facets": "color", "sortFacetValuesBy": "alpha"})
	if got := res.Facets[0].Values[1].Value; got != "b" {
		t.Errorf("second by name = %s, want b", got)
	}
}

func TestDistinctAndPaging(t *testing.T) {
	x := build(t, `{"attributeForDistinct":"g","customRanking":["asc(n)"],"attributesForFaceting":["g"],"paginationLimitedTo":3}`,
		`{"g":"a","n":1}`, `{"g":"a","n":2}`, `{"g":"b","n":3}`, `{"n":4}`, `{"n":5}`, `{"g":"a","n":6}`)
	res := ask(t, x, params.Values{"distinct": "true"})
	if got := hitIDs(res); got != "1 3 4" || res.NbHits != 4 {
		t.Errorf("distinct = %q of %d", got, res.NbHits)
	}
	counts := func(more params.Values) int {
		more["distinct"], more["facets"] = "true", "g"
		return ask(t, x, more).Facets[0].Values[0].Count
	}
	if before, after := counts(params.Values{}), counts(params.Values{"facetingAfterDistinct": "true"}); before != 3 || after != 1 {
		t.Errorf("facet counts %d before and %d after distinct", before, after)
	}
	if got := hitIDs(ask(t, x, params.Values{"distinct": "2", "offset": "0", "length": "2"})); got != "1 2" {
		t.Errorf("distinct 2 = %q", got)
	}
	res = ask(t, x, params.Values{"hitsPerPage": "2", "page": "1"})
	if got := hitIDs(res); got != "3" || res.Limited {
		t.Errorf("second page = %q, limited %v", got, res.Limited)
	}
	if res = ask(t, x, params.Values{"hitsPerPage": "3", "page": "1"}); !res.Limited || len(res.Hits) > 0 {
		t.Errorf("beyond the limit: %q, limited %v", hitIDs(res), res.Limited)
	}
}

func TestHits(t *testing.T) {
	x := build(t, `{"searchableAttributes":["name","list","deep"],"unretrievableAttributes":["secret"],"attributesToSnippet":["body:3"]}`,
		`{"name":"Red Shoe","list":["a red","b"],"deep":{"x":"bred red","n":7},"secret":"s","body":"one two three red five six seven"}`)
	res := ask(t, x, params.Values{"query": "red sh", "attributesToRetrieve": `["name","deep.x"]`, "optionalWords": "sh"})
	var got map[string]any
	if err := json.Unmarshal(res.Hits[0], &got); err != nil {
		t.Fatal(err)
	}
	light := func(value, level string, words ...any) map[string]any {
		if len(words) == 0 {
			return map[string]any{"value": value, "matchLevel": level, "matchedWords": []any{}}
		}
		return map[string]any{"value": value, "matchLevel": level, "matchedWords": words, "fullyHighlighted": false}
	}
	want := map[string]any{
		"objectID": "1", "name": "Red Shoe", "deep": map[string]any{"x": "bred red"},
		"_snippetResult": map[string]any{"body": map[string]any{"value": "…three <em>red</em> five…", "matchLevel": "partial"}},
		"_highlightResult": map[string]any{
			"name": light("<em>Red</em> <em>Sh</em>oe", "full", "red", "sh"),
			"list": []any{light("a <em>red</em>", "partial", "red"), light("b", "none")},
			"deep": map[string]any{"x": light("bred <em>red</em>", "partial", "red"), "n": light("7", "none")},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	res = ask(t, x, params.Values{"attributesToHighlight": "[]", "attributesToSnippet": "[]", "attributesToRetrieve": `["*","-body","-deep"]`})
	if got := string(res.Hits[0]); got != `{"name":"Red Shoe","list":["a red","b"],"objectID":"1"}` {
		t.Errorf("hit = %s", got)
	}
}

func TestMerge(t *testing.T) {
	tests := []struct{ current, update, want string }{
		{`{"a":1,"b":2}`, `{"b":null,"c":[1]}`, `{"a":1,"b":null,"c":[1]}`},
		{``, `{"a":1}`, `{"a":1}`},
		{`{"n":1}`, `{"n":{"_operation":"Increment","value":2}}`, `{"n":3}`},
		{`{"n":1}`, `{"n":{"_operation":"Decrement","value":0.5}}`, `{"n":0.5}`},
		{``, `{"n":{"_operation":"Increment","value":2}}`, `{"n":2}`},
		{`{"t":["a"]}`, `{"t":{"_operation":"Add","value":"a"}}`, `{"t":["a","a"]}`},
		{`{"t":["a","b"]}`, `{"t":{"_operation":"AddUnique","value":"a"}}`, `{"t":["a","b"]}`},
		{`{}`, `{"t":{"_operation":"AddUnique","value":"a"}}`, `{"t":["a"]}`},
		{`{"t":["a","b","a"]}`, `{"t":{"_operation":"Remove","value":"a"}}`, `{"t":["b"]}`},
		{`{}`, `{"t":{"_operation":"Remove","value":"a"}}`, `{}`},
		{`{"v":5,"a":1}`, `{"a":2,"v":{"_operation":"IncrementFrom","value":5}}`, `{"v":6,"a":2}`},
		{`{"v":5,"a":1}`, `{"a":2,"v":{"_operation":"IncrementFrom","value":4}}`, `ignored`},
		{``, `{"a":2,"v":{"_operation":"IncrementFrom","value":0}}`, `{"a":2,"v":1}`},
		{``, `{"a":2,"v":{"_operation":"IncrementFrom","value":1}}`, `ignored`},
		{`{"v":5}`, `{"a":2,"v":{"_operation":"IncrementSet","value":6}}`, `{"v":6,"a":2}`},
		{`{"v":5}`, `{"a":2,"v":{"_operation":"IncrementSet","value":5}}`, `ignored`},
		{`{"v":9007199254740993}`, `{"v":{"_operation":"IncrementSet","value":9007199254740992}}`, `ignored`},
		{``, `{"v":{"_operation":"IncrementSet","value":1}}`, `{"v":1}`},
		{``, `{"v":{"_operation":"IncrementSet","value":0}}`, `ignored`},
	}
	for _, tt := range tests {
		var current []byte
		if tt.current != "" {
			current = []byte(tt.current)
		}
		merged, ok := Merge(current, []byte(tt.update))
		got := string(merged)
		if !ok {
			got = "ignored"
		}
		if got != tt.want {
			t.Errorf("%s + %s = %s, want %s", tt.current, tt.update, got, tt.want)
		}
	}
}

// TestExpandAgainstScan holds the walk over sorted runs to a comparison with
// every word.
func TestExpandAgainstScan(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	x := newTerms()
	for range 3000 {
		text := make([]byte, 1+random.IntN(8))
		for i := range text {
			text[i] = "abcd1"[random.IntN(5)]
		}
		x.add(text, posting{})
		if random.IntN(20) == 0 {
			x.seal()
		}
	}
	x.seal()
	for _, query := range []string{"abcd", "ab1cdab1", "d", "aaaaaaaa", "dcba1"} {
		for limit := range 3 {
			for _, prefix := range []bool{false, true} {
				var want, got []string
				for text := range x.ids {
					if _, _, ok := word.NewDistance(query, limit).Of(text, prefix); ok {
						want = append(want, text)
					}
				}
				texts := map[uint32]string{}
				for text, id := range x.ids {
					texts[id] = text
				}
				for _, e := range x.expand(query, limit, prefix) {
					got = append(got, texts[e.id])
				}
				slices.Sort(want)
				slices.Sort(got)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s limit %d prefix %v: %s", query, limit, prefix, diff)
				}
			}
		}
	}
}

func TestManyFacetValues(t *testing.T) {
	var records []string
	for n := range 200 {
		records = append(records, fmt.Sprintf(`{"v":%d}`, n), fmt.Sprintf(`{"v":%d}`, n%7))
	}
	x := build(t, `{"attributesForFaceting":["searchable(v)"]}`, records...)
	res := ask(t, x, params.Values{"facets": "v", "maxValuesPerFacet": "3"})
	want := []FacetValue{{Value: "0", Count: 30}, {Value: "1", Count: 30}, {Value: "2", Count: 30}}
	if diff := cmp.Diff(want, res.Facets[0].Values); diff != "" {
		t.Error(diff)
	}
}

// TestTiesAreOrderedByObjectID lists records that are equal by every criterion.
func TestTiesAreOrderedByObjectID(t *testing.T) {
	ids := []string{"9", "b", "10", "a", "B", "007", "100", "0", "é", "10a", "18446744073709551616", "-1"}
	var records []string
	for _, id := range ids {
		records = append(records, fmt.Sprintf(`{"objectID":%q,"a":"x"}`, id))
	}
	const want = "é b a B 10a 007 -1 18446744073709551616 100 10 9 0"
	for range 3 {
		rand.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		x := build(t, `{}`, records...)
		for _, values := range []params.Values{{}, {"query": "x"}, {"filters": "NOT a:y"}} {
			if got := hitIDs(ask(t, x, values)); got != want {
				t.Errorf("%v: %s, want %s", values, got, want)
			}
		}
	}
}

// TestRebuilt checks that changes, deletions and a rebuild leave the same index.
func TestRebuilt(t *testing.T) {
	x := build(t, `{}`, `{"a":"one"}`, `{"a":"two"}`, `{"a":"three"}`)
	x.Apply([]Change{{"1", []byte(`{"objectID":"1","a":"four two"}`)}, {"3", nil}, {"9", nil}})
	for _, y := range []*Index{x, x.Rebuilt(x.Settings())} {
		if got := hitIDs(ask(t, y, params.Values{"query": "two"})); got != "2 1" {
			t.Errorf("two = %q", got)
		}
		if got := hitIDs(ask(t, y, params.Values{})); got != "2 1" || y.Len() != 2 {
			t.Errorf("all = %q", got)
		}
		if got := hitIDs(ask(t, y, params.Values{"query": "one"})); got != "" {
			t.Errorf("one = %q", got)
		}
	}
}
