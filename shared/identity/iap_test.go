package identity_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
)

const iapAudience = "/projects/1/locations/asia-south1/services/console"

// assertion signs what the proxy would, altered by change.
func assertion(t *testing.T, alg jwa.SignatureAlgorithm, key any, change func(*jwt.Builder)) string {
	t.Helper()
	b := jwt.NewBuilder().Issuer("https://cloud.google.com/iap").Audience([]string{iapAudience}).Subject("accounts.google.com:7").
		Expiration(now.Add(10*time.Minute)).Claim("email", "Ann@example.com")
	if change != nil {
		change(b)
	}
	built, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jwt.Sign(built, jwt.WithKey(alg, key))
	if err != nil {
		t.Fatal(err)
	}
	return string(signed)
}

// TestIAP identifies people by the proxy's assertions, and accepts nothing else as one.
func TestIAP(t *testing.T) {
	i := newIssuer(t)
	key, other := newEC(t, "e1"), newRSA(t, "r1")
	i.publish(t, key, other)
	v, err := identity.NewIAP(identity.IAPConfig{Audience: iapAudience, JWKS: i.URL, Operators: []string{" ann@Example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	set := func(name string, value any) func(*jwt.Builder) {
		return func(b *jwt.Builder) { b.Claim(name, value) }
	}
	good := assertion(t, jwa.ES256(), key, nil)
	for name, c := range map[string]struct {
		text     string
		kind     fault.Kind
		operator bool
	}{
		"an operator":            {good, 0, true},
		"told with its issuer":   {assertion(t, jwa.ES256(), key, set("email", "accounts.google.com:ann@example.com")), 0, true},
		"somebody else":          {assertion(t, jwa.ES256(), key, set("email", "bob@example.com")), 0, false},
		"an address around":      {assertion(t, jwa.ES256(), key, set("email", "xann@example.com")), 0, false},
		"nobody":                 {assertion(t, jwa.ES256(), key, set("email", "")), fault.Forbidden, false},
		"for another service":    {assertion(t, jwa.ES256(), key, set("aud", []string{"/projects/1/global/backendServices/2"})), fault.Unauthenticated, false},
		"by another issuer":      {assertion(t, jwa.ES256(), key, set("iss", "https://example.com")), fault.Unauthenticated, false},
		"expired":                {assertion(t, jwa.ES256(), key, set("exp", now.Add(-time.Hour))), fault.Unauthenticated, false},
		"another algorithm":      {assertion(t, jwa.RS256(), other, nil), fault.Unauthenticated, false},
		"another key of the id":  {assertion(t, jwa.ES256(), newEC(t, "e1"), nil), fault.Unauthenticated, false},
		"unsigned":               {unsigned(good, "none"), fault.Unauthenticated, false},
		"with a cut signature":   {good[:len(good)-6], fault.Unauthenticated, false},
		"no assertion":           {"x", fault.Unauthenticated, false},
		"larger than any may be": {good + strings.Repeat("x", 9<<10), fault.Unauthenticated, false},
	} {
		p, err := v.Person(t.Context(), c.text, now)
		if wrong := err == nil == (c.kind != 0); wrong || err != nil && fault.KindOf(err) != c.kind || p.Operator != c.operator {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
		if err == nil && !p.Expires.Equal(now.Add(10*time.Minute)) {
			t.Errorf("%s ends %v", name, p.Expires)
		}
	}
}

func TestIAPConfig(t *testing.T) {
	if v, err := identity.NewIAP(identity.IAPConfig{}); v != nil || err != nil {
		t.Errorf("without an audience: %v, %v", v, err)
	}
	for name, cfg := range map[string]identity.IAPConfig{
		"operators whom nobody proves": {Operators: []string{"a@example.com"}},
		"keys without https":           {Audience: iapAudience, JWKS: "http://example.com/keys"},
	} {
		if _, err := identity.NewIAP(cfg); err == nil {
			t.Errorf("%s are taken", name)
		}
	}
}
