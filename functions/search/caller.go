package search

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

// caller is the sender of a request, with the tenant filter and the limits.
type caller struct {
	wire.Edition              // the index that the caller's queries go to, all of them the same
	at           search.Truth // read before the index is asked, so never newer than the answer
	tenantFilter search.TenantFilter
	user         string
	f            *function
	now          time.Time
}

// enter lets a caller in and counts one query.
func (f *function) enter(r *http.Request) (caller, error) {
	now := f.now()
	who, err := f.Identity.Caller(r, now)
	if err != nil {
		return caller{}, err
	}
	user := strings.Join(who.Accounts, ",")
	e, at, err := f.live(r, now)
	if err != nil {
		return caller{}, err
	}
	c := caller{Edition: e, at: at, tenantFilter: e.Schema.TenantFilter(who.Accounts), user: user, f: f, now: now}
	return c, c.count(1)
}

// live returns the index that is live, and as of when it is true; an error where
// that is not known.
func (f *function) live(r *http.Request, now time.Time) (wire.Edition, search.Truth, error) {
	at, err := f.Freshness.At(r.Context(), now)
	return f.Edition(), at, err
}

// record reads one record, by the same rule.
func (c caller) record(ctx context.Context, id string) (json.RawMessage, error) {
	record, err := c.Engine.Record(ctx, c.tenantFilter, id)
	if errors.Is(err, search.ErrNoIndex) && c.at.NeverSynced() {
		return nil, errNoRecord
	}
	return record, err
}

// count counts queries against the rate of the caller's accounts.
func (c caller) count(n int) error {
	if wait := c.f.limiter.take(c.tenantFilter.Accounts, n, c.now); wait > 0 {
		return fault.New(fault.Throttled, "too-many", "too many searches for this account; slow down").WithAfter(wait)
	}
	return nil
}

// ask asks the index. The memory for the answer is set aside first and belongs to
// the answer until it has been sent. An index that is not there has no hits only
// where it is certain that nothing was ever synced.
func (c caller) ask(ctx context.Context, queries []search.Query) ([]search.Result, error) {
	if err := c.reserve(ctx, search.Bound(queries, c.f.Limits.MaxAnswer)); err != nil {
		return nil, err
	}
	results, err := c.Engine.Search(ctx, c.tenantFilter, queries)
	if !errors.Is(err, search.ErrNoIndex) || !c.at.NeverSynced() {
		return results, err
	}
	results = make([]search.Result, len(queries))
	for i, q := range queries {
		results[i] = search.Nothing(q)
	}
	return results, nil
}

// reserve sets memory aside for the answer that is being made.
func (c caller) reserve(ctx context.Context, bytes int64) error {
	waiting, cancel := context.WithTimeout(ctx, c.f.Limits.Wait)
	defer cancel()
	g, err := c.f.memory.take(waiting, c.tenantFilter.Accounts, bytes)
	if err != nil {
		return err
	}
	keptIn(ctx).memory = g
	return nil
}

// held returns how much memory an answer holds that was read: what it was read
// into may be twice as large.
func held(size int) int64 { return 2 * int64(size) }
