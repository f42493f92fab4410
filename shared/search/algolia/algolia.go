// Package algolia asks an Algolia index, through its Go client v3.
package algolia

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/algolia/algoliasearch-client-go/v3/algolia/errs"
	"github.com/algolia/algoliasearch-client-go/v3/algolia/opt"
	api "github.com/algolia/algoliasearch-client-go/v3/algolia/search"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

// Engine is a search.Engine. It is safe for concurrent use.
type Engine struct {
	api *api.Client
}

var _ search.Engine = (*Engine)(nil)

// readTimeout bounds one request to the index.
const readTimeout = 5 * time.Second

// New returns an engine over a client configuration that carries a search key.
func New(conf api.Configuration) *Engine {
	conf.ReadTimeout = readTimeout
	return &Engine{api: api.NewClientWithConfig(conf)}
}

// Search implements search.Engine. An index that does not exist yet has no hits.
func (e *Engine) Search(ctx context.Context, index string, f search.Fence, q search.Question) (search.Result, error) {
	if f.Account == "" || f.Field == "" {
		return search.Result{}, fault.New(fault.Forbidden, "no-account", "a search needs an account")
	}
	res, err := e.api.InitIndex(index).Search(q.Text, ctx,
		opt.Filters(filters(f, q)), opt.Page(q.Page), opt.HitsPerPage(q.HitsPerPage),
		opt.AttributesToHighlight(), opt.Analytics(false))
	if _, missing := errs.IsAlgoliaErrWithCode(err, 404); missing {
		return search.Result{}, nil
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return search.Result{}, fault.Wrap(err, fault.Retry, "index-unreachable", "the index does not answer")
	}
	out := search.Result{NbHits: res.NbHits, Hits: make([]json.RawMessage, len(res.Hits))}
	for i, hit := range res.Hits {
		if out.Hits[i], err = json.Marshal(hit); err != nil {
			return search.Result{}, err
		}
	}
	return out, nil
}

// filters returns the fence and, bracketed behind it, what the caller chose.
func filters(f search.Fence, q search.Question) string {
	text := fmt.Sprintf("%s:%s", f.Field, quote(f.Account))
	if len(q.Statuses) == 0 {
		return text
	}
	parts := make([]string, len(q.Statuses))
	for i, s := range q.Statuses {
		parts[i] = "status:" + quote(s)
	}
	return text + " AND (" + strings.Join(parts, " OR ") + ")"
}

// quote returns a value that cannot end its own quotes.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
