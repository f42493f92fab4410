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
	q.Page, err = numberOf(param, v, s.MaxHits)
	return err
}

func readHitsPerPage(_ *Schema, q *Query, param string, v any) (err error) {
	q.HitsPerPage, err = numberOf(param, v, MaxHitsPerPage)
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

// readFacets reads which facets are counted, as the index does: * is all of them.
func readFacets(s *Schema, q *Query, param string, v any) error {
	return s.facets(q, param, v, s.Countable())
}

// facets reads which facets are counted, * being those of all. The facet of the tenant
// filter is not counted.
func (s *Schema) facets(q *Query, param string, v any, all []string) error {
	names, err := namesOf(param, v)
	if err != nil {
		return err
	}
	asked := []string{}
	for _, name := range names {
		switch {
		case name == "*":
			asked = append(asked, all...)
		case slices.Contains(s.Facets, name), slices.Contains(s.Measured, name):
			asked = append(asked, name)
		default:
			return invalid(param, "%q is not a facet: use * or some of %s", clip(name), strings.Join(s.Countable(), ", "))
		}
	}
	q.Options[param] = unique(asked)
	return nil
}

// unique returns names in their order, each once.
func unique(names []string) []string {
	kept := names[:0:0]
	for _, name := range names {
		if !slices.Contains(kept, name) {
			kept = append(kept, name)
		}
	}
	return append([]string{}, kept...)
}

// readOffset reads where a range of hits begins.
func readOffset(s *Schema, q *Query, param string, v any) (err error) {
	q.Ranged = true
	q.Offset, err = numberOf(param, v, s.MaxHits)
	return err
}

// readLength reads how many hits a range has; hitsPerPage does not count beside it. It
// is read after hitsPerPage, because parameters are read in the order of their names.
func readLength(_ *Schema, q *Query, param string, v any) (err error) {
	q.Ranged = true
	q.HitsPerPage, err = numberOf(param, v, MaxHitsPerPage)
	return err
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
var snippetForm = regexp.MustCompile(`^([A-Za-z0-9_.*]+)(:[1-9][0-9]{0,2})?$`)

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
