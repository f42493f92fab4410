package search

import (
	"net/url"
	"slices"
	"strings"
)

// GetParameters lists the names that ParseGet knows.
func GetParameters() []string {
	return []string{"query", "page", "hitsPerPage", "sort", "filter", "facets", "fields", "distinct"}
}

// ParseGet reads a query from a URL's parameters. Parameters that it does not
// know are refused, so that a misspelt filter never widens an answer.
//
//	query=shirt  page=0  hitsPerPage=20  sort=updatedAt_desc
//	filter=status:RETURN_DELIVERED   repeated: OR within a field, AND between fields
//	filter=updatedAt>=2026-11-01T00:00:00Z   every range must hold
//	facets=status,courier or *   fields=returnNumber,item.sku
//	distinct=true   one hit a group (returns: one a return), false for all
func (s *Schema) ParseGet(values url.Values) (Query, error) {
	q := Query{HitsPerPage: defaultHits, Options: map[string]any{"attributesToHighlight": []string{}, "attributesToSnippet": []string{}}}
	for _, name := range GetParameters() {
		list := values[name]
		if len(list) == 0 {
			continue
		}
		if len(list) > 1 && name != "filter" {
			return q, invalid(name, "%s stands %d times; give it once", name, len(list))
		}
		if err := s.readGet(&q, name, list); err != nil {
			return q, err
		}
	}
	for name := range values {
		if !slices.Contains(GetParameters(), name) {
			return q, invalid(name, "unknown parameter %q: use %s", clip(name), strings.Join(GetParameters(), ", "))
		}
	}
	s.settle(&q)
	return q, s.checkPage(&q)
}

// readGet reads one parameter.
func (s *Schema) readGet(q *Query, name string, list []string) error {
	switch name {
	case "query", "page", "hitsPerPage", "distinct":
		return s.readParameter(q, name, list[0])
	case "facets":
		return s.facets(q, name, split(list[0]), s.Facets)
	case "sort":
		var ok bool
		if q.Sort, ok = s.sort(list[0]); !ok {
			return invalid(name, "%q is not a sort: use %s", clip(list[0]), orDefault(s.SortNames()))
		}
		return nil
	case "fields":
		fields, err := namesOf(name, split(list[0]))
		q.Options["attributesToRetrieve"] = fields
		if err == nil {
			err = s.shown(name, fields)
		}
		return err
	default:
		return s.readFilter(q, list)
	}
}

// split returns the names between the commas of a text.
func split(text string) []string {
	names := strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names
}

// orDefault lists the sorts.
func orDefault(names []string) string {
	if len(names) == 0 {
		return "no sort: the index has its own order only"
	}
	return "one of " + strings.Join(names, ", ")
}

// operators are tried in this order: the longer before those it begins with.
var operators = []string{">=", "<=", "!=", ">", "<", "="}

// readFilter reads filter parameters. Values of one field are joined by OR;
// everything else by AND.
func (s *Schema) readFilter(q *Query, list []string) error {
	const param = "filter"
	if len(list) > MaxTerms {
		return invalid(param, "%d filters are too many; %d are the most", len(list), MaxTerms)
	}
	for _, text := range list {
		c, err := s.readCondition(param, text)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(q.Filter, func(g Group) bool { return c.Op == "" && g[0].Op == "" && g[0].Field == c.Field })
		if i < 0 {
			q.Filter = append(q.Filter, Group{c})
			continue
		}
		q.Filter[i] = append(q.Filter[i], c)
	}
	return nil
}

// readCondition reads FIELD:VALUE, whose value is the rest whatever it holds, or
// FIELD followed by an operator and a number or time.
func (s *Schema) readCondition(param, text string) (Condition, error) {
	end := strings.IndexAny(text, ":<>=!")
	if end < 1 {
		return Condition{}, invalid(param, "%q is not a filter: use FIELD:VALUE or FIELD>=NUMBER, such as status:RETURN_DELIVERED", clip(text))
	}
	field, rest := text[:end], text[end:]
	if value, ok := strings.CutPrefix(rest, ":"); ok {
		return s.byValue(param, field, value)
	}
	for _, op := range operators {
		if value, ok := strings.CutPrefix(rest, op); ok {
			return s.byNumber(param, field, op, value)
		}
	}
	return Condition{}, invalid(param, "%q has no comparison that is known: use one of %s", clip(text), strings.Join(operators, " "))
}
