package search

import (
	"maps"
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
	Entity    string // whose index is asked
}

// request is one request of InstantSearch's protocol.
type request struct {
	indexName, kind, facet string
	values                 map[string]any // the parameters, wherever they stood
}

// ParseBatch reads the body of InstantSearch's protocol:
//
//	{"requests": [{"indexName": "returns", "params": {"query": "shirt"}}]}
//
// params is an object or a URL's query; parameters may also stand beside indexName, as
// version 5 of the client documents. A request of the type facet, or with a facetName,
// asks for the values of a facet. Every request is answered, whatever the strategy says.
func (s *Schema) ParseBatch(body []byte) ([]Asked, error) { return Schemas{s}.ParseBatch(body) }

// Schemas are the indices that a batch may name, each request another one.
type Schemas []*Schema

// named returns the schema of a name; the error lists the names.
func (l Schemas) named(index string) (*Schema, error) {
	var names []string
	for _, s := range l {
		if s.Names(index) {
			return s, nil
		}
		names = append(append(names, s.Entity), s.IndexNames()...)
	}
	return nil, fault.New(fault.Forbidden, "no-such-index", "there is no index %q: use %s", clip(index), strings.Join(names, ", ")).WithParam("indexName")
}

// ParseBatch is Schema.ParseBatch for several indices.
func (l Schemas) ParseBatch(body []byte) ([]Asked, error) {
	var in struct {
		Requests []map[string]any `json:"requests"`
		Strategy string           `json:"strategy"`
	}
	if err := decode(body, &in); err != nil {
		return nil, invalid("", `the body is not {"requests": [{"indexName", "params"}]}: %s`, err)
	}
	if len(in.Requests) == 0 || len(in.Requests) > MaxBatch {
		return nil, invalid("requests", "the body has %d requests; want 1 to %d", len(in.Requests), MaxBatch)
	}
	if !slices.Contains([]string{"", "none", "stopIfEnoughMatches"}, in.Strategy) {
		return nil, invalid("strategy", "strategy is none of none, stopIfEnoughMatches")
	}
	asked := make([]Asked, len(in.Requests))
	for i, members := range in.Requests {
		r, err := readRequest(members)
		var s *Schema
		if err == nil {
			s, err = l.named(r.indexName)
		}
		if err == nil {
			asked[i], err = s.ask(r)
		}
		if err != nil {
			return nil, at(i, err)
		}
	}
	return asked, nil
}

// readRequest reads the members of one request.
func readRequest(members map[string]any) (r request, err error) {
	if r.values, err = paramsOf(members["params"]); err != nil {
		return r, err
	}
	delete(members, "params")
	maps.DeleteFunc(members, func(_ string, v any) bool { return v == nil })
	for _, name := range sortedKeys(members) {
		v := members[name]
		switch name {
		case "indexName":
			r.indexName, err = textOf(name, v, maxValue)
		case "type":
			r.kind, err = textOf(name, v, maxValue)
		case "facet":
			r.facet, err = textOf(name, v, maxValue)
		default:
			if _, twice := r.values[name]; twice {
				return r, invalid(name, "%s stands beside params and in it", clip(name))
			}
			r.values[name] = v
		}
		if err != nil {
			return r, err
		}
	}
	return r, nil
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
	a := Asked{Entity: s.Entity, IndexName: r.indexName, Query: Query{HitsPerPage: defaultHits, Options: map[string]any{}}}
	a.Sort, _ = s.named(r.indexName) // known, or the schema had not been chosen
	if err := s.askFacet(&a.Query, r); err != nil {
		return a, err
	}
	if err := s.read(&a.Query, r.values); err != nil {
		return a, err
	}
	s.settle(&a.Query)
	a.Params = echo(r.values)
	return a, nil
}

// askFacet reads what is special to a search for a facet's values.
func (s *Schema) askFacet(q *Query, r request) (err error) {
	name, named := r.values["facetName"]
	if r.kind != "" && r.kind != "default" && r.kind != "facet" {
		return invalid("type", "the type is %q; want default or facet", clip(r.kind))
	}
	if r.kind != "facet" && !named {
		if r.facet != "" {
			return invalid("facet", "facet belongs to requests of the type facet")
		}
		return nil
	}
	if q.Facet = r.facet; named {
		if q.Facet, err = textOf("facetName", name, maxValue); err != nil {
			return err
		}
	}
	if r.facet != "" && q.Facet != r.facet {
		return invalid("facet", "facet and facetName differ")
	}
	if !slices.Contains(s.Typeable, q.Facet) {
		return invalid("facet", "the values of %q cannot be searched: use %s", clip(q.Facet), orNone(s.Typeable))
	}
	if text, ok := r.values["facetQuery"]; ok {
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
		if err := s.readParameter(q, name, values[name]); err != nil {
			return err
		}
	}
	if _, said := values["length"]; q.Ranged && !said {
		q.HitsPerPage = defaultHits
	}
	if err := q.Filter.checkTerms("filters"); err != nil {
		return err
	}
	return s.checkPage(q)
}
