package search

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"
)

// TestAListPaysForEveryAccount asks with drawn lists of accounts and keeps the
// books by itself: a call that is let in takes from each account that it names,
// one that is not takes from none, and no list gives an account more than its own.
func TestAListPaysForEveryAccount(t *testing.T) {
	const burst, names = 20, 6
	for seed := range uint64(50) {
		draw := rand.New(rand.NewPCG(seed, seed))
		l := newLimiter(1, burst)
		left := map[string]float64{}
		for i := range names {
			left[fmt.Sprint(i)] = burst
		}
		now := clock
		for call := range 300 {
			passed := draw.IntN(3)
			now = now.Add(time.Duration(passed) * time.Second)
			for a := range left {
				left[a] = min(burst, left[a]+float64(passed))
			}
			accounts := make([]string, 1+draw.IntN(4))
			once := map[string]bool{}
			for i := range accounts {
				accounts[i] = fmt.Sprint(draw.IntN(names))
				once[accounts[i]] = true
			}
			n, enough := 1+draw.IntN(5), true
			for a := range maps.Keys(once) {
				enough = enough && left[a] >= float64(n)
			}
			wait := l.take(accounts, n, now)
			if (wait == 0) != enough {
				t.Fatalf("seed %d, call %d: %v ask %d of %v: wait %v", seed, call, accounts, n, left, wait)
			}
			if wait == 0 {
				for a := range once {
					left[a] -= float64(n)
				}
			}
			for a := range left {
				if have := l.of(a).TokensAt(now); have < left[a]-1e-6 || have > left[a]+1e-6 {
					t.Fatalf("seed %d, call %d, wait %v: account %s has %v left, want %v", seed, call, wait, a, have, left[a])
				}
			}
		}
	}
}

// BenchmarkManyAccounts takes from the allowances of more accounts than are remembered,
// none of which is quiet: each call forgets one. Between them one account asks all the
// time, which must keep its account.
func BenchmarkManyAccounts(b *testing.B) {
	l := newLimiter(1, 20)
	var others []string
	for i := range 2 * maxAccounts {
		others = append(others, fmt.Sprint(i))
	}
	hot, calls := []string{"hot"}, 0
	for b.Loop() {
		l.take(others[calls%len(others):][:1], 1, clock)
		l.take(hot, 1, clock)
		calls++
	}
	if left := l.of("hot").TokensAt(clock); left > float64(max(0, 20-calls)) {
		b.Errorf("the account that asks all the time was forgotten: %v are left after %d", left, calls)
	}
}
