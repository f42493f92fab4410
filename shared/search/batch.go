package search

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Asked is one request of a batch: the query, and how the caller put it, to be
// repeated in the answer.
type Asked struct {
	Query
	IndexName string
	Params    string
}

// request is one request of InstantSearch's protocol.
type request struct {
	IndexName string          `json:"indexName"`
	Params    json.RawMessage `json:"params"`
	Type      string          `json:"type"`
	Facet     string          `json:"facet"`
	Query     *string         `json:"query"`
}

// ParseBatch reads the body of InstantSearch's protocol:
//
//	{"requests": [{"indexName": "returns", "params": {"query": "shirt"}}]}
//
// params is an object or a URL's query. A request of the type facet, or with a
// facetName, asks for the values of a facet.
func (s *Schema) ParseBatch(body []byte) ([]Asked, error) {
	var in struct {
		Requests []request `json:"requests"`
		Strategy string    `json:"strategy"`
	}
	if err := decode(body, &in); err != nil {
		return nil, invalid("", `the body is not {"requests": [{"indexName", "params"}]}: %s`, err)
	}
	if len(in.Requests) == 0 || len(in.Requests) > MaxBatch {
		return nil, invalid("requests", "the body has %d requests; want 1 to %d", len(in.Requests), MaxBatch)
	}
	if in.Strategy != "" && in.Strategy != "none" {
		return nil, invalid("strategy", "every request is answered: leave strategy out")
	}
	asked := make([]Asked, len(in.Requests))
	for i, r := range in.Requests {
		a, err := s.ask(r)
		if err != nil {
			return nil, at(i, err)
		}
		asked[i] = a
	}
	return asked, nil
}

// at says in which request of a batch an error lies.
func at(i int, err error) error {
	f, ok := err.(*fault.Error) //nolint:errorlint // parsing returns it bare
	if !ok {
		return err
	}
	return f.WithParam(strings.TrimSuffix("requests["+strconv.Itoa(i)+"]."+f.Param, "."))
}

// ask reads one request.
func (s *Schema) ask(r request) (Asked, error) {
	a := Asked{IndexName: r.IndexName, Query: Query{HitsPerPage: 20, Options: map[string]any{}}}
	var known bool
	if a.Sort, known = s.named(r.IndexName); !known {
		return a, fault.New(fault.Forbidden, "no-such-index", "there is no index %q: use %s", clip(r.IndexName),
			strings.Join(append([]string{s.Entity}, s.IndexNames()...), ", ")).WithParam("indexName")
	}
	values, err := paramsOf(r.Params)
	if err != nil {
		return a, err
	}
	if r.Query != nil {
		if _, twice := values["query"]; twice {
			return a, invalid("query", "query stands beside params and in it")
		}
		values["query"] = *r.Query
	}
	if err := s.askFacet(&a.Query, r, values); err != nil {
		return a, err
	}
	if err := s.read(&a.Query, values); err != nil {
		return a, err
	}
	s.settle(&a.Query)
	a.Params = echo(values)
	return a, nil
}

// askFacet reads what is special to a search for a facet's values.
func (s *Schema) askFacet(q *Query, r request, values map[string]any) (err error) {
	name, named := values["facetName"]
	if r.Type != "" && r.Type != "default" && r.Type != "facet" {
		return invalid("type", "the type is %q; want default or facet", clip(r.Type))
	}
	if r.Type != "facet" && !named {
		if r.Facet != "" {
			return invalid("facet", "facet belongs to requests of the type facet")
		}
		return nil
	}
	if q.Facet = r.Facet; named {
		if q.Facet, err = textOf("facetName", name, maxValue); err != nil {
			return err
		}
	}
	if r.Facet != "" && q.Facet != r.Facet {
		return invalid("facet", "facet and facetName differ")
	}
	if !slices.Contains(s.Typeable, q.Facet) {
		return invalid("facet", "the values of %q cannot be searched: use %s", clip(q.Facet), orNone(s.Typeable))
	}
	if text, ok := values["facetQuery"]; ok {
		q.FacetText, err = textOf("facetQuery", text, MaxText)
	}
	return err
}

// orNone lists names.
func orNone(names []string) string {
	if len(names) == 0 {
		return "none: the index declares no facet as searchable"
	}
	return "one of " + strings.Join(names, ", ")
}

// read reads the parameters by the list of what a caller may set.
func (s *Schema) read(q *Query, values map[string]any) error {
	for _, name := range sortedKeys(values) {
		if q.Facet != "" && (name == "facetName" || name == "facetQuery") {
			continue
		}
		read := parameters[name]
		if read == nil {
			return invalid(name, "%q is not a parameter that may be set: use %s", clip(name), strings.Join(Parameters(), ", "))
		}
		if err := read(s, q, name, values[name]); err != nil {
			return err
		}
	}
	if err := q.Filter.checkTerms("filters"); err != nil {
		return err
	}
	return s.checkPage(q.Page, q.HitsPerPage)
}
