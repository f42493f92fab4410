package entity

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/reference"
)

// numeric is the setting that lists the fields that searches filter by number.
const numeric = "numericAttributesForFiltering"

// withNumberFacets returns an index's settings in which every field that searches may
// filter by number is a facet too: the index answers the least and the largest number
// of facets only, and a front end's slider needs these. A field that is never shown
// stays out.
func withNumberFacets(settings []byte) ([]byte, error) {
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(settings, &members); err != nil {
		return nil, err
	}
	lists := map[string][]string{}
	for _, name := range []string{numeric, faceting, hiding} {
		var list []string
		if text, ok := members[name]; ok && json.Unmarshal(text, &list) != nil {
			return nil, fmt.Errorf("%s is not a list of texts", name)
		}
		lists[name] = list
	}
	before := len(lists[faceting])
	for _, entry := range lists[numeric] {
		field := reference.Bare(entry)
		named := func(e string) bool { return reference.Bare(e) == field }
		hidden := slices.ContainsFunc(lists[hiding], func(h string) bool { return field == h || strings.HasPrefix(field, h+".") })
		if !hidden && !slices.ContainsFunc(lists[faceting], named) {
			lists[faceting] = append(lists[faceting], field)
		}
	}
	if len(lists[faceting]) == before {
		return settings, nil
	}
	text, err := json.Marshal(lists[faceting])
	if err != nil {
		return nil, err
	}
	members[faceting] = text
	return json.Marshal(members)
}
