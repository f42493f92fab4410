package search

import (
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter bounds how much each account asks. It remembers a bounded number of
// accounts: those that have been quiet until their allowance is full again are
// forgotten first, which changes nothing for them.
type limiter struct {
	rate  rate.Limit
	burst int

	mu       sync.Mutex
	accounts map[string]*allowance
}

// allowance is what is left for one account.
type allowance struct {
	*rate.Limiter
	seen time.Time
}

// maxAccounts is how many accounts are remembered.
const maxAccounts = 10_000

// newLimiter returns a limiter of queries a second, with a burst.
func newLimiter(perSecond float64, burst int) *limiter {
	return &limiter{rate: rate.Limit(perSecond), burst: burst, accounts: map[string]*allowance{}}
}

// take takes n queries from the allowance of every account that a caller names.
// If they are not there with one of them it takes nothing from any and returns how
// long to wait.
func (l *limiter) take(accounts []string, n int, now time.Time) time.Duration {
	if n <= 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var reserved []*rate.Reservation
	wait := time.Duration(0)
	for _, account := range slices.Compact(slices.Sorted(slices.Values(accounts))) {
		r := l.of(account, now).ReserveN(now, n)
		reserved = append(reserved, r)
		wait = max(wait, r.DelayFrom(now))
	}
	if wait > 0 {
		for _, r := range reserved {
			r.CancelAt(now)
		}
	}
	return wait
}

// of returns the allowance of an account.
func (l *limiter) of(account string, now time.Time) *allowance {
	a := l.accounts[account]
	if a == nil {
		l.makeRoom(now)
		a = &allowance{Limiter: rate.NewLimiter(l.rate, l.burst)}
		l.accounts[account] = a
	}
	a.seen = now
	return a
}

// makeRoom forgets accounts when there are too many: the quiet ones, and if
// there are none of these, the one that was seen longest ago.
func (l *limiter) makeRoom(now time.Time) {
	if len(l.accounts) < maxAccounts {
		return
	}
	full := time.Duration(float64(l.burst) / float64(l.rate) * float64(time.Second))
	oldest := ""
	for account, a := range l.accounts {
		if now.Sub(a.seen) >= full {
			delete(l.accounts, account)
			continue
		}
		if oldest == "" || a.seen.Before(l.accounts[oldest].seen) {
			oldest = account
		}
	}
	if len(l.accounts) >= maxAccounts {
		delete(l.accounts, oldest)
	}
}
