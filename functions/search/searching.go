package search

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

// search answers searches of either language.
func (f *function) search(r *http.Request) (any, error) {
	c, err := f.enter(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), f.Limits.Timeout)
	defer cancel()
	if r.Method == http.MethodPost {
		return f.batch(ctx, r, c)
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "bad-parameter", "the URL's parameters cannot be read")
	}
	q, err := c.Schema.ParseGet(values)
	if err != nil {
		return nil, err
	}
	ctx = c.reserving(ctx, search.Bound([]search.Query{q}, f.Limits.MaxAnswer))
	results, err := c.ask(ctx, []search.Query{q})
	if err != nil {
		return nil, err
	}
	a := search.AnswerOf(q, results[0], c.fresh(r))
	hits := a.Hits
	a.Hits = nil
	return ready(search.Around(a, "hits", hits))
}

// batch answers several searches at once.
func (f *function) batch(ctx context.Context, r *http.Request, c caller) (any, error) {
	if r.URL.RawQuery != "" {
		return nil, fault.New(fault.Invalid, "bad-parameter", "a POST takes its parameters in the body, not in the URL")
	}
	body, err := edge.LimitedBody(r, f.Limits.MaxBody)
	if err != nil {
		return nil, err
	}
	served, _, err := f.place(r.URL)
	if err != nil {
		return nil, err
	}
	callers, unknown, schemas := map[string]caller{}, map[string]error{}, search.Schemas{}
	for _, s := range served {
		one, err := c.to(r.Context(), s)
		name := one.Schema.Entity
		callers[name], unknown[name], schemas = one, err, append(schemas, &one.Schema)
	}
	asked, err := f.parse(ctx, schemas, body)
	if err != nil {
		return nil, err
	}
	if err := c.count(len(asked) - 1); err != nil {
		return nil, err
	}
	for _, a := range asked {
		if err := unknown[a.Entity]; err != nil {
			return nil, err
		}
	}
	queries := make([]search.Query, len(asked))
	for i, a := range asked {
		queries[i] = a.Query
	}
	ctx = c.reserving(ctx, search.Bound(queries, f.Limits.MaxAnswer))
	results, at, err := askEach(ctx, callers, asked)
	if err != nil {
		return nil, err
	}
	c.at = at[asked[0].Entity]
	for _, one := range at {
		c.at = c.at.Older(one)
	}
	return ready(search.BatchAnswer(asked, results, at, c.fresh(r)))
}

// askEach asks the index of each entity for its requests of a batch, and returns the
// results in the batch's order with the truth about each entity.
func askEach(ctx context.Context, callers map[string]caller, asked []search.Asked) ([]search.Result, map[string]search.Truth, error) {
	results, at := make([]search.Result, len(asked)), map[string]search.Truth{}
	for i, first := range asked {
		if _, done := at[first.Entity]; done {
			continue
		}
		c := callers[first.Entity]
		at[first.Entity] = c.at
		var places []int
		var queries []search.Query
		for j := i; j < len(asked); j++ {
			if asked[j].Entity == first.Entity {
				places, queries = append(places, j), append(queries, asked[j].Query)
			}
		}
		found, err := c.ask(ctx, queries)
		if err != nil {
			return nil, nil, err
		}
		for n, j := range places {
			results[j] = found[n]
		}
	}
	return results, at, nil
}

// ready returns the pieces of an answer as an answer.
func ready(pieces [][]byte, err error) (any, error) { return edge.Ready(pieces), err }

// parse reads the body of a batch. Few are read at once, because what a body becomes
// while it is read takes far more memory than the body.
func (f *function) parse(ctx context.Context, schemas search.Schemas, body []byte) ([]search.Asked, error) {
	select {
	case f.parsing <- struct{}{}:
		defer func() { <-f.parsing }()
	case <-ctx.Done():
		return nil, fault.New(fault.Retry, "busy", "too many requests are being read; try again").WithAfter(time.Second)
	}
	asked, err := schemas.ParseBatch(body)
	if most := f.Limits.MaxBatch(); err == nil && len(asked) > most {
		err = fault.New(fault.Invalid, "bad-parameter", "the body has %d requests; want 1 to %d", len(asked), most).WithParam("requests")
	}
	if err == nil {
		err = search.CheckHits(asked, f.Limits.MaxHits)
	}
	return asked, err
}
