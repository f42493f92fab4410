package identity_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
)

// issuer serves public keys at an address.
type issuer struct {
	*httptest.Server
	mu      sync.Mutex
	body    []byte
	fetched atomic.Int32
}

// newIssuer starts an issuer without keys.
func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{body: []byte(`{"keys":[]}`)}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		i.fetched.Add(1)
		i.mu.Lock()
		defer i.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(i.body)
	}))
	t.Cleanup(i.Close)
	return i
}

// publish replaces the issuer's keys.
func (i *issuer) publish(t *testing.T, list ...jwk.Key) {
	t.Helper()
	set := jwk.NewSet()
	for _, key := range list {
		public, err := key.PublicKey()
		if err == nil {
			err = set.AddKey(public)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	i.serve(text)
}

// serve answers with a text.
func (i *issuer) serve(text []byte) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.body = text
}

// newKey makes a private key with an id.
func newKey(t *testing.T, id string, raw any) jwk.Key {
	t.Helper()
	key, err := jwk.Import(raw)
	if err == nil {
		err = key.Set(jwk.KeyIDKey, id)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newRSA(t *testing.T, id string) jwk.Key {
	t.Helper()
	raw, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return newKey(t, id, raw)
}

func newEC(t *testing.T, id string) jwk.Key {
	t.Helper()
	raw, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return newKey(t, id, raw)
}

func TestKeysAtAnAddress(t *testing.T) {
	i := newIssuer(t)
	r, e := newRSA(t, "r1"), newEC(t, "e1")
	i.publish(t, r, e)
	v := open(t, identity.Config{JWKS: i.URL, Claim: "account", Issuer: "portal", Audience: "search"})
	for name, signed := range map[string]string{"RS256": token(t, jwa.RS256(), r, nil), "ES256": token(t, jwa.ES256(), e, nil)} {
		if got, err := ask(v, "Bearer "+signed, now); err != nil || cmp.Diff([]string{"acme"}, got) != "" {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	stranger := newRSA(t, "r1")
	public, err := r.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(public)
	if err != nil {
		t.Fatal(err)
	}
	for name, signed := range map[string]string{
		"another key of the id": token(t, jwa.RS256(), stranger, nil), "another algorithm": token(t, jwa.RS512(), r, nil), "PS256": token(t, jwa.PS256(), r, nil),
		"the public key as a secret": token(t, jwa.HS256(), text, nil), "no signature": unsigned(token(t, jwa.RS256(), r, nil), "none"),
		"expired": token(t, jwa.RS256(), r, claim("exp", now.Add(-time.Hour))), "another audience": token(t, jwa.RS256(), r, claim("aud", []string{"x"})),
	} {
		if got, err := ask(v, "Bearer "+signed, now); fault.KindOf(err) != fault.Unauthenticated || len(got) > 0 {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// TestBothKindsOfTokens takes tokens of either kind while both are configured,
// as during a move from one to the other.
func TestBothKindsOfTokens(t *testing.T) {
	i := newIssuer(t)
	key := newEC(t, "k1")
	i.publish(t, key)
	v := open(t, identity.Config{JWKS: i.URL, Secret: secret, Claim: "account"})
	for name, signed := range map[string]string{"ES256": token(t, jwa.ES256(), key, nil), "HS256": token(t, jwa.HS256(), []byte(secret), nil)} {
		if got, err := ask(v, "Bearer "+signed, now); err != nil || len(got) != 1 {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// TestRotation replaces the issuer's keys: the first token of the new key is
// accepted at once, and made-up keys do not make us ask the issuer each time.
func TestRotation(t *testing.T) {
	i := newIssuer(t)
	first, second := newEC(t, "k1"), newEC(t, "k2")
	i.publish(t, first)
	v := open(t, identity.Config{JWKS: i.URL, Claim: "account"})
	if _, err := ask(v, "Bearer "+token(t, jwa.ES256(), first, nil), now); err != nil {
		t.Fatal(err)
	}
	i.publish(t, second)
	if got, err := ask(v, "Bearer "+token(t, jwa.ES256(), second, nil), now.Add(time.Minute)); err != nil || len(got) != 1 {
		t.Fatalf("after a rotation: %v, %v", got, err)
	}
	if _, err := ask(v, "Bearer "+token(t, jwa.ES256(), first, nil), now.Add(time.Minute)); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("a key that was withdrawn: %v", err)
	}
	before := i.fetched.Load()
	madeUp := "Bearer " + token(t, jwa.ES256(), newEC(t, "made-up"), nil)
	for range 50 {
		if _, err := ask(v, madeUp, now.Add(2*time.Minute)); fault.KindOf(err) != fault.Unauthenticated {
			t.Fatal(err)
		}
	}
	if n := i.fetched.Load() - before; n > 2 {
		t.Errorf("50 made-up keys made %d fetches", n)
	}
}

// TestIssuerIsAway lets tokens wait, not fail, while there are no keys, and
// takes no answer that is too large.
func TestIssuerIsAway(t *testing.T) {
	i := newIssuer(t)
	key := newEC(t, "k1")
	signed := "Bearer " + token(t, jwa.ES256(), key, nil)
	i.serve([]byte(`{"keys":[],"x":"` + strings.Repeat("x", 1<<20) + `"}`))
	v := open(t, identity.Config{JWKS: i.URL, Claim: "account"})
	if got, err := ask(v, signed, now); fault.KindOf(err) != fault.Retry || len(got) > 0 {
		t.Errorf("without keys: %v, %v", got, err)
	}
	i.publish(t, key)
	if _, err := ask(v, signed, now.Add(time.Minute)); err != nil {
		t.Errorf("with keys: %v", err)
	}
}
