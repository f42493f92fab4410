// Package search is the function that answers the front end.
//
// Who calls it: the portal and other projects, each with a token that names its
// account.
//
// What it does: searches the account's records and says up to which moment they
// are known to be true (asOf).
//
// A second call: is answered like the first; nothing is changed.
package search

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

// Function is the search function.
var Function = wire.Function{Name: "SearchOrderReturnIndexData", OldPath: "/_ah/api/esb/v1/searchOrderReturnIndexData", Open: open}

// open opens the function's parts.
func open(ctx context.Context, e *wire.Env) (http.Handler, error) {
	s, err := e.Search(ctx)
	if err != nil {
		return nil, err
	}
	if s.Entity.Account == "" {
		return nil, errors.New(s.Entity.Source + "/entity.yaml: account is missing: without it nothing fences the tenants")
	}
	return Handler(s), nil
}

// Handler answers searches.
func Handler(s *wire.Search) http.Handler {
	f := freshness{read: s.AsOf}
	return edge.Handle(s.Log, func(r *http.Request) (any, error) {
		now := time.Now()
		account, err := s.Identity.Account(r, now)
		if err != nil {
			return nil, err
		}
		q, err := search.Parse(r.URL.Query())
		if err != nil {
			return nil, err
		}
		result, err := s.Engine.Search(r.Context(), s.Entity.Index, search.Fence{Field: s.Entity.Account, Account: account}, q)
		if err != nil {
			return nil, err
		}
		asOf, err := f.at(r.Context(), now)
		if err != nil {
			s.Log.WarnContext(r.Context(), "asOf could not be read; the answer is marked stale", "error", err)
		}
		return search.AnswerOf(q, result, asOf, now, s.StaleAfter), nil
	}, http.MethodGet)
}

// keep is how long asOf is remembered: a search must not cost a query.
const keep = 3 * time.Second

// freshness remembers asOf for a few seconds.
type freshness struct {
	read func(context.Context) (*time.Time, error)

	mu    sync.Mutex
	asOf  *time.Time
	until time.Time
}

// at returns asOf, read again when the memory is too old.
func (f *freshness) at(ctx context.Context, now time.Time) (*time.Time, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Before(f.until) {
		return f.asOf, nil
	}
	asOf, err := f.read(ctx)
	if err != nil {
		return f.asOf, err
	}
	f.asOf, f.until = asOf, now.Add(keep)
	return asOf, nil
}
