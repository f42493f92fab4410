package search

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// TestTheBudgetIsKept draws callers who take, shrink and give back memory at once,
// and counts beside them: never more is out than there is, no account has more than
// its part, everybody gets memory at last, and all of it comes back.
func TestTheBudgetIsKept(t *testing.T) {
	const bytes, most = 1000, 400
	for seed := range uint64(20) {
		b := newBudget(bytes, most)
		var out atomic.Int64
		var of [4]atomic.Int64
		var all sync.WaitGroup
		for who := range uint64(12) {
			all.Go(func() {
				draw := rand.New(rand.NewPCG(seed, who))
				for range 100 {
					n, first, second := int64(1+draw.IntN(most)), draw.IntN(len(of)), draw.IntN(len(of))
					g, err := b.take(t.Context(), []string{fmt.Sprint(first), fmt.Sprint(second), fmt.Sprint(first)}, n)
					if err != nil {
						t.Error(err)
						return
					}
					if now := out.Add(n); now > bytes {
						t.Errorf("%d bytes are out", now)
					}
					if now := of[first].Add(n); now > b.share {
						t.Errorf("account %d has %d bytes", first, now)
					}
					smaller := draw.Int64N(n + 1)
					out.Add(smaller - n)
					of[first].Add(-n)
					g.shrink(smaller)
					out.Add(-smaller)
					g.shrink(0)
				}
			})
		}
		all.Wait()
		if b.free != bytes || len(b.held) != 0 || len(b.waiting) != 0 {
			t.Errorf("seed %d: %d free, %v held, %d waiting", seed, b.free, b.held, len(b.waiting))
		}
	}
}

// TestWhoWaitsForMemory holds the answers of those who do not get any, and that an
// account that has its part does not keep the others waiting.
func TestWhoWaitsForMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(1000, 400)
		take := func(account string, n int64) (*grant, error) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			return b.take(ctx, []string{account}, n)
		}
		has, err := take("a", 400)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := take("a", 400); fault.KindOf(err) != fault.Throttled || fault.AfterOf(err) != time.Second {
			t.Errorf("beyond an account's part: %v", err)
		}
		var waiting sync.WaitGroup
		waiting.Go(func() {
			g, err := b.take(t.Context(), []string{"a"}, 400)
			if err != nil {
				t.Error(err)
				return
			}
			g.shrink(0)
		})
		synctest.Wait()
		other, err := take("b", 400)
		if err != nil {
			t.Errorf("the first in the queue keeps others out: %v", err)
		}
		if _, err := take("c", 400); fault.KindOf(err) != fault.Retry || fault.AfterOf(err) != time.Second {
			t.Errorf("beyond the budget: %v", err)
		}
		has.shrink(0)
		waiting.Wait()
		other.shrink(0)
		if b.free != 1000 || len(b.held) != 0 {
			t.Errorf("%d free, %v", b.free, b.held)
		}
	})
}
