package engine

import (
	"strings"
)

func (s *Settings) setLists(lists map[string][]string) {
	for rank, line := range lists["searchableAttributes"] {
		for item := range strings.SplitSeq(line, ",") {
			path, mods := modifiers(item)
			s.searchable = append(s.searchable, searchable{path, rank, mods["unordered"]})
		}
	}
	for _, item := range lists["attributesForFaceting"] {
		path, mods := modifiers(item)
		s.faceting = append(s.faceting, faceting{path, mods["filterOnly"], mods["searchable"], mods["afterDistinct"]})
	}
	ranking := lists["ranking"]
	if len(ranking) == 0 {
		ranking = defaultRanking
	}
	for _, criterion := range ranking {
		if criterion == "custom" {
			s.ranking = append(s.ranking, lists["customRanking"]...)
		} else {
			s.ranking = append(s.ranking, criterion)
		}
	}
	if attrs := lists["numericAttributesForFiltering"]; len(attrs) > 0 { // none named: all
		s.numeric, s.equalOnly = map[string]bool{}, map[string]bool{}
		for _, item := range attrs {
			path, mods := modifiers(item)
			s.numeric[path], s.equalOnly[path] = true, mods["equalOnly"]
		}
	}
	for _, item := range lists["replicas"] {
		path, mods := modifiers(item)
		s.Replicas = append(s.Replicas, Replica{path, mods["virtual"]})
	}
	s.noPrefix, s.noTypoWords = toSet(lists["disablePrefixOnAttributes"]), toSet(lists["disableTypoToleranceOnWords"])
}

func toSet(list []string) map[string]bool {
	set := map[string]bool{}
	for _, item := range list {
		set[item] = true
	}
	return set
}

// modifiers takes "afterDistinct(searchable(a.b))" apart.
func modifiers(item string) (path string, mods map[string]bool) {
	mods = map[string]bool{}
	path = strings.TrimSpace(item)
	for strings.HasSuffix(path, ")") {
		name, inner, ok := strings.Cut(path[:len(path)-1], "(")
		if !ok {
			break
		}
		mods[name], path = true, strings.TrimSpace(inner)
	}
	return path, mods
}

// covers reports whether attribute is path or lies inside it.
func covers(path, attribute string) bool {
	return path == "*" || path == attribute ||
		len(attribute) > len(path) && attribute[len(path)] == '.' && strings.HasPrefix(attribute, path)
}

// searchableAt finds how an attribute is searched.
func (s *Settings) searchableAt(path string) (searchable, bool) {
	if len(s.searchable) == 0 {
		return searchable{path: path, unordered: true}, path != "objectID"
	}
	for _, a := range s.searchable {
		if covers(a.path, path) {
			return a, true
		}
	}
	return searchable{}, false
}

func (s *Settings) facetingAt(path string) (faceting, bool) {
	for _, f := range s.faceting {
		if covers(f.path, path) {
			return f, true
		}
	}
	return faceting{path: path, filterOnly: true}, path == "_tags"
}
