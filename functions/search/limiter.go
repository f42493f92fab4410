package search

import (
	"container/list"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter bounds how much each account asks. It remembers a bounded number of
// accounts and forgets first who has asked nothing for longest: as a rule a quiet
// account, whose allowance is full again, so that nothing changes for that account.
type limiter struct {
	rate  rate.Limit
	burst int

	mu       sync.Mutex
	accounts map[string]*list.Element
	recent   list.List // of *allowance, who asked last first
}

// allowance is what is left for one account.
type allowance struct {
	*rate.Limiter
	account string
}

// maxAccounts is how many accounts are remembered.
const maxAccounts = 10_000

// newLimiter returns a limiter of queries a second, with a burst.
func newLimiter(perSecond float64, burst int) *limiter {
	return &limiter{rate: rate.Limit(perSecond), burst: burst, accounts: map[string]*list.Element{}}
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
	for _, account := range distinct(accounts) {
		r := l.of(account).ReserveN(now, n)
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
func (l *limiter) of(account string) *allowance {
	if e := l.accounts[account]; e != nil {
		l.recent.MoveToFront(e)
		return e.Value.(*allowance)
	}
	if l.recent.Len() == maxAccounts {
		forgotten := l.recent.Remove(l.recent.Back()).(*allowance)
		delete(l.accounts, forgotten.account)
	}
	a := &allowance{rate.NewLimiter(l.rate, l.burst), account}
	l.accounts[account] = l.recent.PushFront(a)
	return a
}
