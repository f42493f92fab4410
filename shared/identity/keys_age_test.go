package identity_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
)

// logged is a log that tests read.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// count returns how often a text was logged.
func (l *logged) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

// TestProblemsAreLoggedOnceAFetch asks a hundred times within one fetch, of a set
// with strangers, of one without a usable key, and of none at all.
func TestProblemsAreLoggedOnceAFetch(t *testing.T) {
	key := newEC(t, "k1")
	signed := "Bearer " + token(t, jwa.ES256(), key, nil)
	const strange, none = "keys of an issuer were ignored", "the keys of an issuer cannot be had"
	for name, c := range map[string]struct {
		body          string
		kind          fault.Kind
		strange, none int
	}{
		"a stranger among them": {string(keySet(strangers["an unknown type"], published(t, key, nil))), 0, 1, 0},
		"strangers alone":       {string(keySet(strangers["an unknown type"], strangers["null"])), fault.Retry, 1, 1},
		"an empty set":          {`{"keys":[]}`, fault.Retry, 0, 1},
		"no list":               {`{}`, fault.Retry, 0, 1},
		"no JSON":               {`<html>`, fault.Retry, 0, 1},
		"too many bytes":        {`{"keys":[],"x":"` + strings.Repeat("x", 256<<10) + `"}`, fault.Retry, 0, 1},
	} {
		i, log := newIssuer(t), &logged{}
		i.serve([]byte(c.body))
		v := open(t, identity.Config{JWKS: i.URL, Claim: "account", Log: slog.New(slog.NewTextHandler(log, nil))})
		for range 100 {
			if _, err := ask(v, signed, now); (err == nil) != (c.kind == 0) || err != nil && fault.KindOf(err) != c.kind {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if log.count(strange) != c.strange || log.count(none) != c.none || i.fetched.Load() != 1 {
			t.Errorf("%s: %d times %q, %d times %q, %d fetches", name, log.count(strange), strange, log.count(none), none, i.fetched.Load())
		}
	}
}

// TestKeysGrowOld has a key withdrawn, the issuer go away, and it come back: old
// keys are fetched anew before they are used, kept while nobody answers, and given
// up when the issuer says so.
func TestKeysGrowOld(t *testing.T) {
	i := newIssuer(t)
	key := newEC(t, "k1")
	signed := "Bearer " + token(t, jwa.ES256(), key, claim("exp", now.Add(24*time.Hour)))
	i.publish(t, key)
	v := open(t, identity.Config{JWKS: i.URL, Claim: "account"})
	ask := func(after time.Duration, kind fault.Kind) {
		t.Helper()
		if _, err := ask(v, signed, now.Add(after)); (err == nil) != (kind == 0) || err != nil && fault.KindOf(err) != kind {
			t.Errorf("after %v: %v", after, err)
		}
	}
	ask(0, 0)
	i.serve([]byte("away"))
	ask(2*time.Hour, 0)
	if n := i.fetched.Load(); n != 2 {
		t.Errorf("%d fetches of keys that are too old", n)
	}
	i.publish(t, newEC(t, "k2"))
	ask(4*time.Hour, fault.Unauthenticated)
	i.serve([]byte(`{"keys":[]}`))
	ask(6*time.Hour, fault.Retry)
	i.publish(t, key)
	ask(8*time.Hour, 0)
}
