package params

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFromJSON(t *testing.T) {
	got, err := FromJSON([]byte(`{"params":"query=a%20b&page=1&facets=%5B%22x%22%5D","page":2}`))
	if err != nil {
		t.Fatal(err)
	}
	want := Values{"query": "a b", "page": 2.0, "facets": `["x"]`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := FromJSON([]byte(`[1]`)); err == nil {
		t.Error("an array is no body")
	}
}

func TestParse(t *testing.T) {
	defaults, err := Read(Values{"hitsPerPage": 7.0, "query": "y", "attributesToSnippet": []any{"d:5"}})
	if err != nil {
		t.Fatal(err)
	}
	q, err := Parse(Values{
		"query": "x", "facets": `["a","b"]`, "attributesToHighlight": "", "distinct": "true",
		"length": "5", "filters": "a:1", "facetFilters": `[["b:2","b:3"]]`, "typoTolerance": false,
	}, defaults)
	if err != nil {
		t.Fatal(err)
	}
	type summary struct {
		Text, Typo                                 string
		Facets, Highlight, Snippet                 []string
		HitsPerPage, Distinct, Offset, Len, Groups int
	}
	got := summary{q.Text, q.TypoTolerance, q.Facets, q.Highlight, q.Snippet,
		q.HitsPerPage, q.Distinct, q.Offset, q.Length, len(q.Filter)}
	want := summary{"x", "false", []string{"a", "b"}, []string{}, []string{"d:5"}, 7, 1, 0, 5, 2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, values := range []Values{
		{"hitsperpage": "1"}, {"hitsPerPage": 1001.0}, {"page": "-1"}, {"filters": "a:"},
		{"typoTolerance": "maybe"}, {"facets": 1.0}, {"facetFilters": map[string]any{}}, {"analytics": 1.0, "query": []any{}},
	} {
		if _, err := Parse(values, nil); err == nil {
			t.Errorf("Parse(%v) accepted", values)
		}
	}
}

// FuzzParse checks that no text makes the reader panic and that what it echoes
// can be read again.
func FuzzParse(f *testing.F) {
	f.Add("query=a&facetFilters=[[\"a:b\"]]&hitsPerPage=3")
	f.Add("filters=a:1%20AND%20b>2&distinct=true&facets=*")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := FromEncoded(text)
		if err != nil {
			return
		}
		q, err := Parse(values, nil)
		if err != nil {
			return
		}
		if _, err := FromEncoded(q.Echo); err != nil {
			t.Fatalf("echo %q: %v", q.Echo, err)
		}
	})
}
