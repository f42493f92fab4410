package search

import (
	"bytes"
	_ "embed" // the description
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

// template is the OpenAPI description. A list ["@name"] in it is filled with
// what the entity's definition says, a "@name" with a number of the settings.
//
//go:embed openapi.json
var template []byte

// describe returns the description for a schema.
func describe(s *search.Schema, l wire.SearchLimits) (edge.Ready, error) {
	text := template
	for name, list := range map[string][]string{
		"sorts": append([]string{""}, s.SortNames()...), "facets": s.Countable(), "numbers": s.Numbers, "filters": s.Filters,
		"indices": slices.Concat([]string{s.Entity}, s.IndexNames()),
	} {
		filled, err := json.Marshal(append([]string{}, list...))
		if err != nil {
			return nil, err
		}
		text = bytes.ReplaceAll(text, []byte(`["@`+name+`"]`), filled)
	}
	for name, number := range map[string]int64{"maxBatch": int64(l.MaxBatch()), "maxHits": int64(l.MaxHits), "maxBody": l.MaxBody, "maxAnswer": l.MaxAnswer} {
		text = bytes.ReplaceAll(text, []byte(`"@`+name+`"`), strconv.AppendInt(nil, number, 10))
	}
	if !json.Valid(text) || bytes.Contains(text, []byte(`"@`)) {
		return nil, fmt.Errorf("openapi.json is not valid JSON, or names a list that nobody fills")
	}
	return edge.Ready{text}, nil
}

// describe answers with the description of the index that is live.
func (f *function) describe(r *http.Request) (any, error) {
	served, _, err := f.place(r.URL)
	if err != nil {
		return nil, err
	}
	if _, err := served[0].Freshness.At(r.Context(), f.now()); err != nil {
		return nil, err
	}
	e := served[0].Edition()
	return describe(&e.Schema, f.Limits)
}
