package algolia

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/params"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/word"
)

// rule is what a search uses of a stored rule.
type rule struct {
	ObjectID   string      `json:"objectID"`
	Enabled    *bool       `json:"enabled"`
	Condition  *condition  `json:"condition"`
	Conditions []condition `json:"conditions"`
	Validity   []struct {
		From  int64 `json:"from"`
		Until int64 `json:"until"`
	} `json:"validity"`
	Consequence consequence `json:"consequence"`
}

// condition is one condition of a rule: a pattern of the query, a context, or both.
type condition struct {
	Pattern   *string         `json:"pattern"`
	Anchoring string          `json:"anchoring"`
	Context   string          `json:"context"`
	Filters   json.RawMessage `json:"filters"`
}

// consequence is what a rule does.
type consequence struct {
	Params  params.Values `json:"params"`
	Promote []struct {
		ObjectID  string   `json:"objectID"`
		ObjectIDs []string `json:"objectIDs"`
		Position  int      `json:"position"`
	} `json:"promote"`
	FilterPromotes bool `json:"filterPromotes"`
	Hide           []struct {
		ObjectID string `json:"objectID"`
	} `json:"hide"`
	UserData any `json:"userData"`
}

// applying returns the rules that apply to a query now, in the order of their saving.
func (d *documents) applying(q *params.Query, now time.Time) []rule {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var list []rule
	for _, id := range d.order {
		var r rule
		if json.Unmarshal(d.byID[id], &r) == nil && r.applies(q, now) {
			list = append(list, r)
		}
	}
	return list
}

// applies reports whether a rule is enabled, valid and asked for. A rule without a
// condition always is.
func (r rule) applies(q *params.Query, now time.Time) bool {
	if r.Enabled != nil && !*r.Enabled {
		return false
	}
	valid := len(r.Validity) == 0
	for _, v := range r.Validity {
		valid = valid || v.From <= now.Unix() && now.Unix() < v.Until
	}
	if !valid {
		return false
	}
	all := r.Conditions
	if r.Condition != nil && !r.Condition.empty() {
		all = append(slices.Clone(all), *r.Condition)
	}
	return len(all) == 0 || slices.ContainsFunc(all, func(c condition) bool { return c.holds(q) })
}

// empty reports whether a condition asks for nothing.
func (c condition) empty() bool {
	return (c.Pattern == nil || *c.Pattern == "") && c.Anchoring == "" && c.Context == "" && len(c.Filters) == 0
}

// holds reports whether a condition is met. Filters and facets' values as conditions are
// not emulated: such a condition never is.
func (c condition) holds(q *params.Query) bool {
	if len(c.Filters) > 0 && string(c.Filters) != "null" && string(c.Filters) != `""` || c.Pattern != nil && strings.Contains(*c.Pattern, "{facet:") {
		return false
	}
	if c.Context != "" && !slices.Contains(q.RuleContexts, c.Context) {
		return false
	}
	if c.Pattern == nil || c.Anchoring == "" {
		return true
	}
	wanted, words := word.Words(*c.Pattern, ""), word.Words(q.Text, "")
	at := find(words, wanted)
	switch c.Anchoring {
	case "is":
		return slices.Equal(words, wanted)
	case "startsWith":
		return at == 0
	case "endsWith":
		return len(words) >= len(wanted) && slices.Equal(words[len(words)-len(wanted):], wanted)
	}
	return at >= 0
}

// find returns where some words stand among others, one behind the other; -1 if they do
// not.
func find(words, wanted []string) int {
	for i := 0; i+len(wanted) <= len(words); i++ {
		if slices.Equal(words[i:i+len(wanted)], wanted) {
			return i
		}
	}
	return -1
}
