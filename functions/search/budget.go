package search

import (
	"context"
	"slices"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// budget is the memory for answers that are under way, in bytes, or the places of
// requests. It is given out in the order in which it is asked for, and no account has
// more than half of it: who waits for an account that has its part does not stand before
// the others.
type budget struct {
	share int64

	mu      sync.Mutex
	free    int64
	held    map[string]int64 // by account
	waiting []*grant
}

// grant is memory that somebody has, or waits for.
type grant struct {
	budget   *budget
	accounts []string
	bytes    int64
	given    chan struct{} // closed when the memory is theirs
}

// newBudget returns a budget of so many bytes or places. So much as most can always be
// had at once.
func newBudget(bytes, most int64) *budget {
	return &budget{share: max(bytes/2, most), free: bytes, held: map[string]int64{}}
}

// take waits for memory until ctx ends.
func (b *budget) take(ctx context.Context, accounts []string, bytes int64) (*grant, error) {
	g := &grant{budget: b, accounts: distinct(accounts), bytes: bytes, given: make(chan struct{})}
	b.mu.Lock()
	b.waiting = append(b.waiting, g)
	b.serve()
	b.mu.Unlock()
	select {
	case <-g.given:
		return g, nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.Index(b.waiting, g)
	if i < 0 { // given at the same moment
		return g, nil
	}
	b.waiting = slices.Delete(b.waiting, i, i+1)
	b.serve()
	if b.full(g) {
		return nil, fault.New(fault.Throttled, "account-busy", "answers of this account are under way already; try again when they have been read").WithAfter(time.Second)
	}
	return nil, fault.New(fault.Retry, "busy", "too many answers are under way; try again").WithAfter(time.Second)
}

// distinct returns accounts, each once.
func distinct(accounts []string) []string {
	if len(accounts) < 2 {
		return accounts
	}
	return slices.Compact(slices.Sorted(slices.Values(accounts)))
}

// full reports whether an account has its part already.
func (b *budget) full(g *grant) bool {
	return slices.ContainsFunc(g.accounts, func(a string) bool { return b.held[a]+g.bytes > b.share })
}

// serve gives to those who wait, the first first; b.mu is held.
func (b *budget) serve() {
	kept := b.waiting[:0]
	for i, g := range b.waiting {
		if b.full(g) {
			kept = append(kept, g)
			continue
		}
		if g.bytes > b.free {
			kept = append(kept, b.waiting[i:]...)
			break
		}
		b.add(g, g.bytes)
		close(g.given)
	}
	clear(b.waiting[len(kept):])
	b.waiting = kept
}

// add moves bytes from the budget to a grant, or back; b.mu is held.
func (b *budget) add(g *grant, bytes int64) {
	b.free -= bytes
	for _, a := range g.accounts {
		if b.held[a] += bytes; b.held[a] == 0 {
			delete(b.held, a)
		}
	}
}

// shrink gives back what is more than bytes, and everything with 0.
func (g *grant) shrink(bytes int64) {
	b := g.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	if bytes < g.bytes {
		b.add(g, bytes-g.bytes)
		g.bytes = bytes
		b.serve()
	}
}
