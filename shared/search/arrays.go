package search

import "strings"

// facetFilters reads InstantSearch's [["status:LOST","status:DAMAGED"],"channel:WEB"]:
// the inner lists are joined by OR, the outer by AND. A minus before the value
// negates; a backslash keeps the minus.
func (s *Schema) facetFilters(param string, v any) (Filter, error) {
	return nested(param, v, func(text string) (Condition, error) {
		field, value, ok := strings.Cut(text, ":")
		if !ok {
			return Condition{}, invalid(param, "%q is not FIELD:VALUE", clip(text))
		}
		value, not := strings.CutPrefix(value, "-")
		if !not {
			value = strings.TrimPrefix(value, `\`)
		}
		c, err := s.byValue(param, field, value)
		c.Not = not
		return c, err
	})
}

// numericFilters reads InstantSearch's ["updatedAt>=1","refund.amountMinor:1 TO 5"].
func (s *Schema) numericFilters(param string, v any) (Filter, error) {
	return nested(param, v, func(text string) (Condition, error) {
		f, err := s.ParseFilter(param, text)
		if err != nil {
			return Condition{}, err
		}
		if len(f) != 1 || len(f[0]) != 1 || f[0][0].Op == "" {
			return Condition{}, invalid(param, "%q is not a comparison of a number", clip(text))
		}
		return f[0][0], nil
	})
}

// nested reads a list of conditions and lists of conditions.
func nested(param string, v any, read func(string) (Condition, error)) (Filter, error) {
	outer, err := listOf(param, v)
	if err != nil {
		return nil, err
	}
	var f Filter
	for _, item := range outer {
		inner, ok := item.([]any)
		if !ok {
			inner = []any{item}
		}
		g, err := orOf(param, inner, read)
		if err != nil {
			return nil, err
		}
		if len(g) > 0 {
			f = append(f, g)
		}
	}
	return f, f.checkTerms(param)
}

// orOf reads conditions joined by OR.
func orOf(param string, items []any, read func(string) (Condition, error)) (Group, error) {
	var g Group
	for _, item := range items {
		text, ok := item.(string)
		if !ok {
			return nil, invalid(param, "%s holds something that is neither a text nor a list of texts", param)
		}
		c, err := read(text)
		if err != nil {
			return nil, err
		}
		if g = append(g, c); len(g) > MaxTerms {
			return nil, Filter{g}.checkTerms(param)
		}
		if (g[0].Op == "") != (c.Op == "") {
			return nil, mixed(param)
		}
	}
	return g, nil
}
