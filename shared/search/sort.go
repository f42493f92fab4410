package search

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Sort is an order other than the index's own. Algolia keeps each in a replica
// of the index, which has the index's name with the sort's behind it.
type Sort struct {
	Field string // a number's field, such as updatedAt
	Desc  bool
}

// ParseSort reads a name such as updatedAt_desc.
func ParseSort(name string) (Sort, error) {
	end := max(0, strings.LastIndexByte(name, '_')) // the field may have such signs, too
	field, direction := name[:end], strings.TrimPrefix(name[end:], "_")
	if !fieldForm.MatchString(field) || direction != "asc" && direction != "desc" {
		return Sort{}, fmt.Errorf("%q is not a sort; want a field and a direction, such as updatedAt_desc", name)
	}
	return Sort{Field: field, Desc: direction == "desc"}, nil
}

// ParseSorts reads names of sorts. One that stands twice is an error: each costs
// a copy of the index.
func ParseSorts(names []string) ([]Sort, error) {
	var list []Sort
	for _, name := range names {
		o, err := ParseSort(name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(list, o) {
			return nil, fmt.Errorf("the sort %s stands twice", name)
		}
		list = append(list, o)
	}
	return list, nil
}

// Name returns the sort's name, "" of the index's own order.
func (s Sort) Name() string {
	switch {
	case s.Field == "":
		return ""
	case s.Desc:
		return s.Field + "_desc"
	default:
		return s.Field + "_asc"
	}
}

// Replica returns the name of the index that is kept in the sort's order.
func (s Sort) Replica(index string) string {
	if s.Field == "" {
		return index
	}
	return index + "_" + s.Name()
}

// ReplicaSettings returns the settings of an index and of the replicas that
// keep its sorts, by name: the index's own with the list of replicas added, and
// each replica's with its order before every other criterion.
//
// The replicas are standard ones, each a copy of all records: a virtual replica
// shares the records of its primary and sorts only those hits that it takes for
// relevant enough, and a list by date that leaves returns out is a wrong list.
func ReplicaSettings(settings []byte, index string, sorts []Sort) (map[string][]byte, error) {
	var base map[string]any
	if err := json.Unmarshal(settings, &base); err != nil {
		return nil, fmt.Errorf("the settings of index %s cannot be read: %w", index, err)
	}
	if base["replicas"] != nil {
		return nil, fmt.Errorf("the settings of index %s name replicas: take them out; replicas are made for sorts", index)
	}
	ranking, err := rankingOf(settings, index)
	if err != nil {
		return nil, err
	}
	all := map[string][]byte{}
	names := []string{}
	for _, s := range sorts {
		direction := "asc"
		if s.Desc {
			direction = "desc"
		}
		base["ranking"] = slices.Concat([]string{direction + "(" + s.Field + ")"}, ranking.criteria)
		names = append(names, s.Replica(index))
		if all[s.Replica(index)], err = json.Marshal(base); err != nil {
			return nil, err
		}
	}
	delete(base, "ranking")
	if ranking.own {
		base["ranking"] = ranking.criteria
	}
	base["replicas"] = names
	all[index], err = json.Marshal(base)
	return all, err
}

// ranking is an index's criteria in their order, its own or the default ones.
type ranking struct {
	criteria []string
	own      bool
}

// rankingOf reads an index's ranking.
func rankingOf(settings []byte, index string) (ranking, error) {
	var in struct {
		Ranking []string `json:"ranking"`
	}
	if err := json.Unmarshal(settings, &in); err != nil {
		return ranking{}, fmt.Errorf("the ranking of index %s cannot be read: %w", index, err)
	}
	if in.Ranking != nil {
		return ranking{in.Ranking, true}, nil
	}
	return ranking{criteria: []string{"typo", "geo", "words", "filters", "proximity", "attribute", "exact", "custom"}}, nil
}
