package exchange

import (
	"hash/maphash"
	"time"

	"golang.org/x/time/rate"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// The bounds of failed logins: so many at once and then one in a while, for each name
// or key.
const (
	guessBurst = 5
	guessEvery = 10 * time.Second
	buckets    = 4096
	maxHashing = 2 // a hash takes a processor for a good part of a second
)

// guesses bounds how often a name or a key may be guessed. Names share a bounded number
// of buckets by a hash with a secret seed, so that neither memory grows with the names
// nor a caller can choose whom a flood locks out.
type guesses struct {
	seed    maphash.Seed
	buckets [buckets]*rate.Limiter
}

func newGuesses() *guesses {
	g := &guesses{seed: maphash.MakeSeed()}
	for i := range g.buckets {
		g.buckets[i] = rate.NewLimiter(rate.Every(guessEvery), guessBurst)
	}
	return g
}

// of returns the bucket of a name.
func (g *guesses) of(name string) *rate.Limiter {
	return g.buckets[maphash.String(g.seed, name)%buckets]
}

// allowed refuses a login whose name failed too often, before anything is looked up.
func (g *guesses) allowed(name string, now time.Time) error {
	if g.of(name).TokensAt(now) < 1 {
		return fault.New(fault.Throttled, "too-many-logins", "too many failed logins; try again later").WithAfter(guessEvery)
	}
	return nil
}

// failed counts a failed login.
func (g *guesses) failed(name string, now time.Time) { g.of(name).AllowN(now, 1) }
