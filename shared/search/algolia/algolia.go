// Package algolia asks an Algolia index, through its Go client v3.
//
// The client would decode every hit into maps, so both bodies go past the client
// (see package shared/algolia).
//
// Every query carries the tenant filter. Algolia compares the values of facets
// without regard to case, so the filter compares a key of the account (see
// record.AccountKey), and every hit of an answer is checked once more: a hit whose
// account is not exactly the caller's is dropped. Where the records of an index have
// no such key yet, the second check alone separates accounts, so counts are withheld
// and keys are not given.
package algolia

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/algolia/algoliasearch-client-go/v3/algolia/call"
	"github.com/algolia/algoliasearch-client-go/v3/algolia/opt"
	api "github.com/algolia/algoliasearch-client-go/v3/algolia/search"

	"gitlab.com/eshopbox-team/return-sync/shared/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

// Config is the part of an engine's configuration that is not the client's.
type Config struct {
	Schema search.Schema
	// ReadTimeout bounds one request to one of the index's hosts.
	ReadTimeout time.Duration
	// MaxAnswer is the most bytes of an answer of the index.
	MaxAnswer int64
}

// Engine is a search.Engine. It is safe for concurrent use.
type Engine struct {
	api    *api.Client
	schema search.Schema
	appID  string
	key    string
	most   int64
}

var _ search.Engine = (*Engine)(nil)

// New returns an engine over a configuration that algolia.Configuration made
// with a search key.
func New(conf api.Configuration, cfg Config) *Engine {
	conf.ReadTimeout = cfg.ReadTimeout
	return &Engine{api: api.NewClientWithConfig(conf), schema: cfg.Schema, appID: conf.AppID, key: conf.APIKey, most: cfg.MaxAnswer}
}

// Search implements search.Engine.
func (e *Engine) Search(ctx context.Context, f search.TenantFilter, queries []search.Query) ([]search.Result, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	if !f.Keyed && slices.ContainsFunc(queries, func(q search.Query) bool { return q.Facet != "" }) {
		return nil, search.ErrUncounted
	}
	body, err := e.body(f, queries)
	if err != nil {
		return nil, err
	}
	x := &algolia.Exchange{
		Body: func() (io.Reader, int64) { return bytes.NewReader(body), int64(len(body)) },
		Most: search.Bound(queries, e.most),
		Room: search.Room(ctx),
	}
	err = e.api.CustomRequest(&struct{}{}, http.MethodPost, queriesPath, nil, call.Read, x.With(ctx))
	if err = outcome(ctx, x, err); algolia.Missing(err) {
		return nil, missing(queries)
	}
	if err != nil {
		return nil, err
	}
	return e.results(f, queries, x.Answer)
}

// queriesPath is where several queries are asked at once. The client's own method for that
// would encode an empty body, in a goroutine of its own.
const queriesPath = "/1/indexes/*/queries"

// body builds the body of a call: one request a query.
func (e *Engine) body(f search.TenantFilter, queries []search.Query) ([]byte, error) {
	requests := make([]map[string]any, len(queries))
	for i, q := range queries {
		r := map[string]any{}
		maps.Copy(r, q.Options)
		r["indexName"] = q.Sort.Replica(e.schema.Index)
		r["query"] = q.Text
		r["filters"] = f.Around(q.Filter)
		r["analytics"] = false
		if q.Ranged {
			r["offset"], r["length"] = q.Offset, q.HitsPerPage
		} else {
			r["page"], r["hitsPerPage"] = q.Page, q.HitsPerPage
		}
		if fields, some := q.Options["attributesToRetrieve"].([]string); some {
			r["attributesToRetrieve"] = withField(fields, f.Field)
		}
		if q.Facet != "" {
			r["type"], r["facet"], r["facetQuery"] = "facet", q.Facet, q.FacetText
		}
		requests[i] = r
	}
	return json.Marshal(map[string]any{"requests": requests, "strategy": "none"})
}

// withField adds the tenant filter's field to a list of fields, because every hit
// is checked once more.
func withField(fields []string, field string) []string {
	kept := slices.DeleteFunc(slices.Clone(fields), func(f string) bool { return f == "-"+field })
	if slices.Contains(kept, field) || slices.Contains(kept, "*") {
		return kept
	}
	return append(kept, field)
}

// results reads an answer. One result a query is demanded.
func (e *Engine) results(f search.TenantFilter, queries []search.Query, answer []byte) ([]search.Result, error) {
	list, err := read(answer, f)
	if err == nil && len(list) != len(queries) {
		err = errCount
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Retry, "index-answer", "the index's answer does not fit the question")
	}
	results := make([]search.Result, len(list))
	for i, r := range list {
		results[i] = r.Result
		if f.Keyed {
			continue
		}
		if r.own == 0 && r.total > 0 {
			return nil, search.ErrUncounted // no hits would look like an answer
		}
		r.Withhold()
	}
	return results, nil
}

// missing is the error of queries of which at least one has no index. A sort needs
// an index of its own, which may not be set up.
func missing(queries []search.Query) error {
	for _, q := range queries {
		if q.Sort != (search.Sort{}) {
			return fault.New(fault.Retry, "sort-missing", "the sort %s has no index yet; leave sort out", q.Sort.Name()).WithParam("sort").WithAfter(retrySort)
		}
	}
	return search.ErrNoIndex
}

// retrySort is how long a caller waits for an index of a sort: a person makes it.
const retrySort = time.Minute

// errNotFound is the one answer for a missing record and for another account's
// record: a caller cannot distinguish them.
var errNotFound = fault.New(fault.NotFound, "no-record", "there is no such record")

// Record implements search.Engine.
func (e *Engine) Record(ctx context.Context, f search.TenantFilter, objectID string) (json.RawMessage, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	objectID = e.schema.Format.IDs.Of(objectID)
	// By a list of ids and not by the id's own address: there, an id such as
	// "settings" is the address of something else.
	x := &algolia.Exchange{Most: search.Bound([]search.Query{{HitsPerPage: 1}}, e.most), Room: search.Room(ctx)}
	wanted := []api.IndexedGetObject{{IndexName: e.schema.Index, ObjectID: objectID}}
	err := outcome(ctx, x, e.api.MultipleGetObjects(wanted, &struct{}{}, x.With(ctx)))
	if algolia.Missing(err) {
		return nil, search.ErrNoIndex
	}
	if err != nil {
		return nil, err
	}
	found, err := readRecord(x.Answer, f)
	if err != nil {
		return nil, fault.Wrap(err, fault.Retry, "index-answer", "the index's answer does not fit the question")
	}
	if found == nil {
		return nil, errNotFound
	}
	return found, nil
}

// Key implements search.Engine.
func (e *Engine) Key(f search.TenantFilter, until time.Time, user string) (search.Key, error) {
	if err := f.Check(); err != nil {
		return search.Key{}, err
	}
	if !f.Keyed {
		return search.Key{}, search.ErrUncounted
	}
	until = until.UTC().Truncate(time.Second)
	names := e.schema.IndexNames()
	key, err := api.GenerateSecuredAPIKey(e.key, opt.Filters(f.Around(nil)), opt.ValidUntil(until),
		opt.RestrictIndices(names...), opt.UserToken(user))
	if err != nil {
		return search.Key{}, err
	}
	return search.Key{AppID: e.appID, APIKey: key, IndexNames: names, ValidUntil: until}, nil
}
