package algolia

import (
	"maps"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/filter"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/params"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/word"
)

// ruled is what the rules of a search add to its answer.
type ruled struct {
	ids      []object
	userData []any
}

// show adds what rules did to an answer.
func (r ruled) show(body object, q *params.Query) {
	if len(r.userData) > 0 {
		body["userData"] = r.userData
	}
	if len(r.ids) > 0 && q.Text != body["query"] {
		body["parsedQuery"] = q.Text
	}
	if len(r.ids) > 0 && q.RankingInfo {
		body["appliedRules"] = r.ids
	}
}

// filterNames are the parameters whose conditions are added to those of a query.
var filterNames = []string{"filters", "facetFilters", "numericFilters", "tagFilters"}

// automatic are the members of a rule's params that are not parameters of a search; those
// that need a facet's value in the pattern are not emulated.
var automatic = []string{"query", "automaticFacetFilters", "automaticOptionalFacetFilters"}

// underRules returns the query that the rules of an index make of the one that was
// asked: other words, more filters, other parameters, promoted and hidden records.
func (c *call) underRules(i index, values params.Values, asked *params.Query) (*params.Query, ruled, error) {
	if !asked.Rules {
		return asked, ruled{}, nil
	}
	rules := i.rules.applying(asked, c.server.options.Now())
	if len(rules) == 0 {
		return asked, ruled{}, nil
	}
	merged, text := maps.Clone(values), asked.Text
	var more filter.Filter
	var out ruled
	for _, r := range rules {
		out.ids = append(out.ids, object{"objectID": r.ObjectID})
		if r.Consequence.UserData != nil {
			out.userData = append(out.userData, r.Consequence.UserData)
		}
		text = replaced(text, r.Consequence.Params["query"])
		own := r.Consequence.Params.Without(automatic...)
		parsed, err := params.Parse(own, nil)
		if err != nil {
			return nil, out, badRequest(err)
		}
		more = append(more, parsed.Filter...)
		maps.Copy(merged, own.Without(filterNames...))
	}
	merged["query"] = text
	q, err := c.parse(i, merged)
	if err != nil {
		return nil, out, err
	}
	q.Filter = append(q.Filter, more...)
	for _, r := range rules {
		r.Consequence.move(q)
	}
	return q, out, nil
}

// move promotes and hides records.
func (c consequence) move(q *params.Query) {
	for _, p := range c.Promote {
		ids := p.ObjectIDs
		if p.ObjectID != "" {
			ids = append([]string{p.ObjectID}, ids...)
		}
		for n, id := range ids {
			q.Promoted = append(q.Promoted, params.Promotion{ID: id, Position: p.Position + n})
		}
	}
	q.MustMatch = q.MustMatch || c.FilterPromotes
	for _, h := range c.Hide {
		q.Hidden = append(q.Hidden, h.ObjectID)
	}
}

// replaced returns a query after a rule's change: a whole other text, or edits of its
// words.
func replaced(text string, change any) string {
	if whole, ok := change.(string); ok {
		return whole
	}
	said, _ := change.(map[string]any)
	remove, _ := said["remove"].([]any)
	for _, gone := range remove {
		gone, _ := gone.(string)
		text = edited(text, gone, "")
	}
	edits, _ := said["edits"].([]any)
	for _, e := range edits {
		edit, _ := e.(map[string]any)
		gone, _ := edit["delete"].(string)
		insert, _ := edit["insert"].(string)
		if edit["type"] == "remove" {
			insert = ""
		}
		text = edited(text, gone, insert)
	}
	return text
}

// edited puts other words in the place of some, wherever they stand.
func edited(text, gone, insert string) string {
	wanted, parts := word.Words(gone, ""), strings.Fields(text)
	folded := make([]string, len(parts))
	for i, part := range parts {
		folded[i] = strings.Join(word.Words(part, ""), " ")
	}
	for len(wanted) > 0 {
		at := find(folded, wanted)
		if at < 0 {
			break
		}
		into := strings.Fields(insert)
		rest := append(append([]string{}, into...), parts[at+len(wanted):]...)
		parts = append(parts[:at:at], rest...)
		same := make([]string, len(into)) // inserted words are not edited again
		folded = append(append(folded[:at:at], same...), folded[at+len(wanted):]...)
	}
	return strings.Join(parts, " ")
}
