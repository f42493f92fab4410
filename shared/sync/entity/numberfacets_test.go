package entity

import (
	"encoding/json"
	"slices"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/reference"
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

// TestTheAccountCanBeFilteredBy loads settings that name the account in every way, and
// not at all: searches need it among the facets, once.
func TestTheAccountCanBeFilteredBy(t *testing.T) {
	for _, account := range []string{"tenant", "seller.id"} {
		for _, entry := range []string{"", account, "searchable(" + account + ")", "filterOnly(" + account + ")", "afterDistinct(searchable(" + account + "))"} {
			for _, more := range []string{`"searchableAttributes":["title"]`, `"numericAttributesForFiltering":["` + account + `"]`} {
				dir, definition := t.TempDir(), good()
				definition["entity.yaml"] += "account: " + account + "\n"
				definition["settings.json"] = `{"attributesForFaceting":["brand"],` + more + `}`
				if entry != "" {
					definition["settings.json"] = `{"attributesForFaceting":["brand","` + entry + `"],` + more + `}`
				}
				write(t, dir, "orders", definition)
				list, err := Load(dir)
				if err != nil {
					t.Fatal(err)
				}
				d, err := List(list).Named("orders")
				var s struct {
					Faceting []string `json:"attributesForFaceting"`
				}
				if err != nil || json.Unmarshal(d.Settings, &s) != nil {
					t.Fatal(string(d.Settings), err)
				}
				n := 0
				for _, e := range s.Faceting {
					if reference.Bare(e) == account {
						n++
					}
				}
				if n != 1 || !slices.Contains(s.Faceting, "brand") {
					t.Errorf("%q and %s: %v", entry, more, s.Faceting)
				}
			}
		}
	}
}
