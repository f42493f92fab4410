// Package search is the function that answers the front end.
//
// Who calls it: the portal and other projects, each with a token that names its
// accounts.
//
// What it does: searches the accounts' records and says up to which moment they
// are known to be true (asOf). Below its own path:
//
//	GET              one search by plain parameters
//	POST             several searches at once in InstantSearch's protocol
//	GET  /{objectID} one record
//	POST /key        a key with which a browser may ask the index itself
//	GET  /openapi.json   the description of all this
//
// Where several entities are served, these speak of the first, and a batch may name any
// entity's index in each request. Below /entities/NAME the same stands for one entity.
//
// A second call: is answered like the first; nothing is changed.
package search

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/metrics"
)

// The paths that the function answers at.
const (
	name    = "SearchOrderReturnIndexData"
	oldPath = "/_ah/api/esb/v1/searchOrderReturnIndexData"
)

// Function is the search function.
var Function = wire.Function{Name: name, OldPath: oldPath, Open: open}

// open opens the function's parts.
func open(ctx context.Context, e *wire.Env) (http.Handler, error) {
	s, err := e.Search(ctx)
	if err != nil {
		return nil, err
	}
	if s.Measured, err = metrics.NewSearches(wire.Meter(e)); err != nil {
		return nil, err
	}
	return Handler(s, time.Now)
}

// function is the handlers' common ground.
type function struct {
	*wire.Search
	now         func() time.Time
	limiter     *limiter
	memory      *budget
	places      *budget // of the requests that are answered at once
	compressors compressors
	parsing     chan struct{} // one for each body that is being parsed
}

// The bounds of what is not counted as an answer's memory.
const (
	maxCompressors = 8
	maxParsing     = 2 // parsing takes the processor, and up to forty times the body
)

// Handler answers searches; now is the clock that tokens, limits and freshness
// are judged by.
func Handler(s *wire.Search, now func() time.Time) (http.Handler, error) {
	f := &function{Search: s, now: now, limiter: newLimiter(s.Limits.Rate, s.Limits.Burst)}
	f.memory = newBudget(s.Limits.Memory, s.Limits.MaxAnswer)
	f.places = newBudget(int64(s.Limits.AtOnce), 1)
	f.compressors, f.parsing = newCompressors(maxCompressors), make(chan struct{}, maxParsing)
	for _, one := range s.All() {
		if _, err := describe(&one.Schema, s.Limits); err != nil {
			return nil, err
		}
	}
	searching := edge.Handle(s.Log, f.search, http.MethodGet, http.MethodHead, http.MethodPost)
	record := edge.Handle(s.Log, f.record, http.MethodGet, http.MethodHead)
	key := edge.Handle(s.Log, f.key, http.MethodPost)
	description := edge.Handle(s.Log, f.describe, http.MethodGet, http.MethodHead)
	routed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, rest, _ := f.place(r.URL) // whose error each handler gives
		switch rest {
		case "":
			searching.ServeHTTP(w, r)
		case "key":
			key.ServeHTTP(w, r)
		case "openapi.json":
			description.ServeHTTP(w, r)
		default:
			record.ServeHTTP(w, r)
		}
	})
	return f.crossOrigin(edge.Door(s.Log, s.Limits.AtOnce, f.answering(routed))), nil
}

// below returns what of a path is below the function's own, which may have been
// cut off already.
func below(u *url.URL) string {
	path := u.Path
	for _, own := range []string{"/" + name, oldPath} {
		if rest, ok := strings.CutPrefix(path, own); ok && (rest == "" || rest[0] == '/') {
			path = rest
			break
		}
	}
	return strings.Trim(path, "/")
}

// errNoEntity is the answer for an entity that is not served.
var errNoEntity = fault.New(fault.NotFound, "no-entity", "this service serves no such entity")

// place returns the entities that a path speaks of, and the rest of the path: below
// /entities/NAME that one, elsewhere all, of which the first is the default.
func (f *function) place(u *url.URL) ([]*wire.Served, string, error) {
	path := below(u)
	named, ok := strings.CutPrefix(path, "entities/")
	if !ok {
		return f.All(), path, nil
	}
	entity, rest, _ := strings.Cut(named, "/")
	for _, s := range f.All() {
		if s.Schema.Entity == entity {
			return []*wire.Served{s}, rest, nil
		}
	}
	return nil, rest, errNoEntity
}
