package filter

import (
	"fmt"
	"strings"
)

// FromFacets reads facetFilters: [["a:1","a:2"],"b:3"] or "(a:1,a:2),b:3" mean
// (a:1 OR a:2) AND b:3; "a:-1" excludes and "a:\-1" looks for "-1".
func FromFacets(value any) (Filter, error) {
	return nested("facetFilters", value, func(text string) (Condition, error) {
		attr, wanted, ok := strings.Cut(text, ":")
		if !ok || attr == "" {
			return Condition{}, fmt.Errorf("facetFilters: %q is not attribute:value", text)
		}
		if attr == "_tags" {
			return tag(wanted), nil
		}
		return facet(attr, wanted, true), nil
	})
}

// FromNumerics reads numericFilters: the same shapes with "price>10" or
// "price:1 TO 5" inside.
func FromNumerics(value any) (Filter, error) {
	return nested("numericFilters", value, func(text string) (Condition, error) {
		parsed, err := Parse(text)
		if err != nil || len(parsed) != 1 || len(parsed[0]) != 1 {
			return Condition{}, fmt.Errorf("numericFilters: %q is not a comparison with a number", text)
		}
		condition := parsed[0][0]
		if v, ok := parseNumber(condition.Value); condition.Kind == Facet && ok {
			condition = Condition{Kind: Numeric, Attr: condition.Attr, Op: Equal, Low: v, Not: condition.Not, Score: 1}
		}
		if condition.Kind != Numeric {
			return Condition{}, fmt.Errorf("numericFilters: %q is not a comparison with a number", text)
		}
		return condition, nil
	})
}

// FromTags reads tagFilters: the same shapes with bare tags inside, "-tag"
// excludes.
func FromTags(value any) (Filter, error) {
	return nested("tagFilters", value, func(text string) (Condition, error) { return tag(text), nil })
}

func tag(text string) Condition {
	c := facet("_tags", text, true)
	c.Kind = Tag
	return c
}

func nested(name string, value any, read func(string) (Condition, error)) (Filter, error) {
	if text, ok := value.(string); ok {
		value = splitText(text)
	}
	outer, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("%s: expected an array or a string, got %T", name, value)
	}
	var filter Filter
	for _, item := range outer {
		inner, ok := item.([]any)
		if !ok {
			inner = []any{item}
		}
		group, err := orOf(name, inner, read)
		if err != nil {
			return nil, err
		}
		if len(group) > 0 {
			filter = append(filter, group)
		}
	}
	return filter, nil
}

func orOf(name string, items []any, read func(string) (Condition, error)) (Group, error) {
	var group Group
	for _, item := range items {
		text, ok := item.(string)
		if !ok {
			return nil, fmt.Errorf("%s: too much nesting or not a string: %v", name, item)
		}
		condition, err := read(text)
		if err != nil {
			return nil, err
		}
		if group = append(group, condition); group[0].Kind != condition.Kind {
			return nil, fmt.Errorf("%s: %w", name, ErrMixed)
		}
	}
	return group, nil
}

// splitText turns "a,(b,c)" into the nested arrays it stands for.
func splitText(text string) []any {
	var outer, inner []any
	inside, start := false, 0
	take := func(end int) {
		if item := strings.TrimSpace(text[start:end]); item == "" {
			return
		} else if inside {
			inner = append(inner, item)
		} else {
			outer = append(outer, item)
		}
	}
	for i := range len(text) {
		switch {
		case text[i] == '(' && !inside && strings.TrimSpace(text[start:i]) == "":
			inside, inner, start = true, nil, i+1
		case text[i] == ')' && inside:
			take(i)
			outer, inside, start = append(outer, inner), false, i+1
		case text[i] == ',':
			take(i)
			start = i + 1
		}
	}
	take(len(text))
	if inside {
		outer = append(outer, inner)
	}
	return outer
}
