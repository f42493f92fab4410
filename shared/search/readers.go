package search

import (
	"regexp"
	"slices"
	"strings"
)

func readText(_ *Schema, q *Query, param string, v any) (err error) {
	q.Text, err = textOf(param, v, MaxText)
	return err
}

func readPage(s *Schema, q *Query, param string, v any) (err error) {
	q.Page, err = numberOf(param, v, 0, s.MaxHits)
	return err
}

func readHitsPerPage(_ *Schema, q *Query, param string, v any) (err error) {
	q.HitsPerPage, err = numberOf(param, v, 0, MaxHitsPerPage)
	return err
}

func readFilters(s *Schema, q *Query, param string, v any) error {
	text, err := textOf(param, v, MaxFilter)
	if err != nil {
		return err
	}
	f, err := s.ParseFilter(param, text)
	q.Filter = append(q.Filter, f...)
	return err
}

// readArrays returns a reader of facetFilters or numericFilters.
func readArrays(read func(*Schema, string, any) (Filter, error)) reader {
	return func(s *Schema, q *Query, param string, v any) error {
		f, err := read(s, param, v)
		q.Filter = append(q.Filter, f...)
		return err
	}
}

// readFacets reads which facets are counted. The facet of the tenant filter is not.
func readFacets(s *Schema, q *Query, param string, v any) error {
	names, err := namesOf(param, v)
	if err != nil {
		return err
	}
	if slices.Contains(names, "*") {
		names = s.Facets
	}
	for _, name := range names {
		if !slices.Contains(s.Facets, name) {
			return invalid(param, "%q is not a facet: use * or some of %s", clip(name), strings.Join(s.Facets, ", "))
		}
	}
	q.Options[param] = names
	return nil
}

func readFields(s *Schema, q *Query, param string, v any) error {
	names, err := namesOf(param, v)
	if err != nil {
		return err
	}
	q.Options[param] = names
	return s.shown(param, names)
}

// snippetForm is a field and how many words of it, such as item.name:10.
var snippetForm = regexp.MustCompile(`^([A-Za-z0-9.*]+)(:[1-9][0-9]{0,2})?$`)

func readSnippets(s *Schema, q *Query, param string, v any) error {
	names, err := namesOf(param, v)
	if err != nil {
		return err
	}
	fields := make([]string, len(names))
	for i, name := range names {
		m := snippetForm.FindStringSubmatch(name)
		if m == nil {
			return invalid(param, "%q is not FIELD:WORDS", clip(name))
		}
		fields[i] = m[1]
	}
	q.Options[param] = names
	return s.shown(param, fields)
}

func readSearched(s *Schema, q *Query, param string, v any) error {
	names, err := namesOf(param, v)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !slices.Contains(s.Texts, name) {
			return invalid(param, "%q is not searched: use some of %s", clip(name), strings.Join(s.Texts, ", "))
		}
	}
	q.Options[param] = names
	return nil
}
