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
	asked, err := f.parse(ctx, c, body)
	if err != nil {
		return nil, err
	}
	if err := c.count(len(asked) - 1); err != nil {
		return nil, err
	}
	queries := make([]search.Query, len(asked))
	for i, a := range asked {
		queries[i] = a.Query
	}
	results, err := c.ask(ctx, queries)
	if err != nil {
		return nil, err
	}
	return ready(search.BatchAnswer(asked, results, c.fresh(r)))
}

// ready returns the pieces of an answer as an answer.
func ready(pieces [][]byte, err error) (any, error) { return edge.Ready(pieces), err }

// parse reads the body of a batch. Few are read at once, because what a body becomes
// while it is read takes far more memory than the body.
func (f *function) parse(ctx context.Context, c caller, body []byte) ([]search.Asked, error) {
	select {
	case f.parsing <- struct{}{}:
		defer func() { <-f.parsing }()
	case <-ctx.Done():
		return nil, fault.New(fault.Retry, "busy", "too many requests are being read; try again").WithAfter(time.Second)
	}
	asked, err := c.Schema.ParseBatch(body)
	if most := f.Limits.MaxBatch(); err == nil && len(asked) > most {
		err = fault.New(fault.Invalid, "bad-parameter", "the body has %d requests; want 1 to %d", len(asked), most).WithParam("requests")
	}
	if err == nil {
		err = search.CheckHits(asked, f.Limits.MaxHits)
	}
	return asked, err
}
