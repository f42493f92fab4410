package identity_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
)

// TestARememberedTokenIsJudgedLikeANewOne asks at moments around every bound of a token,
// a verifier that has taken the token before and one that has not: both say the same.
func TestARememberedTokenIsJudgedLikeANewOne(t *testing.T) {
	for _, leeway := range []time.Duration{0, 30 * time.Second} {
		cfg := config()
		cfg.Leeway = leeway
		for name, expires := range map[string]any{"soon": now.Add(time.Minute), "late": now.Add(48 * time.Hour), "within a second": float64(now.Unix()) + 60.9} {
			signed := "Bearer " + token(t, jwa.HS256(), []byte(secret), func(b *jwt.Builder) *jwt.Builder {
				return b.Claim("exp", expires).Claim("nbf", now).Claim("iat", now)
			})
			for _, bound := range []time.Duration{-time.Hour, -leeway, 0, time.Minute, time.Minute + leeway, 5 * time.Minute, time.Hour, 48 * time.Hour, 48*time.Hour + leeway} {
				for off := -1500 * time.Millisecond; off <= 1500*time.Millisecond; off += 100 * time.Millisecond {
					v, at := open(t, cfg), now.Add(bound+off)
					if _, err := ask(v, signed, now); err != nil {
						t.Fatal(err)
					}
					got, err := ask(v, signed, at)
					want, wanted := ask(open(t, cfg), signed, at)
					if cmp.Diff(want, got) != "" || (err == nil) != (wanted == nil) || fault.CodeOf(err) != fault.CodeOf(wanted) {
						t.Errorf("%s, leeway %v, %v later: %v, %v; a new one: %v, %v", name, leeway, bound+off, got, err, want, wanted)
					}
				}
			}
		}
	}
}

// TestAnotherTextIsNotRemembered changes every byte of a token that was taken, and its
// accounts.
func TestAnotherTextIsNotRemembered(t *testing.T) {
	v := open(t, config())
	mine := token(t, jwa.HS256(), []byte(secret), nil)
	other := token(t, jwa.HS256(), []byte(strings.Repeat("x", 32)), claim("account", "rival"))
	if _, err := ask(v, "Bearer "+mine, now); err != nil {
		t.Fatal(err)
	}
	parts, theirs := strings.Split(mine, "."), strings.Split(other, ".")
	forged := []string{strings.Join([]string{parts[0], theirs[1], parts[2]}, "."), strings.Join([]string{parts[0], parts[1]}, "."), mine + "."}
	for i := range len(mine) - 1 { // the last letter has bits that say nothing
		letter := "A"
		if mine[i] == 'A' {
			letter = "B"
		}
		forged = append(forged, mine[:i]+letter+mine[i+1:])
	}
	for _, text := range forged {
		if got, err := ask(v, "Bearer "+text, now); fault.KindOf(err) != fault.Unauthenticated || len(got) > 0 {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

// TestAWithdrawnKeyIsNotRemembered takes a token often and has its key withdrawn: once the
// keys are fetched anew, the token is refused.
func TestAWithdrawnKeyIsNotRemembered(t *testing.T) {
	i := newIssuer(t)
	for name, change := range map[string]func(*jwt.Builder) *jwt.Builder{"r": nil, "": nil} {
		key, next := newRSA(t, name), newEC(t, "k2")
		i.publish(t, key)
		v := open(t, identity.Config{JWKS: i.URL, Claim: "account"})
		signed := "Bearer " + token(t, jwa.RS256(), key, change)
		for range 3 {
			if _, err := ask(v, signed, now); err != nil {
				t.Fatal(err)
			}
		}
		i.publish(t, next)
		// A token of the new key is how a rotation is first seen.
		if _, err := ask(v, "Bearer "+token(t, jwa.ES256(), next, nil), now.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if got, err := ask(v, signed, now.Add(time.Minute)); fault.KindOf(err) != fault.Unauthenticated || len(got) > 0 {
			t.Errorf("key %q was withdrawn: %v, %v", name, got, err)
		}
	}
}

// TestEachCallerHasAListOfItsOwn asks for many accounts at once, more than are remembered,
// each several times, and spoils every list that comes back.
func TestEachCallerHasAListOfItsOwn(t *testing.T) {
	v := open(t, config())
	var all sync.WaitGroup
	problems := make(chan error, 8)
	for worker := range 8 {
		all.Go(func() {
			for n := range 1000 {
				account := fmt.Sprint("tenant-", (worker%2)*1000+n)
				signed, err := v.Sign(account, now.Add(time.Hour))
				for range 3 {
					var got []string
					if err == nil {
						got, err = ask(v, "Bearer "+signed, now)
					}
					if err == nil && cmp.Diff([]string{account}, got) != "" {
						err = fmt.Errorf("%s is taken for %v", account, got)
					}
					if err != nil {
						problems <- err
						return
					}
					got[0] = "spoilt"
				}
			}
		})
	}
	all.Wait()
	close(problems)
	var list []error
	for err := range problems {
		list = append(list, err)
	}
	if err := errors.Join(list...); err != nil {
		t.Error(err)
	}
}

// TestARememberedTokenCostsLittle counts what a token costs that was taken before.
func TestARememberedTokenCostsLittle(t *testing.T) {
	v := open(t, config())
	signed := "Bearer " + token(t, jwa.HS256(), []byte(secret), nil)
	const most = 10
	if got := testing.AllocsPerRun(100, func() {
		if _, err := ask(v, signed, now); err != nil {
			t.Error(err)
		}
	}); got > most {
		t.Errorf("%v allocations; %d are the most", got, most)
	}
}

// BenchmarkCaller reads the tokens of 10,000 tenants in turn, more than are remembered, and
// between any two of them that of one tenant, which stays remembered.
func BenchmarkCaller(b *testing.B) {
	const tenants = 10_000
	v := open(b, config())
	sign := func(account string) string {
		signed, err := v.Sign(account, now.Add(time.Hour))
		if err != nil {
			b.Fatal(err)
		}
		return "Bearer " + signed
	}
	var all [tenants]string
	for n := range all {
		all[n] = sign(fmt.Sprint("tenant-", n))
	}
	hot := sign("hot")
	var took [2]time.Duration
	calls := 0
	for b.Loop() {
		for n, header := range []string{all[calls%tenants], hot} {
			began := time.Now()
			if _, err := ask(v, header, now); err != nil {
				b.Fatal(err)
			}
			took[n] += time.Since(began)
		}
		calls++
	}
	b.ReportMetric(float64(took[0].Nanoseconds())/float64(calls), "others-ns")
	b.ReportMetric(float64(took[1].Nanoseconds())/float64(calls), "hot-ns")
}
