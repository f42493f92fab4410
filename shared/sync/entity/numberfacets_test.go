package entity

import (
	"encoding/json"
	"slices"
	"testing"
)

// TestNumbersAreFacets holds the facets of settings to the numbers that they name, and
// those of every definition.
func TestNumbersAreFacets(t *testing.T) {
	for text, want := range map[string][]string{
		`{}`: nil, `{"numericAttributesForFiltering":[]}`: nil, `{"attributesForFaceting":["a"],"numericAttributesForFiltering":["n","equalOnly(m)"," k "]}`: {"a", "n", "m", "k"},
		`{"attributesForFaceting":["filterOnly(n)","afterDistinct(searchable(m))"],"numericAttributesForFiltering":["n","m"]}`: {"filterOnly(n)", "afterDistinct(searchable(m))"},
		`{"numericAttributesForFiltering":["a.b","secret","c.d"],"unretrievableAttributes":["a","secret"]}`:                    {"c.d"},
	} {
		got, err := withNumberFacets([]byte(text))
		var s struct {
			Faceting []string `json:"attributesForFaceting"`
		}
		if err != nil || json.Unmarshal(got, &s) != nil || !slices.Equal(s.Faceting, want) {
			t.Errorf("%s: %s, %v; want %v", text, got, err, want)
		}
	}
	if _, err := withNumberFacets([]byte(`{"numericAttributesForFiltering":"n"}`)); err == nil {
		t.Error("a text was read as a list")
	}
	list, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range list {
		var s struct {
			Faceting []string `json:"attributesForFaceting"`
			Numeric  []string `json:"numericAttributesForFiltering"`
		}
		if err := json.Unmarshal(d.Settings, &s); err != nil {
			t.Fatal(err)
		}
		for _, n := range s.Numeric {
			if !slices.Contains(s.Faceting, n) {
				t.Errorf("%s: %s is no facet", d.Name, n)
			}
		}
	}
}
