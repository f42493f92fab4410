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
	wire.Edition              // the index that the caller's queries go to
	at           search.Truth // read before the index is asked, so never newer than the answer
	tenantFilter search.TenantFilter
	accounts     []string
	user         string
	f            *function
	now          time.Time
}

// enter lets a caller in and counts one query. The caller has a place until the answer
// was sent.
func (f *function) enter(r *http.Request) (caller, error) {
	now := f.now()
	who, err := f.Identity.Caller(r, now)
	if err != nil {
		return caller{}, err
	}
	served, _, err := f.place(r.URL)
	if err != nil {
		return caller{}, err
	}
	c, err := caller{accounts: who.Accounts, user: strings.Join(who.Accounts, ","), f: f, now: now}.to(r.Context(), served[0])
	if err != nil {
		return c, err
	}
	if keptIn(r.Context()).place, err = f.places.take(atOnce, who.Accounts, 1); err != nil {
		return c, err
	}
	return c, c.count(1)
}

// atOnce has ended: who asks for something of a budget with it does not wait.
var atOnce = func() context.Context {
	ended, end := context.WithCancel(context.Background())
	end()
	return ended
}()

// to returns the caller before the live index of an entity; an error where it is not known
// which one is live.
func (c caller) to(ctx context.Context, s *wire.Served) (caller, error) {
	var err error
	c.at, err = s.Freshness.At(ctx, c.now)
	c.Edition = s.Edition() // as of that reading
	c.tenantFilter = c.Schema.TenantFilter(c.accounts)
	return c, err
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

// ask asks the index. The memory that is set aside belongs to the answer until it has been
// sent. An index that is not there has no hits only where it is certain
// that nothing was ever synced.
func (c caller) ask(ctx context.Context, queries []search.Query) ([]search.Result, error) {
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

// reserving returns a context in which memory is set aside for the answer that is being
// made, once, when the index begins to answer: a caller whose index is slow keeps nobody
// waiting.
func (c caller) reserving(ctx context.Context, bytes int64) context.Context {
	k := keptIn(ctx)
	return search.WithRoom(ctx, func() error {
		if k.memory != nil {
			return nil
		}
		waiting, cancel := context.WithTimeout(ctx, c.f.Limits.Wait)
		defer cancel()
		g, err := c.f.memory.take(waiting, c.tenantFilter.Accounts, bytes)
		k.memory = g
		return err
	})
}

// held returns how much memory an answer holds that was read: what it was read
// into may be twice as large.
func held(size int) int64 { return 2 * int64(size) }
