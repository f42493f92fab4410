package search

import (
	"net/http"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

// caller is who asks, fenced and counted.
type caller struct {
	wire.Edition // the index that the caller's queries go to, all of them the same
	fence        search.Fence
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
	f.Freshness.At(r.Context(), now) // it knows which index is live
	e := f.Edition()
	c := caller{Edition: e, fence: search.Fence{Field: e.Schema.Account, Accounts: who.Accounts}, user: user, f: f, now: now}
	return c, c.count(1)
}

// count counts queries against the rate of the caller's accounts.
func (c caller) count(n int) error {
	if wait := c.f.limiter.take(c.user, n, c.now); wait > 0 {
		return fault.New(fault.Throttled, "too-many", "too many searches for this account; slow down").WithAfter(wait)
	}
	return nil
}
